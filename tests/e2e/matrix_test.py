# SPDX-License-Identifier: BSD-2-Clause
"""A few places of the kill matrix (tests/matrix): `make kill-matrix` has them all."""

import os
import subprocess
import unittest

from world import PYTHON, SANITIZED, TOP

EVERY = 60 if SANITIZED else 30  # of the places of each operation and fault
FAULTS = ("SIGKILL", "lost, reused", "lost, fresh", "EIO")


class Thinned(unittest.TestCase):
    """What is interrupted loses no key, and the next run completes it."""

    def go_through(self, *operations):
        faults = [word for fault in FAULTS for word in ("--fault", fault)]
        done = subprocess.run([PYTHON, os.path.join(TOP, "tests/matrix/run"), "--jobs", "2", "--seed", "1",
                               "--every", str(EVERY), *faults, *operations],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_rotation(self):
        self.go_through("key rotate", "rotate --due")

    def test_mfa(self):
        self.go_through("mfa add", "mfa remove")

    def test_import(self):
        self.go_through("key import")

    def test_drill(self):
        self.go_through("revoke")


if __name__ == "__main__":
    unittest.main()
