# SPDX-License-Identifier: BSD-2-Clause
"""awstap key import, and what else AWS tools read: no profile becomes another user's, or fails, by being handed over."""

import unittest

from import_test import ImportCase
from world import check


class Overridden(ImportCase):
    """What AWS tools would take for the key that goes."""

    def setUp(self):
        super().setUp()
        self.alice = self.aws.add_user("alice")

    def test_login_session(self):
        """botocore asks it behind the static key, and before the credential_process."""
        login = "login_session = arn:aws:iam::123456789012:user/other"
        files = {"config": self.config_for("work", "home") + login + "\n",
                 "credentials": self.section("work", self.alice, login) + self.section("home", self.aws.add_user("bob"))}
        for name, text in files.items():
            self.aws_file(name, text)
        self.assert_left(self.import_keys("work", "--rewrite"), "profile work has login_session in", "/credentials")
        self.assert_left(self.import_keys("home=base", "--rewrite"), "profile home has login_session in", "/config")
        for name, text in files.items():
            self.assertEqual(self.aws_file(name), text)
        self.assert_fails(self.machine.awstap("get", "home"), 1, "login_session")

    def default_section(self, *lines):
        """Files in which work and home have a section, and [DEFAULT] has the lines."""
        config, text = self.config_for("work", "home"), "\n".join(["[DEFAULT]", *lines, ""])
        left = self.section("home", self.aws.add_user("bob"), "region = us-east-1")
        self.aws_file("config", config)
        self.aws_file("credentials", text + self.section("work", self.alice) + left)
        self.assert_left(self.import_keys("--all", "--rewrite"), f"profile home has {lines[0].split()[0]} by the section [DEFAULT]",
                         "rename it [default]")
        self.assertEqual(self.aws_file("credentials"), text + left)
        self.assertNotIn(self.process("home"), self.aws_file("config"))
        self.assertIn(self.process("work"), self.aws_file("config"))
        self.assertIn("work asks awstap for work", self.machine.awstap("doctor").out)

    def test_key_in_the_default_section(self):
        """Without its own key home would be carol; work, of whose section nothing stays, would not."""
        carol = self.aws.add_user("carol")
        self.default_section(f"aws_access_key_id = {carol['access_key_id']}", f"aws_secret_access_key = {carol['secret']}")
        self.aws_file("credentials", self.aws_file("credentials") + "[work]\n# of old\n")
        doctor = self.machine.awstap("doctor")
        self.assertEqual(doctor.status, 1)
        self.assertIn("profile work has aws_access_key_id by the section [DEFAULT]", doctor.out)
        self.assertNotIn("work asks awstap for work", doctor.out)

    def test_another_way_in_the_default_section(self):
        self.default_section("credential_process = /bin/false")


class Advice(ImportCase):
    """Whoever does what is said gets there."""

    def test_role_with_its_own_key(self):
        """Sealed under the role's name the key could be had by no profile: nothing is sealed before it has another."""
        alice = self.aws.add_user("alice")
        role = self.aws.add_role("admin", trust=[alice["arn"]])
        config = self.config_for("home") + f"role_arn = {role}\nsource_profile = home\n"
        self.aws_file("config", config)
        self.aws_file("credentials", self.section("home", alice))
        self.assert_left(self.import_keys("home", "--rewrite"), "home: ", "leads elsewhere", "as PROFILE=NAME")
        self.assertEqual(self.key_names(), [])
        self.assert_left(self.import_keys("home=base", "--rewrite"), "role_arn", "give its access key a profile of its own")
        self.aws_file("config", config.replace("= home", "= base") + self.config_for("base"))
        self.aws_file("credentials", self.section("base", alice))
        check(self.import_keys("base", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), "")
        check(self.machine.awstap("get", "home"))


class Places(ImportCase):
    """Where credential_process is written, AWS tools take it; else nothing is."""

    def setUp(self):
        super().setUp()
        self.alice = self.aws.add_user("alice")

    def write(self, name, config):
        self.aws_file("config", config)
        self.aws_file("credentials", self.section(name, self.alice))

    def test_a_program_that_is_gone(self):
        """A line that asked an awstap of before is as none; one whose awstap is there is left with its options."""
        lines = self.config_for("work")
        self.write("work", lines + "credential_process = /nowhere/awstap get work\n")
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.aws_file("config"), lines + self.process("work") + "\n")
        config = f"{lines}{self.process('work')} --duration-seconds 3600\n"
        self.write("work", config)
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.aws_file("config"), config)
        self.assertEqual(self.aws_file("credentials"), "")

    def assert_not_handed(self, name, config, *words):
        self.write(name, config)
        self.assert_left(self.import_keys(name, "--rewrite"), f"profile {name} in", *words)
        self.assertEqual(self.aws_file("config"), config)
        self.assertEqual(self.aws_file("credentials"), self.section(name, self.alice))

    def test_two_sections_of_one_profile(self):
        """botocore takes the last one, other tools another."""
        url = f"endpoint_url = {self.aws.endpoint}\n"
        for name, first, last in (("default", "default", "profile default"), ("work", "profile work", 'profile "work"')):
            self.assert_not_handed(name, f"[{first}]\nregion = us-east-1\n[{last}]\n{url}", "stands there more than once")
            self.assert_not_handed(name, f"[{first}]\n{self.process(name)}\n[{last}]\n{url}", "stands there more than once")
            doctor = self.machine.awstap("doctor")
            self.assertEqual((doctor.status, doctor.out.count("stands there more than once")), (1, 1))
            self.assertNotIn("asks awstap for", doctor.out)

    def test_an_indented_heading(self):
        """It would become a part of our line, and the AWS CLI would take nothing of the file any more."""
        elsewhere = self.aws_file("elsewhere", self.config_for("default"))
        self.aws_file("credentials", self.section("default", self.alice))
        check(self.import_keys("default", env={"AWS_CONFIG_FILE": elsewhere}))
        self.assert_not_handed("default", "[default]\n  [profile x]\n    region = us-east-1\n", "begin these without blanks")


if __name__ == "__main__":
    unittest.main()
