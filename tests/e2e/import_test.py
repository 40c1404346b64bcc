# SPDX-License-Identifier: BSD-2-Clause
"""awstap key import: long-lived keys out of plain files into the vault, and what is left of the files."""

import os
import resource
import stat
import unittest

import tools
from screen import Screen
from world import USER, Case, check


def script_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class ImportCase(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()

    def aws_file(self, name, text=None, mode=0o600):
        """The text of a file in ~/.aws; given one, it is written."""
        folder = os.path.join(self.machine.home, ".aws")
        path = os.path.join(folder, name)
        if text is None:
            with open(path, encoding="utf-8", newline="") as file:
                return file.read()
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(path, mode)
        if USER is not None:
            os.chown(folder, USER, USER)
            os.chown(path, USER, USER)
        return path

    def section(self, name, user, *more):
        return "\n".join([f"[{name}]", f"aws_access_key_id = {user['access_key_id']}",
                          f"aws_secret_access_key = {user['secret']}", *more, ""])

    def config_for(self, *names):
        """~/.aws/config with the fake AWS as the endpoint of these profiles."""
        return "".join(f"[{name if name == 'default' else 'profile ' + name}]\nregion = us-east-1\n"
                       f"endpoint_url = {self.aws.endpoint}\n" for name in names)

    def import_keys(self, *words, env=None, text=None, **options):
        return self.machine.awstap("key", "import", *words, env=env, text=text, **options)

    def key_names(self):
        return sorted(key["name"] for key in check(self.machine.awstap("key", "list", "--json")).json())

    def process(self, name):
        return f"credential_process = {self.machine.program('awstap')} get {name}"

    def assert_left(self, result, *words):
        """Something is not done, and said."""
        self.assertEqual(result.status, 1, result)
        for word in words:
            self.assertIn(word, result.err)

    def assert_burnt(self, name, user):
        shown = check(self.machine.awstap("key", "show", name, "--json")).json()
        self.assertNotEqual(shown["access_key_id"], user["access_key_id"])
        keys = {key["id"]: key["status"] for key in self.aws.call("audit", user=user["arn"].split("/")[-1])["keys"]}
        self.assertEqual(keys, {user["access_key_id"]: "Inactive", shown["access_key_id"]: "Active"})
        check(self.machine.awstap("get", name))

    def exposed(self, name):
        return check(self.machine.awstap("key", "show", name, "--json")).json()["exposed"]

    def assert_no_secret(self, user, *texts):
        for text in texts:
            self.assertNotIn(user["secret"], text)


class Unattended(ImportCase):
    """Without a terminal: what options and names say, and nothing else."""

    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.aws.add_user("alice"), self.aws.add_user("bob")
        self.config = self.config_for("work", "home")
        self.aws_file("config", self.config)
        self.text = ("# mine\n" + self.section("work", self.alice, "region = eu-west-1") + "\n" +
                     self.section("home", self.bob) + "\n[other]\nregion = us-west-2\n")
        self.aws_file("credentials", self.text)

    def test_names_are_wanted(self):
        result = self.import_keys()
        self.assertEqual(result.status, 2, result)
        self.assertIn("name the profiles to import, or give --all", result.err)
        for word in ("PROFILE", "work", "home", self.alice["access_key_id"], "to be sealed"):
            self.assertIn(word, result.out)
        self.assert_no_secret(self.alice, result.out, result.err)
        self.assertEqual(self.key_names(), [])

    def test_sealed_and_left(self):
        touches = self.key.number("touches")
        result = check(self.import_keys("work", "home"))
        self.assertEqual(self.key_names(), ["home", "work"])
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertEqual(self.aws_file("credentials"), self.text)
        self.assertEqual(self.aws_file("config"), self.config)
        self.assertIn("AWS tools take them from there", result.out)
        asked = [request["access_key_id"] for request in self.actions("GetSessionToken")]
        self.assertEqual(sorted(asked), sorted([self.alice["access_key_id"], self.bob["access_key_id"]]))
        shown = check(self.machine.awstap("key", "show", "work", "--json")).json()
        self.assertEqual((shown["region"], shown["arn"]), ("eu-west-1", self.alice["arn"]))
        self.assertEqual(shown["sts_endpoint_url"], self.aws.endpoint)

    def test_rewritten(self):
        result = check(self.import_keys("--all", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), "# mine\n[work]\nregion = eu-west-1\n\n[other]\nregion = us-west-2\n")
        config = self.aws_file("config")
        self.assertIn(f"[profile work]\n{self.process('work')}\nregion", config)
        self.assertIn(f"[profile home]\n{self.process('home')}\nregion", config)
        self.assert_no_secret(self.alice, result.out, result.err, config)
        for name in ("work", "home"):
            self.assertEqual(result.out.count(f"{name} has no MFA device: AWS refuses its sessions at IAM until "
                                              f"`awstap mfa add {name}`\n"), 1)
        self.assertEqual(check(self.machine.awstap("get", "home")).json()["AccountId"], "123456789012")

    def test_one_of_two(self):
        check(self.import_keys("home", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), self.text.replace(self.section("home", self.bob) + "\n", ""))
        self.assertNotIn("get work", self.aws_file("config"))

    def test_other_name(self):
        check(self.import_keys("work=acme", "--rewrite"))
        self.assertEqual(self.key_names(), ["acme"])
        self.assertIn(self.process("acme"), self.aws_file("config"))

    def test_goes_on(self):
        """Sealed before, by a run that was interrupted: it is recognised, proven, and taken out."""
        check(self.import_keys("work=acme"))
        listed = self.import_keys()
        self.assertIn("sealed already", listed.out)
        self.key.person("auto")
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.key_names(), ["acme"])
        self.assertNotIn(self.alice["secret"], self.aws_file("credentials"))
        self.assertIn(self.process("acme"), self.aws_file("config"))

    def test_no_touch(self):
        self.key.person("deny")
        result = self.import_keys("work", "--rewrite")
        self.assertEqual(result.status, 4, result)
        self.assertEqual(self.aws_file("credentials"), self.text)
        self.assertEqual(self.key_names(), [])

    def test_refused_by_aws(self):
        """One does not work: the other is sealed and taken out, this one is not."""
        self.aws.call("set-key", id=self.alice["access_key_id"], status="Inactive")
        result = self.import_keys("--all", "--rewrite")
        self.assertEqual(result.status, 5, result)
        self.assertIn("work: ", result.err)
        self.assertIn("InvalidClientTokenId", result.err)
        self.assertEqual(self.key_names(), ["home"])
        self.assertIn(self.alice["secret"], self.aws_file("credentials"))
        self.assertNotIn(self.bob["secret"], self.aws_file("credentials"))

    def test_not_proven(self):
        """What is sealed and gives no session stays in the file, too."""
        self.aws.fault("error", on="GetSessionToken", status=403, code="AccessDenied", message="not today")
        result = self.import_keys("work", "--rewrite")
        self.assertEqual(result.status, 5, result)
        self.assertIn("sealed as work, and gave no session", result.err)
        self.assertEqual(self.aws_file("credentials"), self.text)
        check(self.import_keys("work", "--rewrite"))
        self.assertNotIn(self.alice["secret"], self.aws_file("credentials"))

    def test_all_fail_without_touch(self):
        for user in (self.alice, self.bob):
            self.aws.call("set-key", id=user["access_key_id"], status="Inactive")
        touches = self.key.number("touches")
        self.assertEqual(self.import_keys("--all").status, 5)
        self.assertEqual(self.key.number("touches"), touches)

    def test_name_taken(self):
        self.machine.add_key("work", "carol", mfa=False)
        result = self.import_keys("work")
        self.assertEqual(result.status, 1, result)
        self.assertIn("there is a key work already", result.err)
        self.assertIn("PROFILE=NAME", result.err)
        check(self.import_keys("work=work2"))
        self.assertEqual(self.key_names(), ["work", "work2"])

    def test_two_profiles_of_one_key(self):
        self.aws_file("credentials", self.section("default", self.alice) + self.section("work", self.alice))
        self.aws_file("config", self.config_for("default", "work"))
        check(self.import_keys("--all", "--rewrite"))
        self.assertEqual(self.key_names(), ["default"])
        self.assertEqual(self.aws_file("config").count(self.process("default")), 2)
        self.assertEqual(self.aws_file("credentials"), "")

    def test_burn_alone(self):
        result = self.import_keys("work", "--burn")
        self.assertEqual(result.status, 1, result)
        self.assertIn("work is not replaced", result.err)
        self.assertEqual(len(self.actions("CreateAccessKey")), 0)

    def test_burn(self):
        dave, erin = (self.aws.add_user(name, iam_needs_mfa=False) for name in ("dave", "erin"))
        self.aws_file("config", self.config_for("work", "home"))
        self.aws_file("credentials", self.section("work", dave) + self.section("home", erin))
        check(self.import_keys("--all", "--rewrite", "--burn"))
        self.assertEqual(self.aws_file("credentials"), "")
        self.assert_burnt("work", dave)
        self.assert_burnt("home", erin)

    def back_from_a_backup(self):
        """A key is taken out of the file and replaced at AWS, and then the file of before is put back."""
        self.aws_file("config", self.config_for("work"))
        text = self.section("work", self.aws.add_user("dave", iam_needs_mfa=False))
        self.aws_file("credentials", text)
        check(self.import_keys("work", "--rewrite", "--burn"))
        self.aws_file("credentials", text)

    def test_burnt_before(self):
        """What was replaced since is known all the same."""
        self.back_from_a_backup()
        result = check(self.import_keys("work", "--rewrite", "--burn"))
        self.assertIn("work had this access key, and uses", result.out)
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)
        self.assertEqual(self.aws_file("credentials"), "")

    def test_restored_is_told(self):
        self.back_from_a_backup()
        self.assertIn("was replaced already", self.import_keys().out)
        check(self.import_keys("--all", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), "")

    def expose(self, *words):
        """Dave's key is taken over, as by a run that was interrupted before it replaced it."""
        dave = self.aws.add_user("dave", iam_needs_mfa=False)
        self.aws_file("config", self.config_for("work"))
        self.aws_file("credentials", self.section("work", dave))
        check(self.import_keys(*words, "--rewrite", "--no-burn"))
        return dave

    def test_burn_after_an_interruption(self):
        """The same command does what is left, and no more."""
        dave = self.expose("work")
        self.assertTrue(self.exposed("work"))
        for command in (["status"], ["key", "show", "work"], ["key", "list"]):
            self.assertIn("lay in a plain file and was not replaced since", check(self.machine.awstap(*command)).out)
        result = check(self.import_keys("work", "--rewrite", "--burn"))
        self.assertIn("work is in the vault already", result.out)
        self.assert_burnt("work", dave)
        self.assertFalse(self.exposed("work"))
        check(self.import_keys("work", "--rewrite", "--burn"))
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)

    def test_all_after_an_interruption(self):
        dave = self.expose("--all")
        self.assertIn("work lay in a plain file", check(self.import_keys("--all", "--rewrite", "--no-burn")).out)
        self.assertTrue(self.exposed("work"))
        os.unlink(os.path.join(self.machine.home, ".aws", "credentials"))
        check(self.import_keys("--all", "--rewrite", "--burn"))
        self.assert_burnt("work", dave)
        self.assert_fails(self.import_keys("--all", "--rewrite", "--burn"), 1, "there is no")

    def test_other_name_after_an_interruption(self):
        dave = self.expose("work=acme")
        for word in ("work=acme", "work", "acme"):
            self.assertIn("acme is in the vault already", check(self.import_keys(word)).out)
        check(self.import_keys("work=acme", "--rewrite", "--burn"))
        self.assert_burnt("acme", dave)

    def test_exposed_before(self):
        """A key that was sealed by itself, and lies in a file as well, counts as those that came from there."""
        alice = self.machine.add_key("work", "dave", mfa=False)
        self.assertFalse(self.exposed("work"))
        self.aws_file("config", self.config_for("work"))
        self.aws_file("credentials", self.section("work", alice))
        check(self.import_keys("work"))
        self.assertTrue(self.exposed("work"))

    def test_with_mfa_before(self):
        """The profile goes on at IAM too, and nothing is said of it."""
        dave = self.machine.add_key("work", "dave")
        self.aws_file("config", self.config_for("work"))
        self.aws_file("credentials", self.section("work", dave))
        self.assertNotIn("MFA", check(self.import_keys("work", "--rewrite")).out)

    def test_the_drill_replaces_it(self):
        self.expose("work")
        check(self.machine.awstap("revoke", "work"))
        self.assertFalse(self.exposed("work"))

    def assert_kept(self, result, user, *words):
        """The key is in use, and was not replaced."""
        self.assert_left(result, "work is not replaced", "has its access key", *words)
        self.assertEqual(len(self.actions("CreateAccessKey")), 0)
        self.assertEqual([key["status"] for key in self.aws.audit("alice")["keys"]], ["Active"])
        self.assertTrue(self.exposed("work") or "credentials" in words)

    def test_another_file_has_it(self):
        path = self.aws_file("old", self.section("work", self.alice))
        self.assert_kept(self.import_keys("--credentials", path, "work", "--rewrite", "--burn"), self.alice,
                         "profile work in", ".aws/credentials")
        self.assertIn("work is not replaced", check(self.import_keys("--credentials", self.aws_file(
            "old", self.section("work", self.alice)), "work", "--rewrite")).out)

    def test_the_config_file_has_it(self):
        self.aws_file("config", self.config + self.section("profile work", self.alice))
        self.assert_kept(self.import_keys("work", "--rewrite", "--burn"), self.alice, "profile work in", ".aws/config")

    def test_the_file_of_a_pipe_has_it(self):
        result = self.import_keys("--credentials", "-", "work", "--rewrite", "--burn", text=self.text)
        self.assert_kept(result, self.alice, "profile work in", "credentials")

    def test_a_profile_of_the_same_key(self):
        """It is taken over too, though nobody named it: its secret would stay there."""
        dave = self.aws.add_user("dave", iam_needs_mfa=False)
        self.aws_file("config", self.config_for("default", "work"))
        self.aws_file("credentials", self.section("default", dave) + self.section("work", dave))
        result = check(self.import_keys("work", "--rewrite", "--burn"))
        self.assertIn("default has the same access key as work", result.out)
        self.assertEqual(self.aws_file("credentials"), "")
        self.assertEqual(self.aws_file("config").count(self.process("work")), 2)
        self.assert_burnt("work", dave)

    def test_a_profile_of_the_same_key_that_stays(self):
        self.aws_file("config", self.config_for("work") + "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n")
        self.aws_file("credentials", self.section("default", self.alice) + self.section("work", self.alice))
        self.assert_kept(self.import_keys("work", "--rewrite", "--burn"), self.alice, "profile default in")

    def test_same_id_with_another_secret(self):
        wrong = dict(self.alice, secret="x" * 40)
        self.aws_file("credentials", self.section("home", wrong) + self.section("work", self.alice))
        self.assertEqual(self.import_keys("--all", "--rewrite").status, 5)
        self.assertEqual(self.key_names(), ["work"])
        self.assertEqual(self.aws_file("credentials"), self.section("home", wrong))

    def test_opposites(self):
        for words in (("--rewrite", "--no-rewrite"), ("--burn", "--no-burn")):
            self.assert_fails(self.import_keys("work", *words), 2, "opposite")

    def test_more_than_a_touch_is_good_for(self):
        users = {f"p{number}": self.aws.add_user(f"p{number}") for number in range(17)}
        self.aws_file("config", self.config_for(*users))
        self.aws_file("credentials", "".join(self.section(name, user) for name, user in users.items()))
        touches = self.key.number("touches")
        check(self.import_keys("--all", "--rewrite"))
        self.assertEqual(self.key_names(), sorted(users))
        self.assertEqual(self.key.number("touches"), touches + 2)
        self.assertEqual(self.aws_file("credentials"), "")

    def test_more_than_are_read(self):
        self.aws_file("credentials", "".join(self.section(f"p{number}", self.alice) for number in range(65)))
        self.assertIn("only the first 64 profiles", self.import_keys().out)
        self.assert_fails(self.import_keys("p64"), 1, "no access key in a profile p64, as far as it was read")

    def test_burn_that_wants_mfa(self):
        """The user's policy wants MFA for it, and there is no seed yet: all but that is done."""
        result = self.import_keys("work", "--rewrite", "--burn")
        self.assertEqual(result.status, 5, result)
        self.assertIn("awstap: key rotate work: ", result.err)
        self.assertIn("work has no MFA device here; awstap mfa add work", result.err)
        self.assertNotIn("touch again", result.err)
        self.assertNotIn(self.alice["secret"], self.aws_file("credentials"))
        check(self.machine.awstap("get", "work"))

    def test_pipe(self):
        """As aws-vault exports it."""
        text = self.section("profile carol", self.aws.add_user("carol"), "region = us-east-1")
        self.aws_file("config", self.config + self.config_for("carol"))
        check(self.import_keys("--credentials", "-", "--all", "--rewrite", text=text))
        self.assertEqual(self.key_names(), ["carol"])
        self.assertIn(self.process("carol"), self.aws_file("config"))
        self.assertEqual(self.aws_file("credentials"), self.text)

    def test_file_of_its_own(self):
        path = self.aws_file("old", self.section("work", self.alice))
        result = check(self.import_keys("--credentials", path, "work", "--rewrite"))
        self.assertEqual(self.aws_file("old"), "")
        self.assertIn("profile work has an access key in", result.out)  # the usual file still has it
        elsewhere = self.import_keys("home", env={"AWS_SHARED_CREDENTIALS_FILE": path})
        self.assert_fails(elsewhere, 1, "has no access key in a profile home", "old")

    def test_static_keys_of_the_config_file(self):
        path = self.aws_file("config", self.config_for("work").replace(
            "[profile work]\n", self.section("profile work", self.alice)))
        self.aws_file("credentials", "")
        check(self.import_keys("--credentials", path, "work", "--rewrite"))
        self.assertEqual(self.aws_file("config"), self.config_for("work").replace(
            "[profile work]\n", f"[profile work]\n{self.process('work')}\n"))

    def test_environment_shadows(self):
        result = check(self.import_keys("work", "--rewrite", env={"AWS_ACCESS_KEY_ID": "AKIAX"}))
        self.assertIn("AWS_ACCESS_KEY_ID is set in this environment", result.out)

    def test_role_profile_is_left(self):
        self.aws_file("config", self.config.replace("[profile work]\n", "[profile work]\nrole_arn = arn:aws:iam::1:role/x\n"
                                                    "source_profile = work\n"))
        self.assert_left(self.import_keys("work=base", "--rewrite"), "profile work has role_arn", "a profile of its own")
        self.assertEqual(self.key_names(), ["base"])
        self.assertEqual(self.aws_file("credentials"), self.text)

    def test_profile_with_another_way(self):
        """In the credentials file too, with or without the key, the role comes first, and none is taken away from it."""
        path = self.aws_file("old", self.section("home", self.bob))
        self.text = (self.section("work", self.alice, "role_arn = arn:aws:iam::1:role/x", "source_profile = work") +
                     "[home]\ncredential_process = /bin/false\n")
        self.aws_file("credentials", self.text)
        self.assert_left(self.import_keys("work", "--rewrite"), "profile work has role_arn in", "/credentials")
        self.assert_left(self.import_keys("--credentials", path, "home", "--rewrite"), "profile home has credential_process")
        self.assertEqual(self.aws_file("config"), self.config)
        self.assertEqual(self.aws_file("credentials"), self.text)


class Names(ImportCase):
    """`awstap get` takes a profile before a key of the same name: no key may be hidden by one."""

    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.aws.add_user("alice"), self.aws.add_user("bob")
        role = self.aws.add_role("admin", trust=[self.bob["arn"]])
        self.config = self.config_for("work", "base") + f'[profile "a b"]\nendpoint_url = {self.aws.endpoint}\n'
        self.role = "".join(f"[profile {name}]\nrole_arn = {role}\nsource_profile = base\n" for name in ("acme", "a-b"))
        self.aws_file("config", self.config + self.role)
        self.text = self.section("work", self.alice) + self.section("a b", self.bob)
        self.aws_file("credentials", self.text)

    def test_nothing_is_sealed(self):
        for words in (["work=acme"], ["a b"]):
            self.assert_fails(self.import_keys(*words, "--rewrite"), 1, "leads elsewhere", "PROFILE=NAME")
        self.assertEqual(self.key_names(), [])
        self.assertIn("a profile of the AWS config file", self.import_keys().out)
        check(self.import_keys("--all", "--rewrite"))
        self.assertEqual(self.key_names(), ["work"])
        self.assertEqual(self.aws_file("credentials"), self.section("a b", self.bob))

    def test_a_profile_that_came_later(self):
        """The key is sealed: the profile is not handed over, and its access key stays in the file."""
        self.aws_file("config", self.config)
        check(self.import_keys("work=acme"))
        self.aws_file("config", self.config + self.role)
        self.assert_left(self.import_keys("work", "--rewrite"), "profile work is left as it is", "called acme")
        self.assertEqual(self.aws_file("config"), self.config + self.role)
        self.assertEqual(self.aws_file("credentials"), self.text)

    def test_crossed_names(self):
        """One profile's name is the key of the other: only one of them can be handed over."""
        self.aws_file("config", self.config_for("work", "acme"))
        self.aws_file("credentials", self.section("work", self.alice) + self.section("acme", self.bob))
        self.assert_left(self.import_keys("work=acme", "acme=other", "--rewrite"), "profile acme is left as it is")
        self.assertIn(self.process("acme"), self.aws_file("config"))
        self.assertEqual(self.aws_file("credentials"), self.section("acme", self.bob))


class Problems(ImportCase):
    """Profiles that can't be imported say why, and harm no other."""

    def test_table(self):
        alice = self.aws.add_user("alice")
        self.aws_file("credentials", self.section("temp", alice, "aws_session_token = x") +
                      "[half]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n[none]\nregion = x\n" +
                      self.section("my work", alice) + self.section("DEFAULT", alice) +
                      self.section("empty", alice, "aws_session_token ="))
        out = self.import_keys().out
        lines = {line.split("  ")[0]: line for line in out.splitlines()}
        self.assertIn("temporary (it has a session token)", lines["temp"])
        self.assertIn("aws_secret_access_key is missing", lines["half"])
        self.assertIn("my-work", lines["my work"])
        self.assertIn("rename it [default]", lines["DEFAULT"])
        self.assertNotIn("none", lines)
        self.assertIn("to be sealed", lines["empty"])
        for name in ("temp", "half", "DEFAULT", "nobody"):
            self.assertEqual(self.import_keys(name).status, 1)
        self.assertEqual(self.import_keys("my work=a/b").status, 2)

    def test_name_with_blanks(self):
        alice = self.aws.add_user("alice")
        self.aws_file("config", f'[profile "my work"]\nendpoint_url = {self.aws.endpoint}\n')
        self.aws_file("credentials", self.section("my work", alice))
        check(self.import_keys("my work", "--rewrite"))
        self.assertEqual(self.aws_file("config"), f'[profile "my work"]\n{self.process("my-work")}\n'
                         f"endpoint_url = {self.aws.endpoint}\n")

    def test_name_like_an_option(self):
        self.aws_file("config", self.config_for("-x"))
        self.aws_file("credentials", self.section("-x", self.aws.add_user("alice")))
        self.assertEqual(self.import_keys("--all", "--rewrite").status, 0)
        self.assertEqual(self.key_names(), ["_x"])
        self.assertIn(self.process("_x"), self.aws_file("config"))
        self.assert_fails(self.machine.awstap("key", "add", "--", "-x"), 2, "no - at its beginning")

    def test_no_config_file(self):
        """/dev/null for the config file is none: there is nothing in it, and nothing can be put there."""
        alice = self.aws.add_user("alice")
        self.aws_file("config", self.config_for("work"))
        self.aws_file("credentials", self.section("work", alice))
        check(self.import_keys("work"))
        self.assertIn("sealed already", self.import_keys(env={"AWS_CONFIG_FILE": "/dev/null"}).out)
        self.assert_left(self.import_keys("work", "--rewrite", env={"AWS_CONFIG_FILE": "/dev/null"}),
                         "/dev/null is no regular file")
        self.assertIn(alice["secret"], self.aws_file("credentials"))

    def test_completion(self):
        """What is said below the list is no key's name."""
        self.aws_file("credentials", self.section("work", self.aws.add_user("alice")))
        self.aws_file("config", self.config_for("work"))
        check(self.import_keys("work"))
        self.assertIn("work: ", check(self.machine.awstap("key", "list")).out)
        script = os.path.join(os.path.dirname(__file__), "../../client/awstap.bash")
        result = check(self.machine.run("/bin/bash", "-c", script_text(script) + "\n_awstap_keys", env={
            "PATH": os.path.dirname(self.machine.program("awstap")) + ":/usr/bin:/bin"}))
        self.assertEqual(result.out.split(), ["work"])

    def test_no_file(self):
        self.assert_fails(self.import_keys(), 1, "there is no", ".aws/credentials", "--credentials")
        self.assert_fails(self.import_keys("--credentials", self.machine.home), 1, "no credentials file")

    def test_no_vault(self):
        os.unlink(self.machine.vault)
        self.aws_file("credentials", self.section("work", self.aws.add_user("alice")))
        self.assertEqual(self.import_keys("work").status, 1)


class Files(ImportCase):
    """What is done to files is whole or not done, and nothing else is touched."""

    def setUp(self):
        super().setUp()
        self.alice = self.aws.add_user("alice")
        self.config = self.config_for("work")
        self.aws_file("config", self.config)
        self.text = "# kept\n" + self.section("work", self.alice) + "[other]\r\n; kept \r\nregion=x"
        self.path = self.aws_file("credentials", self.text, 0o640)
        self.folder = os.path.dirname(self.path)

    def names(self):
        return sorted(name for name in os.listdir(self.folder) if name != "cli")

    def test_mode_and_bytes(self):
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), "# kept\n[other]\r\n; kept \r\nregion=x")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)
        self.assertEqual(self.names(), ["config", "credentials"])

    def test_symlinks(self):
        for name in ("credentials", "config"):
            os.rename(os.path.join(self.folder, name), os.path.join(self.machine.home, "real-" + name))
            os.symlink("../real-" + name, os.path.join(self.folder, name))
        check(self.import_keys("work", "--rewrite"))
        for name in ("credentials", "config"):
            self.assertEqual(os.readlink(os.path.join(self.folder, name)), "../real-" + name)
        self.assertNotIn(self.alice["secret"], self.aws_file("credentials"))
        self.assertIn(self.process("work"), self.aws_file("config"))

    def test_config_is_made(self):
        os.unlink(os.path.join(self.folder, "config"))
        elsewhere = self.aws_file("elsewhere", self.config)
        check(self.import_keys("work", env={"AWS_CONFIG_FILE": elsewhere}))
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.aws_file("config"), f"[profile work]\n{self.process('work')}\n")
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, "config")).st_mode), 0o600)

    def assert_left(self, result, *words):
        super().assert_left(result, *words)
        self.assertEqual(self.aws_file("credentials"), self.text)

    def test_read_only_folder(self):
        if USER is None:
            self.skipTest("root is not kept out of a folder; run as root, the person is not root")
        os.chmod(self.folder, 0o500)
        self.addCleanup(os.chmod, self.folder, 0o700)
        self.assert_left(self.import_keys("work", "--rewrite"), "cannot be rewritten", "Permission denied")
        self.assertEqual(self.key_names(), ["work"])

    def test_full_disk(self):
        """A limit of 16 bytes per file is as a disk that is full."""
        check(self.import_keys("work"))

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
        self.assert_left(self.import_keys("work", "--rewrite", preexec_fn=limit), "File too large")
        self.assertEqual(self.aws_file("config"), self.config)
        self.assertEqual(self.names(), ["config", "credentials"])
        check(self.import_keys("work", "--rewrite"))

    def test_leftover(self):
        """What an interrupted run left beside the file is taken over."""
        leftover = os.path.join(self.folder, ".credentials.awstap")
        with open(leftover, "w", encoding="ascii") as file:
            file.write("x" * 10_000)
        if USER is not None:
            os.chown(leftover, USER, USER)
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.names(), ["config", "credentials"])
        self.assertEqual(self.aws_file("credentials"), "# kept\n[other]\r\n; kept \r\nregion=x")

    def test_hard_link(self):
        os.link(self.path, os.path.join(self.machine.home, "copy"))
        self.assert_left(self.import_keys("work", "--rewrite"), "another hard link")

    def test_changed_meanwhile(self):
        """While the touch is awaited another program writes the file: it is not undone."""
        self.key.person("never")
        child = self.machine.start("awstap", "key", "import", "work", "--rewrite")
        self.key.wait_blinking()
        self.text = self.section("work", self.aws.add_user("bob"))
        self.aws_file("credentials", self.text)
        self.key.person("auto")
        self.assert_left(self.machine.finish(child), "changed by another program meanwhile")

    def test_added_meanwhile(self):
        self.key.person("never")
        child = self.machine.start("awstap", "key", "import", "work", "--rewrite")
        self.key.wait_blinking()
        self.aws_file("credentials", self.text + "\n[new]\nregion = y\n")
        self.key.person("auto")
        check(self.machine.finish(child))
        self.assertEqual(self.aws_file("credentials"), "# kept\n[other]\r\n; kept \r\nregion=x\n[new]\nregion = y\n")


class RealTools(ImportCase):
    """The AWS CLI before and after."""

    def setUp(self):
        self.tools = tools.place()
        super().setUp()

    def run_aws(self, *words):
        return self.machine.run(self.tools + "/bin/aws", *words, "sts", "get-caller-identity", env={"AWS_PAGER": ""})

    def test_profiles_work_on(self):
        users = {name: self.aws.add_user(user) for name, user in
                 (("default", "alice"), ("work", "bob"), ("my work", "carol"))}
        self.aws_file("config", self.config_for("default", "work").replace("]", "] # said behind it", 1) +
                      f'[profile "my work"]\n  region = us-east-1\n  endpoint_url = {self.aws.endpoint}\n')
        self.aws_file("credentials", "".join(self.section(name, user) for name, user in users.items()))
        profiles = [["--profile", name] for name in users] + [[]]
        before = [check(self.run_aws(*words)).json()["Arn"] for words in profiles]
        check(self.import_keys("--all", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), "")
        used = {user["access_key_id"] for user in users.values()}
        for words, arn in zip(profiles, before):
            self.assertEqual(check(self.run_aws(*words)).json()["Arn"], arn)
            self.assertNotIn(self.actions("GetCallerIdentity")[-1]["access_key_id"], used)


class Boto(RealTools):
    """boto3, and what the profile says beside the key."""

    SCRIPT = """
import boto3
session = boto3.Session(profile_name="work")
print(session.region_name, session.client("sts").get_caller_identity()["Arn"], session.get_credentials().method)
"""

    def test_profiles_work_on(self):
        alice = self.aws.add_user("alice")
        self.aws_file("config", f"[profile work]\nendpoint_url = {self.aws.endpoint}\n")
        self.aws_file("credentials", self.section("work", alice, "region = eu-west-1"))

        def run():
            return check(self.machine.run(tools.PYTHON, "-c", self.SCRIPT, env={"PYTHONPATH": self.tools})).out.split()
        self.assertEqual(run(), ["eu-west-1", alice["arn"], "shared-credentials-file"])
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(run(), ["eu-west-1", alice["arn"], "custom-process"])


class Asked(ImportCase):
    """At a terminal, as tmux shows it."""

    def ask(self, *words):
        """A screen with key import on it; when it has ended, its exit status stands there."""
        command = " ".join([self.machine.program("awstap"), "key", "import", *words])
        screen = Screen(self.machine, "/bin/sh", "-c", f"trap : INT; {command}; echo ended $?; exec sleep 1000", width=120)
        self.addCleanup(screen.close)
        return screen

    def test_all_of_it(self):
        alice, bob = self.aws.add_user("alice"), self.aws.add_user("bob")
        self.aws_file("config", self.config_for("work"))
        self.aws_file("credentials", self.section("work", alice) + self.section("temp", bob, "aws_session_token = x"))
        screen = self.ask()
        screen.wait("Import which?", "to be sealed", "temporary (it has a session token)")
        screen.press("Enter")
        screen.wait("work is sealed, and gave a session", "Take them out of", "[Y/n]")
        self.assertIn(alice["secret"], self.aws_file("credentials"))
        screen.press("Enter")
        screen.wait("counts as leaked", "[Y/n]")
        self.assertEqual(self.aws_file("credentials"), self.section("temp", bob, "aws_session_token = x"))
        screen.type("n")
        screen.press("Enter")
        screen.wait("ended 0")
        self.assertEqual(len(self.actions("CreateAccessKey")), 0)

    def test_asked_again(self):
        """Interrupted at the last question: the next run has it still, with nothing left in the file."""
        alice = self.aws.add_user("alice", iam_needs_mfa=False)
        self.aws_file("config", self.config_for("work"))
        self.aws_file("credentials", self.section("work", alice))
        check(self.import_keys("--all", "--rewrite"))
        screen = self.ask()
        screen.wait("work lay in a plain file", "Replace it at AWS now?")
        screen.press("C-c")
        screen.wait("ended 130")
        screen = self.ask()
        screen.wait("Replace it at AWS now?")
        screen.type(" y ")
        screen.press("Enter")
        screen.wait("ended 0")
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)

    def test_words_at_the_terminal(self):
        """A choice by name, a no to the file, and so no question about burning."""
        users = [self.aws.add_user("alice"), self.aws.add_user("bob")]
        self.aws_file("config", self.config_for("work", "home"))
        text = self.section("work", users[0]) + self.section("home", users[1])
        self.aws_file("credentials", text)
        screen = self.ask()
        screen.wait("Import which?")
        screen.type("home=mine")
        screen.press("Enter")
        screen.wait("mine is sealed", "[Y/n]")
        screen.type("n")
        screen.press("Enter")
        screen.wait("ended 0", "take them from there")
        self.assertEqual(self.key_names(), ["mine"])
        self.assertEqual(self.aws_file("credentials"), text)

    def test_interrupted(self):
        alice = self.aws.add_user("alice")
        self.aws_file("config", self.config_for("work"))
        text = self.section("work", alice)
        self.aws_file("credentials", text)
        screen = self.ask("work")
        screen.wait("Take them out of", "[Y/n]")
        screen.press("C-c")
        screen.wait("ended 130")
        self.assertEqual(self.aws_file("credentials"), text)
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), "")


if __name__ == "__main__":
    unittest.main()
