# SPDX-License-Identifier: BSD-2-Clause
"""A key's access key is replaced by hand; whatever comes between, the key works."""

import os
import unittest

from rotate_case import DAY, HOUR, MINUTE, Rotation
from points import Points
from world import PATIENCE, check, wait_for

PASSPHRASE = "seven yellow bicycles sing"


class ByHand(Rotation):
    def test_two_touches(self):
        result = check(self.rotate("work"))
        self.assertEqual(self.touched(), 2)
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)
        second = self.facts()["access_key_id"]
        self.assertNotEqual(second, self.first)
        self.assertEqual(self.keys(), {self.first: False, second: True})
        for word in (second, self.first + " is off", "deleted in 24 hours"):
            self.assertIn(word, result.out)
        self.assertIn(self.first, self.facts()["task"])
        self.assertIn(f"work: {self.first} is off", check(self.machine.awstap("key", "list")).out)
        self.assertIn(f"work: {self.first} is off", check(self.machine.awstap("status")).out)
        self.works()

    def test_the_order(self):
        """The old key is active until a session was got with the new one; IAM is never asked with a long-lived key."""
        check(self.rotate("work"))
        log = [request for request in self.aws.requests() if request["api"]]
        names = [request["action"] for request in log]
        created, off = names.index("CreateAccessKey"), names.index("UpdateAccessKey")
        self.assertEqual(names[created:off].count("GetCallerIdentity"), 3)
        proof = [request for request in log[created:off] if request["action"] == "GetSessionToken"]
        self.assertEqual([request["access_key_id"] for request in proof], [self.facts()["access_key_id"]])
        for request in log:
            if request["service"] == "iam":
                self.assertTrue(request["access_key_id"].startswith("ASIA"), request)

    def test_no_grace(self):
        check(self.machine.awstap("key", "set", "work", "grace=0s"))
        result = check(self.rotate("work"))
        self.assertEqual(list(self.keys().values()), [True])
        self.assertIn(self.first + " is deleted", result.out)
        self.assertEqual(self.facts()["task"], "")
        self.works()

    def test_again_before_the_grace_is_over(self):
        """Nothing is done before its time, but what is named; then there is room for another."""
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        self.assertIn("was rotated already", check(self.rotate("work")).out)
        self.assertEqual(self.touched(), 2)
        check(self.rotate("work", "--discard", self.first))
        third = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {second: False, third: True})
        self.works()

    def test_again_after_the_grace(self):
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        self.machine.advance(2 * DAY)
        check(self.rotate("work"))
        self.assertEqual(self.keys(), {second: False, self.facts()["access_key_id"]: True})

    def test_nobody_proves_it(self):
        """The new key is there, the old one stays; the next touch is the proof, and the rest follows by itself."""
        self.unproven()
        second = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {self.first: True, second: True})
        self.assertIn("waits for the next touch", self.facts()["task"])
        self.works()
        wait_for(lambda: self.keys() == {self.first: False, second: True}, "the old key to be switched off")

    def test_a_key_without_a_policy_is_left_alone(self):
        """A name that is no key; options that make no sense."""
        self.assert_fails(self.rotate("nobody"), 1, "nobody")
        for words in ((), ("--due", "work", "--discard", self.first), ("work", "home")):
            self.assertEqual(self.rotate(*words).status, 2)
        self.assert_fails(self.rotate("work", "--discard", "x y"), 2, "access key id")
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def test_clock_set_back(self):
        """What was issued while the clock was ahead is not younger than what comes now."""
        self.machine.advance(3 * HOUR)
        self.aws.call("skew", ms=-3 * HOUR)
        self.get()
        self.machine.advance(-3 * HOUR)
        self.aws.call("skew", ms=0)
        self.machine.advance(5 * MINUTE)
        check(self.rotate("work"))
        self.assertFalse(self.keys()[self.first])

    def test_discard_is_an_id(self):
        """Nothing else comes into a dialog, and nobody is asked for it."""
        result = self.rotate("work", "--discard", "nothing. This is a routine renewal")
        self.assert_fails(result, 2, "wants an access key id")
        self.assertEqual(self.touched(), 0)

    def test_going_on_says_which(self):
        """The dialog of a second run names the access key that goes, and the one that has its place already."""
        self.unproven()
        second = self.facts()["access_key_id"]
        self.machine.pinentry("always pin " + PASSPHRASE)
        check(self.machine.awstap("factor", "add", "passphrase"))
        self.key.unplug()
        check(self.rotate("work"))
        (dialog,) = [dialog["desc"] for dialog in self.machine.dialogs() if "Rotate the key work" in dialog.get("desc", "")]
        self.assertIn(f"access key {self.first}", dialog)
        self.assertIn(f"in its place comes {second}", dialog)

    def test_restart(self):
        """With the touch that proves it another agent: the journal is in the vault."""
        check(self.rotate("work"))
        pid = self.machine.status()["pid"]
        os.kill(pid, 15)
        wait_for(lambda: not self.machine.processes(), "the agent to end")
        self.get()
        self.assertIn(self.first + " is off", self.facts()["task"])


class WithoutMfa(Rotation):
    mfa = False
    user_facts = {"with_mfa": False}

    def test_by_hand(self):
        """IAM takes no session without MFA: it is asked with SigV4's key of the day."""
        check(self.rotate("work"))
        self.assertEqual(self.touched(), 2)
        self.assertEqual(self.keys(), {self.first: False, self.facts()["access_key_id"]: True})
        self.works()

    def test_new_one_given_up(self):
        """What was signed by the new one goes with it: the old one stays, and the next run makes another."""
        self.unproven()
        second = self.facts()["access_key_id"]
        self.assert_fails(self.rotate("work", "--discard", second), 1, f"{second} is given up", f"{self.first} stays in use")
        self.assertEqual((self.keys(), self.facts()["task"]), ({self.first: True}, ""))
        check(self.rotate("work"))
        self.assertFalse(self.keys()[self.first])

    def test_behind_a_touch(self):
        self.overdue()
        self.get()
        wait_for(lambda: len(self.keys()) == 2, "a new key")
        second = wait_for(lambda: self.facts()["access_key_id"] != self.first and self.facts()["access_key_id"],
                          "the new key to be sealed")
        wait_for(lambda: self.actions("GetCallerIdentity"), "its proof")
        self.works()
        wait_for(lambda: self.keys() == {self.first: False, second: True}, "the old key to be switched off")


class Obstacles(Rotation):
    def second_key(self):
        """Another access key of the user, made elsewhere."""
        return self.administrator("CreateAccessKey").field("AccessKeyId")

    def test_two_keys_already(self):
        """Both are named, nothing is changed; the one that is named by the person makes room."""
        other = self.second_key()
        self.assert_fails(self.rotate("work"), 5, self.first + " (in this vault", other + " (unknown to this vault",
                          "never used", "--discard " + other)
        self.assertEqual(self.keys(), {self.first: True, other: True})
        self.assertEqual(len(self.actions("CreateAccessKey")), 1, "the administrator's")
        self.assertEqual(self.facts()["strangers"], [other])
        self.assertIn(other, check(self.machine.awstap("status")).out)
        self.assertIn(other, check(self.machine.awstap("key", "list")).out)
        check(self.rotate("work", "--discard", other))
        self.assertNotIn(other, self.keys())
        self.assertEqual(self.facts()["strangers"], [])
        self.works()

    def test_what_is_left_of_a_removed_key(self):
        """The access key that it replaces as well, and what is nobody's."""
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        result = check(self.machine.awstap("key", "remove", "work"))
        self.assertIn(f"delete there {second}, {self.first} and {self.alice['serial']}", result.out)

    def test_strangers_of_a_removed_key(self):
        other = self.second_key()
        self.assert_fails(self.rotate("work"), 5, other)
        result = check(self.machine.awstap("key", "remove", "work"))
        self.assertIn(f"AWS has besides, unknown to the vault, {other}", result.out)

    def test_discard_is_for_strangers(self):
        self.assert_fails(self.rotate("work", "--discard", self.first), 1, "in the vault")
        self.assertEqual(self.keys(), {self.first: True})

    def test_deleted_behind_our_back(self):
        self.aws.call("set-key", id=self.first, status="Deleted")
        self.assert_fails(self.rotate("work"), 5, self.first, "deleted")
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def test_new_key_deleted_behind_our_back(self):
        """Before its proof: the old one serves, and the next run makes another."""
        self.unproven()
        second = self.facts()["access_key_id"]
        self.aws.call("set-key", id=second, status="Deleted")
        self.works()
        self.machine.advance(2 * MINUTE)
        check(self.rotate("work"))
        third = self.facts()["access_key_id"]
        self.assertNotIn(third, (self.first, second))
        self.assertEqual(self.keys(), {self.first: False, third: True})
        self.works()

    def test_new_key_switched_off(self):
        """The old one serves; it is said, and given up where the person names it."""
        self.unproven()
        second = self.facts()["access_key_id"]
        self.aws.call("set-key", id=second, status="Inactive")
        self.works()
        self.assert_fails(self.rotate("work"), 5, second, "switched off", "--discard " + second)
        check(self.rotate("work", "--discard", second))
        self.assertEqual(sorted(self.keys().values()), [False, True])
        self.assertNotIn(second, self.keys())
        self.works()

    def test_policy_wants_fresh_mfa(self):
        """Unattended with an old session: nothing is changed, and the next touch brings what is wanted."""
        self.deny("iam:*AccessKey*", Condition={"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "600"}})
        check(self.machine.awstap("key", "set", "work", "rotate_every=1h"))
        self.get()
        self.machine.advance(2 * HOUR)
        self.assertIn("fresh MFA", self.due())
        self.assertEqual(self.keys(), {self.first: True})
        self.assertEqual(self.facts()["task"], "")
        self.works()
        wait_for(lambda: len(self.keys()) == 2, "the rotation behind the touch")

    def test_not_allowed_at_all(self):
        """Fresh MFA would not help: it fails, and says whose policy is in the way."""
        self.deny("iam:CreateAccessKey")
        self.assert_fails(self.rotate("work"), 5, "CreateAccessKey")
        self.assertEqual(self.facts()["task"], "")
        self.works()

    def test_moved_to_another_path(self):
        """An administrator may move a user within the account; it is the same one."""
        self.aws.fault("edit", on="GetCallerIdentity", count=0, find="user/alice", put="user/new/alice")
        check(self.rotate("work"))
        self.assertFalse(self.keys()[self.first])

    def test_eventual_consistency(self):
        """Ten seconds until AWS has taken in what was changed, its answers coming and going."""
        self.aws.call("propagation", ms=10000, flapping=True, late_lists=True)
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {self.first: False, second: True})
        self.works()

    def test_not_known_to_aws_for_long(self):
        """What AWS does not take within a minute stays sealed; sessions come from the old key until it does."""
        self.aws.call("propagation", ms=10 * MINUTE)
        result = self.rotate("work")
        second = self.facts()["access_key_id"]
        self.assert_fails(result, 5, second, "not yet proven", self.first + " stays in use")
        self.assertEqual(self.keys(), {self.first: True, second: True})
        self.works()
        asked = [request["access_key_id"] for request in self.actions("GetSessionToken")]
        self.assertEqual(asked[-2:], [second, self.first])
        self.machine.advance(10 * MINUTE)
        self.aws.call("propagation", ms=0)
        check(self.rotate("work"))
        self.assertEqual(self.keys(), {self.first: False, second: True})

    def test_reply_lost(self):
        """CreateAccessKey was carried out and nobody has its answer: an orphan is named, never deleted by itself."""
        self.aws.fault("drop-after", on="CreateAccessKey")
        result = self.assert_fails(self.rotate("work"), 5, "nobody has the secret")
        orphan = (set(self.keys()) - {self.first}).pop()
        self.assertIn(f"awstap key rotate work --discard {orphan}", result.err)
        self.assertEqual(self.facts()["strangers"], [orphan])
        self.works()
        check(self.rotate("work", "--discard", orphan))
        self.assertNotIn(orphan, self.keys())
        self.works()

    def test_request_lost(self):
        """It never reached AWS: that is found out, and nothing has changed."""
        self.aws.fault("drop-before", on="CreateAccessKey")
        self.assert_fails(self.rotate("work"), 5, "nothing was changed")
        self.assertEqual(self.keys(), {self.first: True})
        self.assertEqual(self.facts()["task"], "")
        check(self.rotate("work"))

    def test_reply_lost_and_the_clock_set(self):
        """Between the request and the news that its answer is lost minutes go by, as on a computer that sleeps."""
        self.aws.fault("hang", on="CreateAccessKey", act=True)
        child = self.start("work")
        self.aws.wait(action="CreateAccessKey", timeout_ms=PATIENCE * 1000)
        wait_for(lambda: len(self.keys()) == 2, "AWS to make the key")
        self.machine.advance(5 * MINUTE)
        self.assert_fails(self.finish(child), 5, "nobody has the secret")
        orphan = (set(self.keys()) - {self.first}).pop()
        self.assertEqual(self.facts()["strangers"], [orphan])
        check(self.rotate("work", "--discard", orphan))
        self.works()

    def test_reply_lost_and_the_clock_wrong(self):
        """What AWS made is known by AWS's own clock."""
        self.aws.call("skew", ms=-20 * MINUTE)
        self.aws.fault("drop-after", on="CreateAccessKey")
        self.assert_fails(self.rotate("work"), 5, "nobody has the secret")

    def test_carried_out_twice(self):
        """The answer that comes is that of the second time, which is refused: there are two by then."""
        self.aws.fault("repeat", on="CreateAccessKey", answer=2)
        self.assert_fails(self.rotate("work"), 5, "nobody has the secret")
        orphan = (set(self.keys()) - {self.first}).pop()
        self.assertEqual(self.facts()["strangers"], [orphan])
        self.assertEqual(self.facts()["task"], "")
        self.works()
        check(self.rotate("work", "--discard", orphan))

    def test_another_key_that_is_not_listed_yet(self):
        """AWS refuses a third one before its list has the second: once it has, both are named."""
        self.aws.call("propagation", ms=10000, late_lists=True)
        other = self.second_key()
        self.machine.advance(-MINUTE)  # start() lets a minute pass, in which AWS would have come to know
        self.assert_fails(self.rotate("work"), 5, other)
        self.assertEqual(self.facts()["strangers"], [other])
        self.assertEqual(self.keys(), {self.first: True, other: True})

    def test_one_list_without_the_new_key(self):
        """It is old, and has given the session in hand: nothing is dropped for one list of AWS's."""
        self.unproven()
        second = self.facts()["access_key_id"]
        self.machine.advance(2 * MINUTE)
        self.aws.fault("edit", on="ListAccessKeys", count=1, put="",
                       find=r"(?s)<member>(?:(?!</member>).)*" + second + r".*?</member>")
        check(self.rotate("work"))
        self.assertEqual(self.keys(), {self.first: False, second: True})
        self.assertEqual(self.facts()["access_key_id"], second)

    def test_deletion_fails(self):
        """After the grace period: the next run deletes it, and goes on to a new one."""
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        self.aws.fault("error", on="DeleteAccessKey", status=400, code="ValidationError", message="no", count=1)
        self.machine.advance(2 * DAY)
        self.assert_fails(self.rotate("work"), 5, "no")
        self.assertIn("is deleted with the next touch", self.facts()["task"])
        check(self.rotate("work"))
        third = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {second: False, third: True})

    def test_sealing_fails(self):
        """What can't be kept is deleted at AWS at once."""
        folder = os.path.dirname(self.machine.vault)
        self.aws.fault("delay", on="CreateAccessKey", ms=500)
        child = self.start("work")
        self.aws.wait(action="CreateAccessKey", timeout_ms=PATIENCE * 1000)
        os.chmod(folder, 0o500)
        result = self.finish(child)
        os.chmod(folder, 0o700)
        self.assert_fails(result, result.status, "was deleted again at AWS")
        self.assertNotEqual(result.status, 0)
        self.assertEqual(self.keys(), {self.first: True})
        self.works()
        check(self.rotate("work"))


class TakenAway(Rotation):
    """Somebody takes an access key away at AWS in the middle of it: the one that works stays."""

    def proven(self):
        """A rotation up to the old key's being switched off, which AWS refuses. The new key's id."""
        self.aws.fault("error", on="UpdateAccessKey", status=400, code="ValidationError", message="no", count=1)
        self.assert_fails(self.rotate("work"), 5, "no")
        self.assertEqual(list(self.keys().values()), [True, True])
        return self.facts()["access_key_id"]

    def tended(self):
        """A touch, and what is done behind it: what status says of that."""
        since = self.aws.requests()[-1]["index"] + 1
        self.works()
        wait_for(lambda: "awstap key rotate" in self.status_text(), "the outcome")
        self.assertEqual([request for request in self.aws.requests(since=since)
                          if request["action"] in ("UpdateAccessKey", "DeleteAccessKey")], [])
        return self.status_text()

    def status_text(self):
        return check(self.machine.awstap("status")).out

    def test_new_key_after_its_proof(self):
        """Behind a touch, by hand: the old one is not switched off, as AWS took that one only."""
        second = self.proven()
        self.aws.call("set-key", id=second, status="Deleted")
        self.assertIn(f"AWS took the old access key {self.first} of work only", self.tended())
        self.assert_fails(self.rotate("work"), 5, self.first, f"awstap key rotate work --discard {second}")
        self.assertEqual(self.keys(), {self.first: True})
        check(self.rotate("work", "--discard", second))
        third = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {self.first: False, third: True})
        self.works()

    def test_swapped_in_the_grace_period(self):
        """The owner went back to the old one, in the console: when the grace period is over it is not deleted."""
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        self.aws.call("set-key", id=self.first, status="Active")
        self.aws.call("set-key", id=second, status="Deleted")
        self.machine.advance(2 * DAY)
        self.assertIn(f"--discard {second}", self.tended())
        self.assertEqual(self.keys(), {self.first: True})
        self.works()
        check(self.rotate("work", "--discard", second))
        self.works()

    def test_new_key_with_its_session_in_hand(self):
        """A session outlives its access key; before the old one goes, AWS has to list the new one."""
        second = self.proven()
        self.aws.call("set-key", id=second, status="Inactive")
        self.assertIn(f"{second} of work is off at AWS", self.machine.awstap("key", "rotate", "--due").err)
        self.assertEqual(self.keys(), {self.first: True, second: False})

    def test_new_key_between_its_checks_and_its_proof(self):
        """AWS took it, and then no more: the touch that is to prove it gets a session by the old one, which proves nothing."""
        known = len(self.actions("GetCallerIdentity"))
        self.key.person("after 4000")
        child = self.start("work")
        self.aws.wait(action="GetCallerIdentity", settled=True, count=known + 3, timeout_ms=PATIENCE * 1000)
        second = (set(self.keys()) - {self.first}).pop()
        self.aws.call("set-key", id=second, status="Inactive")
        self.assert_fails(self.finish(child), 5, f"does not take the new access key {second}", self.first + " stays in use")
        self.assertEqual(self.keys(), {self.first: True, second: False})
        self.works()

    def test_discard_at_the_end(self):
        """The new one is given up in good time, and the old one stays on."""
        second = self.proven()
        check(self.rotate("work", "--discard", second))
        third = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {self.first: False, third: True})
        self.works()

    def test_discard_of_the_last(self):
        """The old one is off, or gone: what is named is the only one that works, and stays."""
        self.unproven()
        second = self.facts()["access_key_id"]
        for status in ("Inactive", "Deleted"):
            self.aws.call("set-key", id=self.first, status=status)
            self.assert_fails(self.rotate("work", "--discard", second), 5, second + " stays", self.first)
            self.assertTrue(self.keys()[second])
        self.works()


class TwoMachines(Rotation):
    def copy(self):
        """Another machine with a copy of the vault and the same security key, at the same AWS."""
        other = self.machine.copied()
        self.addCleanup(other.close)
        self.points[other] = Points(other)
        return other

    def test_a_copy_serves_and_rotates_nothing(self):
        other = self.copy()
        self.get(other)
        self.assert_fails(self.rotate("work", machine=other), 1, "awstap vault adopt")
        self.assert_fails(self.rotate("--due", machine=other), 1, "awstap vault adopt")
        self.assertEqual(self.actions("CreateAccessKey"), [])
        check(other.awstap("vault", "adopt"))
        check(self.rotate("work", machine=other))
        self.works_at(other)

    def test_an_older_vault_says_which_access_keys(self):
        """By name the vaults have the same."""
        older = os.path.join(self.machine.home, "older")
        check(self.machine.awstap("vault", "export", older))
        check(self.rotate("work"))
        second = self.facts()["access_key_id"]
        self.machine.pinentry("confirm yes")
        check(self.machine.awstap("vault", "import", "--replace", older))
        told = self.machine.dialogs()[-1]["desc"]
        self.assertIn(f"It has work ({self.first}).", told)
        self.assertRegex(told, rf"It does not have work \({second}\)\.")

    def works_at(self, machine):
        check(machine.awstap("lock"))
        self.get(machine)

    def test_rotated_by_another_machine(self):
        """The copy has what AWS no longer takes, and says where to get the other."""
        other = self.copy()
        check(self.rotate("work"))
        self.machine.advance(MINUTE)
        self.assert_fails(other.awstap("get", "work"), 5, self.first, "copy", "awstap vault import")
        self.works()


if __name__ == "__main__":
    unittest.main()
