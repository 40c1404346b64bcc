# SPDX-License-Identifier: BSD-2-Clause
"""awstap key import --rewrite and files that are more than text: what they have beside it is kept, or they are left."""

import os
import stat
import struct
import subprocess
import unittest

from import_test import ImportCase
from world import check

ACL = "system.posix_acl_access"
# user::rw-, user:1234:r--, group::---, mask::r--, other::---
LIST = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, rights, who) for tag, rights, who in (
    (0x01, 6, 0xffffffff), (0x02, 4, 1234), (0x04, 0, 0xffffffff), (0x10, 4, 0xffffffff), (0x20, 0, 0xffffffff)))


class Beside(ImportCase):
    def setUp(self):
        super().setUp()
        self.alice, self.bob = self.aws.add_user("alice"), self.aws.add_user("bob")
        self.config = self.aws_file("config", self.config_for("work"))
        self.path = self.aws_file("credentials", self.section("work", self.alice) + self.section("home", self.bob))
        self.folder = os.path.dirname(self.path)

    def give(self, path, name):
        try:
            os.setxattr(path, name, LIST)
        except OSError as error:
            self.skipTest(f"this file system takes no access control lists: {error}")

    def test_acl(self):
        """Whom the list lets in still gets in, and the owning group, of which the mode's bits seem to speak, does not."""
        for path in (self.config, self.path):
            self.give(path, ACL)
        check(self.import_keys("work", "--rewrite"))
        self.assertEqual(self.aws_file("credentials"), self.section("home", self.bob))
        self.assertIn(self.process("work"), self.aws_file("config"))
        for path in (self.config, self.path):
            self.assertEqual(os.getxattr(path, ACL), LIST)

    def test_acl_of_the_folder(self):
        """What the folder gives to new files is not for one that has been there."""
        self.give(self.folder, "system.posix_acl_default")
        os.chmod(self.path, 0o640)
        check(self.import_keys("work", "--rewrite"))
        self.assertNotIn(ACL, os.listxattr(self.path))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)

    def test_mount_point(self):
        """As of a container that has one file of its host's: nothing goes over it, however often one tries."""
        source = self.aws_file("source", self.section("work", self.alice))
        mounted = subprocess.run(["mount", "--bind", source, self.path], capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"nothing can be mounted here: {mounted.stderr}")
        self.addCleanup(subprocess.check_call, ["umount", self.path])
        self.assert_left(self.import_keys("work", "--rewrite"), "credentials is a mount point", "where the file itself is")
        self.assertEqual(self.aws_file("source"), self.section("work", self.alice))
        self.assertEqual(sorted(os.listdir(self.folder)), ["config", "credentials", "source"])

    def test_line_of_a_comment(self):
        """Its number is that of the file as it is left."""
        comment = "# aws_secret_access_key = of long ago\n"
        self.aws_file("credentials", self.section("work", self.alice) + "[other]\nregion = x\n" + comment)
        said = f"line {{}} of {self.path} is a comment with a secret in it"
        self.assertIn(said.format(6), check(self.import_keys("work")).out)
        self.assertIn(said.format(3), check(self.import_keys("work", "--rewrite")).out)
        self.assertEqual(self.aws_file("credentials"), "[other]\nregion = x\n" + comment)

    def test_no_usual_file(self):
        """/dev/null for the credentials file is none, which has no key that would keep another from being replaced."""
        dave = self.aws.add_user("dave", iam_needs_mfa=False)
        path = self.aws_file("old", self.section("work", dave))
        none = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        check(self.import_keys("--credentials", path, "work", "--rewrite", "--burn", env=none))
        self.assertEqual(self.aws_file("old"), "")
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)
        self.assert_fails(self.import_keys(env=none), 1, "no access key in /dev/null")


if __name__ == "__main__":
    unittest.main()
