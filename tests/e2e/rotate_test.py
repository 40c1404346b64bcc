# SPDX-License-Identifier: BSD-2-Clause
"""A key's access key is replaced: by hand, by the timer, behind a touch; whatever comes between, the key works."""

import errno
import fcntl
import json
import os
import pty
import re
import select
import shlex
import termios
import unittest

from world import PATIENCE, TOP, USER, Case, check, wait_for  # before the next: it knows where tests/fakeaws is

import signedclient
from points import Points

PASSPHRASE = "seven yellow bicycles sing"

MINUTE = 60000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Rotation(Case):
    mfa = True
    user_facts = {}

    def setUp(self):
        super().setUp()
        self.points = {self.machine: Points(self.machine)}
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key(mfa=self.mfa, **self.user_facts)
        self.first = self.alice["access_key_id"]
        self.touches = self.key.number("touches")

    def start(self, *options, machine=None):
        """Begin a rotation, on a terminal that shows what is being waited for."""
        master, slave = pty.openpty()
        if USER is not None:
            os.fchown(slave, USER, USER)
        self.machine.advance(MINUTE)
        child = (machine or self.machine).start("awstap", "key", "rotate", *options,
                                                preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        child.terminal = master, slave
        return child

    def finish(self, child, machine=None):
        """Where it waits for time to pass, that passes."""
        points = self.points[machine or self.machine]
        while child.poll() is None:
            points.hurry()
            if select.select([child.terminal[0]], [], [], 0.02)[0]:
                os.read(child.terminal[0], 4096)
        for descriptor in child.terminal:
            os.close(descriptor)
        return self.machine.finish(child)

    def rotate(self, *options, machine=None):
        return self.finish(self.start(*options, machine=machine), machine)

    def facts(self, machine=None):
        return check((machine or self.machine).awstap("key", "show", "work", "--json")).json()

    def keys(self):
        """The user's access keys at AWS: id → whether it is active."""
        return {key["id"]: key["status"] == "Active" for key in self.aws.audit("alice")["keys"]}

    def get(self, machine=None):
        self.machine.advance(MINUTE)
        return check((machine or self.machine).awstap("get", "work")).json()

    def due(self, *options):
        """What the timer's unit runs, and what it printed."""
        return check(self.rotate("--due", *options)).out

    def overdue(self):
        """The key is to be rotated by itself, and its time has come."""
        check(self.machine.awstap("key", "set", "work", "rotate_every=30d", "duration=36h"))
        self.machine.advance(31 * DAY)

    def works(self):
        """A session that is asked for anew is had."""
        check(self.machine.awstap("lock"))
        return self.get()

    def administrator(self, action, **parameters):
        """What somebody else does at AWS, about alice."""
        admin = self.aws.add_user("admin", admin=True, iam_needs_mfa=False)
        client = signedclient.Client(self.aws.endpoint)
        reply = client.call(signedclient.Keys(admin["access_key_id"], admin["secret"]), action, service="iam",
                            signing={"now_s": self.machine.now_ms() / 1000}, UserName="alice", **parameters)
        client.close()
        self.assertEqual(reply.status, 200, reply.text)
        return reply

    def deny(self, action, **condition):
        document = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": action, "Resource": "*", **condition}]}
        self.administrator("PutUserPolicy", PolicyName="no", PolicyDocument=json.dumps(document))

    def touched(self):
        return self.key.number("touches") - self.touches

    def unproven(self):
        """A rotation up to the touch that proves it."""
        self.key.person("after 1")
        child = self.start("work")
        self.aws.wait(action="CreateAccessKey", settled=True, timeout_ms=PATIENCE * 1000)
        self.key.person("deny")
        self.assert_fails(self.finish(child), 4)
        self.key.person("auto")


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
