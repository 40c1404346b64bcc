# SPDX-License-Identifier: BSD-2-Clause
"""The installed, unmodified programs under a real `systemd --user`: the socket unit, and a client that starts it."""

import os
import shutil
import subprocess
import tempfile
import unittest

from world import PATIENCE, SANITIZED, TOP, USER

MANAGER = os.path.join(TOP, "tests", "e2e", "user-manager")


@unittest.skipIf(SANITIZED, "what is installed is not sanitized")
@unittest.skipIf(USER is None, "a user manager of one's own is made by root")
@unittest.skipUnless(os.path.exists("/lib/systemd/systemd"), "systemd is not installed")
class Login(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="awstap-login-")
        cls.addClassCleanup(cls.place.cleanup)
        os.chmod(cls.place.name, 0o755)
        cls.tree = os.path.join(cls.place.name, "installed")
        subprocess.run(["make", "-s", "-C", TOP, "install", "DESTDIR=" + cls.tree], check=True,
                       stdout=subprocess.DEVNULL)
        cls.manager = shutil.copy(MANAGER, cls.place.name)

    def log_in(self, script):
        """What the script prints, run by the person's shell under their own user manager."""
        folder = tempfile.mkdtemp(dir=self.place.name)
        for name in ("", "home", "run"):
            path = os.path.join(folder, name)
            os.makedirs(path, mode=0o700, exist_ok=True)
            os.chown(path, USER, USER)
        done = subprocess.run([self.manager, os.path.join(self.tree, "usr/local"), str(USER), folder,
                               "/bin/sh", "-c", "exec 2>&1; " + script], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False)
        if done.returncode == 77:
            self.skipTest(done.stdout.strip())
        return done.stdout

    def test_enabled_socket(self):
        """enable --now is all it takes: the first command finds an agent, which systemd started."""
        said = self.log_in("systemctl --user enable --now awstap-agent.socket\n"
                           "awstap status\n"
                           "systemctl --user is-active awstap-agent.service\n")
        self.assertIn("started by systemd", said)
        self.assertTrue(said.endswith("active\n"), said)

    def test_client_starts_the_unit(self):
        """Nobody enabled it: a command that needs an agent has systemd start it; status does not."""
        said = self.log_in("awstap status; echo status $?\n"
                           "awstap key list; echo key list $?\n"
                           "awstap status; systemctl --user is-active awstap-agent.socket\n")
        self.assertRegex(said, "no agent is running.*\nstatus 3\n")
        self.assertRegex(said, "there is no vault.*\nkey list 1\n")
        self.assertIn("started by systemd", said)

    def test_stop_ends_all(self):
        """Stopping the units ends the agent and its starter, and no command is left without an answer."""
        said = self.log_in("systemctl --user start awstap-agent.socket; awstap lock; echo lock $?\n"
                           "systemctl --user stop awstap-agent.socket awstap-agent.service; echo stop $?\n"
                           "awstap status; echo status $?\n"
                           "cat /proc/[0-9]*/comm | grep awstap || echo none\n")
        self.assertRegex(said, "(?s)lock 0\n.*stop 0\n.*no agent is running.*status 3\nnone\n")

    def test_elsewhere(self):
        """With a socket of one's own the unit is of no use, and awstap starts the agent itself."""
        said = self.log_in("export AWSTAP_SOCK=$XDG_RUNTIME_DIR/mine; awstap key list; awstap status\n"
                           "systemctl --user is-active awstap-agent.socket\n"
                           "kill $(awstap status --json | sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p')\n")
        self.assertIn("started by awstap", said)
        self.assertIn("inactive", said)


if __name__ == "__main__":
    unittest.main()
