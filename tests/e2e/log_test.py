# SPDX-License-Identifier: BSD-2-Clause
"""The log: what is in it, what is not, and how changes to it are found."""

import json
import os
import signal
import subprocess
import unittest

from world import USER, Case, check, wait_for


class LogCase(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.user = self.machine.add_key()

    def path(self, name="log"):
        return os.path.join(self.machine.state, name)

    def lines(self):
        with open(self.path(), "rb") as file:
            return file.read().splitlines(keepends=True)

    def write(self, lines):
        with open(self.path(), "wb") as file:
            file.write(b"".join(lines))

    def events(self, *options):
        return json.loads(check(self.machine.awstap("log", "--json", *options)).out)

    def anchored(self):
        """How many lines the anchor knows of."""
        with open(self.path("log.anchor"), encoding="ascii") as file:
            return int(file.read().splitlines()[1].split()[1])

    def end_agent(self):
        for pid in self.machine.processes("awstap-agent"):
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not self.machine.processes("awstap-agent"), "the agent to end")

    def verify(self):
        return self.machine.awstap("log", "--verify")

    def assert_intact(self, lines=None):
        out = check(self.verify()).out
        self.assertIn("the log is as it was written", out)
        if lines is not None:
            self.assertIn(f" {lines} lines since ", out)

    def wait_anchored(self):
        """A signer writes the anchor after it has answered."""
        wait_for(lambda: not self.machine.processes("awstap-signer"), "the signer to have written the anchor")

    def assert_changed(self, *words):
        self.assert_fails(self.verify(), 6, "the log is not as it was written", *words)


class Told(LogCase):
    def test_what_is_told(self):
        first = check(self.machine.awstap("get", "work")).json()
        check(self.machine.awstap("get", "work"))
        wait_for(lambda: self.events()[-1]["event"] == "served", "the line that follows the answer")
        check(self.machine.awstap("lock"))
        self.machine.awstap("get", "missing")
        wait_for(lambda: [event["event"] for event in self.events()][3:] == ["issued", "served", "locked", "refused"],
                 "all lines")
        issued, served, _, refused = self.events()[3:]
        self.assertEqual(issued["access_key_id"], first["AccessKeyId"])
        self.assertEqual(issued["expiration"], first["Expiration"])
        self.assertIn("yubi", issued["confirmed_by"])
        self.assertIn("python", issued["requester"])
        self.assertEqual((served["confirmed_by"], served["access_key_id"]), ("cached", first["AccessKeyId"]))
        self.assertEqual((refused["key"], refused["access_key_id"]), ("missing", ""))
        self.assertTrue(refused["reason"])
        self.assertEqual(self.events("--lines", "2"), self.events()[-2:])
        self.assertEqual(self.events("--lines", "0"), [])
        text = check(self.machine.awstap("log", env=self.machine.environment(TZ="XXX-5:30"))).out
        self.assertEqual(len(text.splitlines()), 7)
        self.assertIn(f"issued work, for 12 h; asked for by {issued['requester']}; confirmed by {issued['confirmed_by']}; "
                      f"{first['AccessKeyId']} until ", text)
        with open(self.path(), encoding="utf-8") as file:
            log = file.read()
        for secret in (first["SecretAccessKey"], first["SessionToken"], self.user["secret"], self.user["seed_base32"]):
            self.assertNotIn(secret, log)
        self.assertEqual(os.stat(self.path()).st_mode & 0o777, 0o600)

    def test_starts_nothing(self):
        self.end_agent()
        self.assertEqual([event["event"] for event in self.events()], ["factor add", "key add", "mfa import"])
        self.assertFalse(self.machine.processes("awstap-agent"))

    def test_damaged_lines_do_not_hide_the_others(self):
        lines = self.lines()
        self.write(lines[:2] + [b"\x1b[2J\n"] + lines[2:])
        shown = check(self.machine.awstap("log")).out.splitlines()
        self.assertEqual(shown[1], "(line 3 of log is damaged)")
        self.assertEqual(len(shown), 4)
        self.assertEqual(self.events()[1], {"event": "damaged", "file": "log", "line": 3})


class Verified(LogCase):
    def test_intact(self):
        check(self.machine.awstap("get", "work"))
        self.assert_intact(5)
        self.end_agent()
        self.assert_intact()

    def test_edited(self):
        check(self.machine.awstap("get", "work"))
        lines = wait_for(lambda: len(self.lines()) == 5 and self.lines(), "the line of the session")
        self.write(lines[:4] + [lines[4].replace(b"issued", b"served")] + lines[5:])
        self.assert_changed("line 5 of log was changed")

    def test_line_removed(self):
        lines = self.lines()
        self.write(lines[:2] + lines[3:])
        self.assert_changed("1 line is missing before line 3 of log")

    def test_end_removed_while_no_agent_runs(self):
        """The count of the last unlock is in the anchor, whoever starts an agent since."""
        for minute in range(3):
            self.machine.clock(minute * 60000)  # each session wants a code of its own
            check(self.machine.awstap("get", "work"))
            self.machine.wait_no_signer()  # lock ends what is under way
            check(self.machine.awstap("lock"))
        wait_for(lambda: self.anchored() == 8, "the anchor of the third unlock")
        lines = self.lines()
        self.end_agent()
        self.write(lines[:6])
        self.assert_changed("2 lines are missing at the end of what an agent logged")

    def test_log_removed(self):
        check(self.machine.awstap("get", "work"))
        self.end_agent()
        os.unlink(self.path())
        self.assert_changed("missing at the end")

    def test_anchor_removed(self):
        self.machine.clock(5000)
        self.wait_anchored()
        os.unlink(self.path("log.anchor"))
        check(self.machine.awstap("get", "work"))
        self.assert_fails(self.verify(), 6, "log.anchor was lost and made anew at ", "would not be noticed")
        self.wait_anchored()
        os.unlink(self.path("log.anchor"))
        self.assert_fails(self.verify(), 6, "log.anchor is missing")

    def test_anchor_changed(self):
        self.wait_anchored()
        with open(self.path("log.anchor"), "r+b") as file:
            content = file.read()
            file.seek(len(content) - 2)  # the last digit of the MAC
            file.write(b"1" if content[-2:] == b"0\n" else b"0")
        self.assert_fails(self.verify(), 6, "log.anchor", "is not as this vault left it")

    def test_the_vault_away_for_a_while(self):
        """A first factor that comes to nothing there leaves the anchor as it was."""
        self.wait_anchored()
        os.rename(self.machine.vault, self.machine.vault + ".away")
        self.key.person("deny")
        self.assert_fails(self.machine.awstap("factor", "add", "fido2"), 4)
        self.key.person("auto")
        self.wait_anchored()
        os.rename(self.machine.vault + ".away", self.machine.vault)
        self.assert_intact()

    def test_removed_factor(self):
        """What was sealed to the vault's key before can't be opened; what follows holds it in place."""
        self.machine.key("second").plug()
        check(self.machine.awstap("factor", "add", "fido2", "--label", "second", "--device", "softkey:second"))
        check(self.machine.awstap("factor", "remove", "2"))
        result = check(self.verify())
        self.assertIn("more can't be checked: they are sealed to an earlier key", result.out)
        lines = self.lines()
        self.write([lines[0]] + [lines[1].replace(b"factor add", b"factor foo")] + lines[2:])
        self.assert_changed("what stood before line", "was changed or removed")


class FullDisk(LogCase):
    def setUp(self):
        super().setUp()
        if USER is None:
            self.skipTest("only root can mount a small disk")
        self.end_agent()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,mode=700,uid={USER}", "none",
                                self.machine.state], capture_output=True, check=False)
        if mount.returncode:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.machine.state], check=True)

    def test_full_disk_stops_nothing(self):
        check(self.machine.awstap("get", "work"))
        filler = os.path.join(self.machine.state, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        trouble = wait_for(lambda: check(self.machine.awstap("lock")) and self.machine.status()["trouble"],
                           "the last page to be full")
        self.assertIn("can't be written: No space left on device", trouble)
        os.unlink(filler)
        check(self.machine.awstap("lock"))
        self.assertEqual(self.machine.status()["trouble"], "")
        self.machine.clock(60000)
        check(self.machine.awstap("get", "work"))
        self.assertIn("locked", [event["event"] for event in self.events()])


if __name__ == "__main__":
    unittest.main()
