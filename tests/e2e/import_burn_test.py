# SPDX-License-Identifier: BSD-2-Clause
"""awstap key import: which keys are replaced at AWS, and which are not."""

import unittest

from import_test import ImportCase
from screen import Screen
from world import check


class Which(ImportCase):
    """home was taken over by an earlier run, and its old access key is in use on another machine still."""

    def setUp(self):
        super().setUp()
        self.alice, self.bob = (self.aws.add_user(name, iam_needs_mfa=False) for name in ("alice", "bob"))
        self.aws_file("config", self.config_for("work", "home"))
        self.aws_file("credentials", self.section("work", self.alice) + self.section("home", self.bob))
        check(self.import_keys("home", "--rewrite", "--no-burn"))

    def assert_home_is_kept(self):
        self.assertEqual([key["id"] for key in self.aws.audit("bob")["keys"]], [self.bob["access_key_id"]])
        self.assertTrue(self.exposed("home"))

    def ask(self, words, before=""):
        """A screen with the command on it; when it has ended, its exit status stands there."""
        command = f"{before}{self.machine.program('awstap')} key import {words}"
        screen = Screen(self.machine, "/bin/sh", "-c", f"trap : INT; {command}; echo ended $?; exec sleep 1000", width=120)
        self.addCleanup(screen.close)
        return screen

    def test_named(self):
        check(self.import_keys("work", "--rewrite", "--burn"))
        self.assert_burnt("work", self.alice)
        self.assert_home_is_kept()
        check(self.import_keys("home", "--rewrite", "--burn"))
        self.assert_burnt("home", self.bob)

    def test_all(self):
        check(self.import_keys("--all", "--rewrite", "--burn"))
        self.assert_burnt("work", self.alice)
        self.assert_burnt("home", self.bob)

    def test_named_and_all(self):
        check(self.import_keys("work", "--all", "--rewrite", "--burn"))
        self.assert_burnt("work", self.alice)
        self.assert_burnt("home", self.bob)

    def test_at_a_terminal(self):
        """The named one, and then, as a question of its own, the other."""
        screen = self.ask("work --rewrite")
        screen.wait("Replace it at AWS now?")
        self.assertNotIn("home lay in a plain file", screen.text())
        screen.press("Enter")
        screen.wait("not replaced since\nA key that lay in a plain file counts as leaked. Replace it at AWS now? [Y/n]")
        screen.type("n")
        screen.press("Enter")
        screen.wait("ended 0")
        self.assert_burnt("work", self.alice)
        self.assert_home_is_kept()

    def test_at_a_terminal_by_option(self):
        screen = self.ask("work --rewrite --burn")
        screen.wait("ended 0")
        self.assert_burnt("work", self.alice)
        self.assert_home_is_kept()

    def test_pipe(self):
        """What never lay in a file is left as it is by Enter, and what lay there counts as leaked."""
        source = self.aws_file("source", self.section("work", self.alice))
        self.aws_file("credentials", "")
        screen = self.ask("--credentials - --all --rewrite", before=f"cat {source} | ")
        screen.wait("came by a pipe need not have leaked", "[y/N]")
        screen.press("Enter")
        screen.wait("home lay in a plain file", "counts as leaked", "[Y/n]")
        screen.type("n")
        screen.press("Enter")
        screen.wait("ended 0")
        self.assertEqual(len(self.actions("CreateAccessKey")), 0)

    def test_pipe_by_option(self):
        check(self.import_keys("--credentials", "-", "work", "--burn", text=self.section("work", self.alice)), 1)
        self.aws_file("credentials", "")
        check(self.import_keys("--credentials", "-", "work", "--burn", text=self.section("work", self.alice)))
        self.assert_burnt("work", self.alice)
        self.assert_home_is_kept()


if __name__ == "__main__":
    unittest.main()
