# SPDX-License-Identifier: BSD-2-Clause
"""What is due is rotated with nobody there: by the timer's unit, or behind a touch that was for something else."""

import errno
import os
import re
import shlex
import unittest

from rotate_case import DAY, HOUR, Rotation
from world import TOP, check, wait_for


class Unattended(Rotation):
    def unit(self):
        """The command line of the timer's unit, with our program in the place of the installed one."""
        with open(os.path.join(TOP, "udev", "awstap-rotate.service.in"), encoding="utf-8") as file:
            line = re.search(r"^ExecStart=(.*)$", file.read(), re.MULTILINE).group(1)
        return shlex.split(line.replace("@BINDIR@", self.machine.root))

    def test_by_the_timers_unit(self):
        """With a live MFA session nobody has to be there; the next touch is the proof."""
        check(self.machine.awstap("key", "set", "work", "rotate_every=30d"))
        self.machine.advance(30 * DAY - HOUR)
        self.get()
        self.touches = self.key.number("touches")
        self.machine.advance(2 * HOUR)
        self.assertIn("overdue", check(self.machine.awstap("status")).out)
        self.assertTrue(self.facts()["overdue"])
        result = check(self.machine.run(*self.unit()))
        second = self.facts()["access_key_id"]
        self.assertIn(f"work: the new access key {second} waits for the next touch", result.out)
        self.assertEqual(self.keys(), {self.first: True, second: True})
        self.assertEqual(self.touched(), 0)
        self.assertFalse(self.facts()["overdue"])
        self.works()
        wait_for(lambda: self.keys() == {self.first: False, second: True}, "the old key to be switched off")
        self.assertEqual(self.touched(), 1)
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)

    def test_rides_on_a_touch(self):
        """Without a session the timer waits for a touch, and the agent does it behind that one."""
        self.overdue()
        check(self.machine.awstap("lock"))
        self.assertEqual(self.due(), "work: waits for the next touch, and rides on it\n")
        self.assertEqual(self.actions("CreateAccessKey"), [])
        self.touches = self.key.number("touches")
        self.get()
        wait_for(lambda: len(self.actions("GetCallerIdentity")) >= 3, "the new key and its proof")
        self.works()
        wait_for(lambda: not self.keys()[self.first], "the old key to be switched off")
        self.assertEqual(self.touched(), 2)

    def test_grace(self):
        """The old key is deleted when its time is over, and not before."""
        self.overdue()
        self.get()
        second = wait_for(lambda: self.facts()["access_key_id"] != self.first and self.facts()["access_key_id"],
                          "a new key")
        wait_for(lambda: len(self.actions("GetCallerIdentity")) >= 3, "its proof")
        self.works()
        wait_for(lambda: "is off" in self.facts()["task"], "the old key to be switched off")
        self.assertEqual(self.keys(), {self.first: False, second: True})
        self.machine.advance(23 * HOUR)
        self.assertEqual(self.due(), "no key is due\n")
        self.assertIn("not due yet", self.due("work"))
        self.machine.advance(2 * HOUR)
        self.assertIn("is deleted", self.due())
        self.assertEqual(self.keys(), {second: True})
        self.works()

    def remove_before_it_is_due(self, plan="", **more):
        """A factor is removed while a session lives; then the rotation is due. What was said of the removal."""
        self.machine.pinentry("always pin correct horse battery staple")
        check(self.machine.awstap("factor", "add", "passphrase"))
        check(self.machine.awstap("key", "set", "work", "rotate_every=30d", "duration=36h"))
        self.machine.advance(30 * DAY - HOUR)
        self.get()
        self.machine.wait_no_signer()
        self.points[self.machine].clear()
        self.points[self.machine].plan(plan)
        result = check(self.machine.awstap("factor", "remove", "2", "--no-burn", **more))
        self.points[self.machine].plan("")
        self.machine.advance(2 * HOUR)
        return result

    def test_a_factor_removed_by_another_agent(self):
        """What the agent keeps opens that vault no longer: a touch is waited for, and nobody told to undo the removal."""
        sock = os.path.join(self.machine.run_dir, "another", "agent.sock")
        self.remove_before_it_is_due(env={"AWSTAP_SOCK": sock})
        self.assertEqual(self.due(), "work: waits for the next touch, and rides on it\n")
        self.assertEqual(self.machine.status()["not_rotated"], [])
        self.works()
        wait_for(lambda: self.facts()["access_key_id"] != self.first, "a new key")

    def test_a_factor_removed_and_not_noted(self):
        """No room for the state: the factor is removed, what is to be done is said, and the agent goes on as ever."""
        result = self.remove_before_it_is_due(plan=f"awstap-signer write 2 fail {errno.ENOSPC}")
        self.assertIn("factor 2 is removed", result.out)
        self.assertIn("not noted in the state folder: ", result.out)
        self.assertIn("awstap key rotate work", result.out.splitlines())
        self.assertRegex(self.due(), r"work: the new access key \w+ waits for the next touch")
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)

    def test_nothing_is_due(self):
        self.assertEqual(self.due(), "no key is due\n")
        self.assertIn("not rotated by itself", self.due("work"))
        self.machine.advance(400 * DAY)
        self.assertEqual(self.due(), "no key is due\n")

    def test_no_agent(self):
        os.kill(self.machine.status()["pid"], 15)
        wait_for(lambda: not self.machine.processes(), "the agent to end")
        self.assert_fails(self.rotate("--due"), 3)
        self.assertEqual(self.machine.processes(), [])

    def test_what_fails_is_shown(self):
        """A rotation that failed with nobody there stands in `status` until one succeeds."""
        self.fails_unattended()
        self.assertIn("work was not rotated", check(self.machine.awstap("status")).out)
        result = self.rotate("--due")
        self.assertEqual(result.status, 5, result)
        self.aws.call("clear-faults")
        self.due()
        self.assertEqual(self.machine.status()["not_rotated"], [])

    def test_what_fails_is_done_by_hand(self):
        """Or the key is removed: `status` says nothing of it any more."""
        for by_hand in (self.rotate, lambda key: self.machine.awstap("key", "remove", key)):
            with self.subTest(by_hand):
                self.fails_unattended()
                self.aws.call("clear-faults")
                check(by_hand("work"))
                self.assertEqual(self.machine.status()["not_rotated"], [])

    def fails_unattended(self):
        self.aws.fault("error", on="ListAccessKeys", status=400, code="ValidationError", message="no", count=0)
        self.overdue()
        self.get()
        told = wait_for(lambda: self.machine.status()["not_rotated"], "the failure to be shown")
        self.assertEqual([trouble["key"] for trouble in told], ["work"])


if __name__ == "__main__":
    unittest.main()
