# SPDX-License-Identifier: BSD-2-Clause
"""awstap key import, and what else AWS tools read: no profile becomes another user's, or fails, by being handed over."""

import unittest

from import_test import ImportCase
from world import check


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


if __name__ == "__main__":
    unittest.main()
