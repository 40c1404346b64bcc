# SPDX-License-Identifier: BSD-2-Clause
"""A key whose user has no MFA device yet, and a person who gives it one."""

import os
import signal

from world import Case, Result, access_key_json, check, read_until, wait_for

from points import Points
from signedclient import Client, Keys  # tests/fakeaws

STEP_MS = 30_000
FIRST = "arn:aws:iam::123456789012:mfa/alice"
SECOND = FIRST + "-awstap"
FIDO = "arn:aws:iam::123456789012:u2f/user/alice/blue-ABCDEFGHIJ"
# The first EnableMFADevice asks whether there is such a device, the second one enables it.
USUAL = ["GetSessionToken", "ListMFADevices", "EnableMFADevice", "CreateVirtualMFADevice", "EnableMFADevice",
         "GetSessionToken"]


class MfaCase(Case):
    """A key whose user has no MFA device yet."""

    facts = {"with_mfa": False}
    words = ()  # more options of key add

    def setUp(self):
        super().setUp()
        self.points = Points(self.machine)
        self.key = self.machine.enrol()
        self.add_key()

    def add_key(self):
        self.user = self.aws.add_user("alice", **self.facts)
        check(self.machine.awstap("key", "add", "work", "--sts-endpoint-url", self.aws.endpoint, "--iam-endpoint-url",
                                  self.aws.endpoint, *self.words, text=access_key_json(self.user)))

    # A person who does not like to wait.

    def next_step(self, steps=1):
        self.machine.advance(steps * STEP_MS)

    def begin(self, verb="add", name="work", *options):
        """The command on a terminal of its own: the child and the terminal."""
        return self.machine.on_terminal("awstap", "mfa", verb, name, *options)

    def finish(self, child, terminal):
        """All that it says until it ends; where it waits for time to pass, that passes."""
        shown = self.points.read(terminal)
        os.close(terminal)
        return Result(child.wait(60), shown, "")

    def mfa(self, verb="add", name="work", *options):
        return self.finish(*self.begin(verb, name, *options))

    def killed_before_it_is_enabled(self):
        """Its codes are awaited; where they come sooner than the end, AWS does not get them."""
        self.aws.fault("hang", on="EnableMFADevice", nth=2, act=False)
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        self.kill()
        self.finish(child, terminal)

    def added(self):
        return check(self.mfa())

    def refused(self, status, *words, verb="add", options=()):
        """It fails with one line that says all of these words."""
        result = self.mfa(verb, "work", *options)
        self.assertEqual(result.status, status, result)
        line = [line for line in result.out.splitlines() if line.startswith(f"awstap: mfa {verb} work: ")]
        self.assertEqual(len(line), 1, result)
        for word in words:
            self.assertIn(word, line[0])
        return result

    def as_admin(self, action, **parameters):
        """What an administrator does at AWS meanwhile."""
        admin = self.aws.add_user("admin", admin=True, with_mfa=False, iam_needs_mfa=False)
        client = Client(self.aws.endpoint)
        reply = client.call(Keys(admin["access_key_id"], admin["secret"]), action, service="iam",
                            signing={"now_s": self.aws_now()}, **parameters)
        client.close()
        self.assertEqual(reply.status, 200, reply.text)
        return reply

    # What is known of it.

    def asked(self, since=0):
        """The actions that AWS was asked for, in order."""
        return [request["action"] for request in self.aws.requests(since=since) if request["api"]]

    def shown(self):
        return check(self.machine.awstap("key", "show", "work", "--json")).json()

    def devices(self):
        """The virtual devices at AWS, by serial: whether one is the user's."""
        return {device["serial"]: device["enabled"] for device in self.aws.audit("alice")["mfa"]}

    def seeds(self):
        return [device["seed_base32"] for device in self.aws.audit("alice")["mfa"] if device["seed_base32"]]

    def session(self):
        """A session of the key, by a code that is not used yet."""
        self.next_step(2)
        return check(self.machine.awstap("get", "work")).json()

    def has_mfa(self, session):
        """Whether AWS knows the session as MFA-authenticated: without, it can call nothing of IAM's."""
        client = Client(self.aws.endpoint)
        keys = Keys(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        reply = client.call(keys, "ListMFADevices", service="iam", UserName="alice",
                            signing={"now_s": self.aws_now()})
        client.close()
        return reply.status == 200

    def aws_now(self):
        return self.machine.now_ms() / 1000

    def assert_has_device(self, serial=FIRST, **others):
        """The user has it, the vault has its seed, nothing is unfinished, and sessions have MFA."""
        self.assertEqual(self.devices(), {serial: True, **others})
        shown = self.shown()
        self.assertEqual((shown["mfa_serial"], shown["has_seed"]), (serial, True))
        self.assert_nothing_unfinished()
        self.assertTrue(self.has_mfa(self.session()))

    def assert_has_none(self, **others):
        self.assertEqual(self.devices(), others)
        shown = self.shown()
        self.assertEqual((shown["mfa_serial"], shown["has_seed"]), ("", False))
        self.assert_nothing_unfinished()
        self.assertFalse(self.has_mfa(self.session()))

    def assert_nothing_unfinished(self):
        self.assertEqual(self.shown()["task"], "")

    def kill(self):
        """The power fails: every process dies at once."""
        for pid in self.machine.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for(lambda: not self.machine.processes(), "the processes to die")
        self.aws.call("clear-faults")
