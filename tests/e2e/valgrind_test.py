# SPDX-License-Identifier: BSD-2-Clause
"""The helpers under valgrind: no bad read, no use of what was never written, no leak."""

import os
import shutil
import unittest

from world import SANITIZED, Case, check

HELPERS = ("awstap-signer", "awstap-fido", "awstap-net")
VALGRIND = shutil.which("valgrind")
WRAPPER = """#!/bin/sh
exec {valgrind} -q --vgdb=no --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --log-file={reports}/{name}.%p {real}
"""


@unittest.skipIf(SANITIZED, "valgrind can't run a sanitized program")
@unittest.skipUnless(VALGRIND, "valgrind is not installed")
class Valgrind(Case):
    def wrap(self, name):
        """Put a script in the helper's place that runs it under valgrind, from a folder that looks like ours."""
        real = os.path.join(self.real, name)
        os.rename(self.machine.program(name), real)
        with open(self.machine.program(name), "w", encoding="ascii") as file:
            file.write(WRAPPER.format(valgrind=VALGRIND, reports=self.machine.reports, name=name, real=real))
        os.chmod(self.machine.program(name), 0o755)

    def setUp(self):
        super().setUp()
        self.real = os.path.join(self.machine.root, "real")
        os.mkdir(self.real)
        for name in ("clock", "softkey"):
            os.symlink(os.path.join("..", name), os.path.join(self.real, name))
        for name in HELPERS:
            self.wrap(name)

    def test_main_job(self):
        """Enrol, seal, import, get: valgrind has nothing to say. (Its reports fail the test when the machine closes.)"""
        key = self.machine.enrol()
        self.machine.add_key()
        check(self.machine.awstap("get", "work"))
        self.machine.clock(31000)  # to the next TOTP code
        check(self.machine.awstap("mfa", "code", "work"))
        self.machine.clock(62000)
        key.person("deny")
        check(self.machine.awstap("get", "work", "--duration-seconds", "900"), 4)
        self.assertGreater(len(os.listdir(self.machine.reports)), 10, "the helpers ran under valgrind")
        self.discard_clean_reports()

    def discard_clean_reports(self):
        """A report is clean that only says that valgrind does not know mlock2."""
        for name in os.listdir(self.machine.reports):
            path = os.path.join(self.machine.reports, name)
            with open(path, encoding="utf-8") as file:
                if all(line.startswith("--") for line in file):
                    os.unlink(path)


if __name__ == "__main__":
    unittest.main()
