# SPDX-License-Identifier: BSD-2-Clause
"""awstap mfa add and mfa remove: a virtual MFA device is made with one touch, its seed never seen; whatever comes
between, the next run goes on, and nothing is left at AWS that nobody knows of."""

import base64
import json
import os
import re
import select
import signal
import time
import unittest

import memory
from factors_test import PASSPHRASE
from world import SERIAL, Case, Result, access_key_json, check, read_until, wait_for

import totp  # tests/fakeaws, as the next one
from signedclient import Client, Keys

WAITS = re.compile(r"waiting \d+ s for the next TOTP code")
STEP_MS = 30_000
RETRY_MS = 3000  # between two questions about what AWS does not know everywhere yet
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
        self.now_ms = 0
        self.key = self.machine.enrol()
        self.user = self.aws.add_user("alice", **self.facts)
        check(self.machine.awstap("key", "add", "work", "--sts-endpoint-url", self.aws.endpoint, "--iam-endpoint-url",
                                  self.aws.endpoint, *self.words, text=access_key_json(self.user)))

    # A person who does not like to wait.

    def next_step(self, steps=1):
        self.pass_ms(steps * STEP_MS)

    def pass_ms(self, milliseconds):
        self.now_ms += milliseconds
        self.machine.clock(self.now_ms)

    def begin(self, verb="add", name="work", *options):
        """The command on a terminal of its own: the child and the terminal."""
        return self.machine.on_terminal("awstap", "mfa", verb, name, *options)

    def finish(self, child, terminal, again=None):
        """All that it says until it ends. Whenever it waits for a code, the next step begins; where it waits before it
        asks for the action `again` once more, the time of that comes."""
        seen, waits, asked = "", 0, 0
        while True:
            if again and len(self.settled(again)) > asked:
                asked = len(self.settled(again))
                self.pass_ms(RETRY_MS)
            if not select.select([terminal], [], [], 0.05 if again else 60)[0]:
                self.assertTrue(again, "nothing more was said after " + seen)
                continue
            try:
                more = os.read(terminal, 4096).decode(errors="replace")
            except OSError:
                break
            if not more:
                break
            seen += more.replace("\r", "")
            while len(WAITS.findall(seen)) > waits:
                waits += 1
                self.next_step()
        os.close(terminal)
        return Result(child.wait(60), seen, "")

    def settled(self, action):
        return [request for request in self.actions(action) if request["settled"]]

    def mfa(self, verb="add", name="work", *options, again=None):
        return self.finish(*self.begin(verb, name, *options), again)

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
        return time.time() + self.now_ms / 1000

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


class Add(MfaCase):
    def test_one_touch(self):
        """One touch and the requests that it takes; then sessions have MFA, and those without are forgotten."""
        before = check(self.machine.awstap("get", "work")).json()
        self.assertFalse(self.has_mfa(before))
        since, touches = self.aws.requests()[-1]["index"] + 1, self.key.number("touches")
        result = self.added()
        self.assertEqual(self.asked(since), USUAL)
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertIn(f"work has the MFA device {FIRST}", result.out)
        requests = {request["action"]: request for request in self.aws.requests(since=since)}
        self.assertEqual(requests["CreateVirtualMFADevice"]["parameters"]["VirtualMFADeviceName"], "alice")
        self.assertEqual(requests["GetSessionToken"]["parameters"]["SerialNumber"], FIRST)
        self.assert_has_device()

    def test_progress(self):
        """The person is told what is waited for, and for how long."""
        self.key.person("after 500")
        result = self.added()
        order = ["touch the security key to give work an MFA device", f"the MFA device {FIRST} is made",
                 "s for the next TOTP code", "is alice's now", "s for the next TOTP code", "work has the MFA device"]
        at = 0
        for words in order:
            self.assertIn(words, result.out[at:])
            at = result.out.index(words, at) + len(words)

    def test_stdout(self):
        """Without a terminal one line is printed, and nothing else."""
        self.next_step()
        child = self.machine.start("awstap", "mfa", "add", "work")
        self.aws.wait(action="CreateVirtualMFADevice", settled=True)
        wait_for(lambda: self.shown()["task"], "the seed to be sealed")
        while child.poll() is None:
            used = len(self.asked())
            self.next_step()
            wait_for(lambda: child.poll() is not None or len(self.asked()) > used, "the next request")
        result = check(self.machine.finish(child))
        self.assertEqual(result.err, "")
        self.assertEqual(result.out.count("\n"), 1)
        self.assert_has_device()

    def test_seed_is_nowhere(self):
        """While codes are awaited, and afterwards, the seed is in no file, output or process, nor is the secret."""
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        seed, = self.seeds()
        self.assert_nowhere(seed)
        self.next_step()
        result = check(self.finish(child, terminal))
        self.assertNotIn(seed, result.out)
        self.assert_nowhere(seed)

    def assert_nowhere(self, seed):
        raw = base64.b32decode(seed)
        forms = {seed.encode(), raw, raw.hex().encode(), base64.b64encode(raw)[:-4], base64.b64encode(seed.encode())[:-4]}
        for folder, folders, names in os.walk(self.machine.folder):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and os.path.getsize(path) < 2 ** 20:
                    with open(path, "rb") as file:
                        content = file.read()
                    self.assertEqual([form for form in forms if form in content], [], path)
        if os.geteuid() == 0:
            needles = memory.seed(seed) | memory.access_key(self.user["secret"], regions_used=())
            self.assertEqual([find for pid in self.machine.processes() for find in memory.search(pid, needles)], [])

    @unittest.skipIf(os.geteuid() != 0, "only root can read the memory of these processes")
    def test_search_finds(self):
        """The search would have found it: this very process has it."""
        self.added()
        seed, = self.seeds()
        self.assertNotEqual(memory.search(os.getpid(), memory.seed(seed)), [])

    def test_no_room_for_the_seed(self):
        """The vault can't be written: the device is deleted at AWS again, and the person told."""
        folder = os.path.dirname(self.machine.vault)
        self.aws.fault("delay", on="CreateVirtualMFADevice", ms=1000)
        child, terminal = self.begin()
        self.aws.wait(action="CreateVirtualMFADevice")
        os.mkdir(self.machine.vault + ".new")
        result = self.finish(child, terminal)
        os.rmdir(self.machine.vault + ".new")
        self.assertEqual(result.status, 1, result)
        self.assertIn("deleted at AWS again", result.out)
        self.assertEqual(self.devices(), {})
        self.assertTrue(os.path.isdir(folder))
        self.added()
        self.assert_has_device()


class Codes(MfaCase):
    def test_codes_refused(self):
        """AWS does not take the codes: the next two, which are consecutive again."""
        self.aws.fault("error", on="EnableMFADevice", nth=2, status=403, code="InvalidAuthenticationCode", message="no")
        result = self.added()
        self.assertIn("did not take the codes; trying the next two", result.out)
        self.assertEqual(len(self.actions("EnableMFADevice")), 3)
        self.assert_has_device()

    def test_codes_always_refused(self):
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=0, status=403, code="InvalidAuthenticationCode",
                       message="no")
        self.refused(5, FIRST, "alice")
        self.assertEqual(self.devices(), {FIRST: False})
        self.assertIn("mfa add", self.shown()["task"])
        self.aws.call("clear-faults")
        self.next_step(4)
        self.added()
        self.assert_has_device()
        self.assertEqual(len(self.actions("CreateVirtualMFADevice")), 1)

    def test_first_session_refused(self):
        """A fresh device is not known everywhere yet: the next code is tried."""
        self.aws.fault("error", on="GetSessionToken", nth=2, status=403, code="AccessDenied",
                       message="MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your "
                               "MFA serial number is valid and associated with this user.")
        result = self.added()
        self.assertIn("trying the next one", result.out)
        self.assert_has_device()

    def test_first_session_never_comes(self):
        """It is the user's, but gives no session: said, and tried again by the next run."""
        self.aws.fault("error", on="GetSessionToken", nth=2, count=0, status=403, code="AccessDenied",
                       message="MultiFactorAuthentication failed with invalid MFA one time pass code. ")
        self.refused(5, FIRST, "gave no session with it yet", "run it again")
        self.assertIn("mfa add", self.shown()["task"])
        self.aws.call("clear-faults")
        self.next_step(6)
        since = len(self.aws.requests())
        self.added()
        self.assertEqual(self.asked()[-1], "GetSessionToken")
        self.assertGreaterEqual(len(self.aws.requests()), since)
        self.assert_has_device()


class Inconsistent(MfaCase):
    def test_ten_seconds(self):
        """AWS agrees with itself only after ten seconds."""
        self.aws.call("propagation", ms=10_000)
        self.added()
        self.next_step()
        self.assert_has_device()

    def test_a_minute(self):
        """It is a minute before STS knows of the device."""
        self.aws.call("propagation", ms=65_000)
        result = self.added()
        self.assertIn("trying the next one", result.out)
        self.next_step(3)
        self.assert_has_device()

    def test_flapping(self):
        self.aws.call("propagation", ms=40_000, flapping=True, late_lists=True)
        self.added()
        self.next_step(3)
        self.assert_has_device()

    def test_not_known_yet(self):
        """EnableMFADevice does not know the device at first: it is asked for again."""
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=2, status=404, code="NoSuchEntity",
                       message="no such device")
        result = check(self.mfa(again="EnableMFADevice"))
        self.assertIn("does not know the new MFA device everywhere yet", result.out)
        self.assert_has_device()

    def test_throttled(self):
        """AWS is busy: each action is asked for again."""
        for action in set(USUAL):
            self.aws.fault("throttle", on=action)
        self.aws.fault("throttle", on="EnableMFADevice", nth=3)
        self.added()
        self.assert_has_device()

    def test_server_errors(self):
        for action in set(USUAL):
            self.aws.fault("error", on=action, status=503, code="ServiceUnavailable", message="busy")
        self.aws.fault("error", on="EnableMFADevice", nth=3, status=503, code="ServiceUnavailable", message="busy")
        self.added()
        self.assert_has_device()


class Lost(MfaCase):
    """An answer does not come, whether or not AWS has acted."""

    def test_create(self):
        for what in ("drop-after", "drop-before"):
            with self.subTest(what):
                self.aws.fault(what, on="CreateVirtualMFADevice")
                self.added()
                self.assert_has_device()
                self.next_step(2)
                self.machine.pinentry("confirm yes")
                check(self.mfa("remove"))
                self.assert_has_none()
                self.next_step(2)

    def test_create_twice(self):
        """Both answers are lost: the run ends, and the next one clears away what it made."""
        self.aws.fault("drop-after", on="CreateVirtualMFADevice", count=2)
        result = self.mfa()
        if result.status != 0:
            self.assertIn("mfa add", self.shown()["task"])
            self.added()
        self.assert_has_device()

    def test_look(self):
        """Whether there is such a device may be asked twice."""
        for what in ("drop-after", "drop-before"):
            with self.subTest(what):
                self.aws.fault(what, on="EnableMFADevice")
                self.added()
                self.assert_has_device()
                self.next_step(2)
                self.machine.pinentry("confirm yes")
                check(self.mfa("remove"))
                self.next_step(2)

    def test_enable(self):
        for what in ("drop-after", "drop-before"):
            with self.subTest(what):
                self.aws.fault(what, on="EnableMFADevice", nth=2)
                self.added()
                self.assert_has_device()
                self.next_step(2)
                self.machine.pinentry("confirm yes")
                check(self.mfa("remove"))
                self.next_step(2)

    def test_session(self):
        self.aws.fault("drop-after", on="GetSessionToken", nth=2)
        self.added()
        self.assert_has_device()


class Killed(MfaCase):
    """Every process is killed; the next run goes on."""

    def kill_at(self, act, action, nth=1, waits=0):
        """While AWS's answer to this request is awaited, which it has carried out or not, and before which so many codes
        are."""
        self.aws.fault("hang", on=action, nth=nth, act=act)
        child, terminal = self.begin()
        for _ in range(waits):
            read_until(terminal, "for the next TOTP code")
            self.next_step()
        wait_for(lambda: len(self.actions(action)) == nth, action)
        if act:
            wait_for(lambda: self.actions(action)[-1]["settled"] or self.actions(action)[-1]["acted"], "AWS to act")
        self.kill()
        self.finish(child, terminal)

    def go_on(self):
        self.next_step(2)
        self.added()
        self.assert_has_device()

    def test_before_anything(self):
        self.kill_at(False, "GetSessionToken")
        self.assertEqual(self.devices(), {})
        self.go_on()

    def test_list(self):
        self.kill_at(True, "ListMFADevices")
        self.go_on()

    def test_look(self):
        self.kill_at(True, "EnableMFADevice")
        self.assert_nothing_unfinished()
        self.go_on()

    def test_create_not_done(self):
        self.kill_at(False, "CreateVirtualMFADevice")
        self.assertIn("mfa add", self.shown()["task"])
        self.go_on()
        self.assertEqual(len(self.actions("DeleteVirtualMFADevice")), 0)

    def test_create_done(self):
        """The device is there, and nobody has its seed: it is deleted and made anew."""
        self.kill_at(True, "CreateVirtualMFADevice")
        self.assertEqual(self.devices(), {FIRST: False})
        self.assertIn("mfa add", self.shown()["task"])
        self.assertFalse(self.has_mfa(self.session()))
        self.go_on()
        self.assertEqual(len(self.actions("DeleteVirtualMFADevice")), 1)

    def test_sealed(self):
        """While the second code is awaited: the seed is in the vault, and is used."""
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        self.kill()
        self.finish(child, terminal)
        self.assertEqual(self.devices(), {FIRST: False})
        self.assertFalse(self.has_mfa(self.session()))
        self.go_on()
        self.assertEqual(len(self.actions("CreateVirtualMFADevice")), 1)

    def test_enable_not_done(self):
        self.kill_at(False, "EnableMFADevice", 2, waits=1)
        self.go_on()

    def test_enable_done(self):
        self.kill_at(True, "EnableMFADevice", 2, waits=1)
        self.assertEqual(self.devices(), {FIRST: True})
        self.go_on()

    def test_enable_done_and_not_listed(self):
        """The user may not list devices: that it is in use already says that it is ours."""
        self.kill_at(True, "EnableMFADevice", 2, waits=1)
        self.aws.fault("error", on="ListMFADevices", status=403, code="AccessDenied", message="no")
        self.go_on()

    def test_session_not_done(self):
        self.kill_at(False, "GetSessionToken", 2, waits=2)
        self.go_on()

    def test_session_done(self):
        self.kill_at(True, "GetSessionToken", 2, waits=2)
        self.assertTrue(self.has_mfa(self.session()))
        self.go_on()

    def test_term(self):
        """TERM to all of it while AWS makes the device: its seed is sealed before anything ends."""
        self.aws.fault("delay", on="CreateVirtualMFADevice", ms=500)
        child, terminal = self.begin()
        self.aws.wait(action="CreateVirtualMFADevice")
        for pid in self.machine.processes():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        self.finish(child, terminal)
        wait_for(lambda: not self.machine.processes(), "all of it to end")
        self.go_on()
        self.assertEqual(len(self.actions("CreateVirtualMFADevice")), 1)

    def test_undone(self):
        """Instead of going on, it is undone."""
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        self.kill()
        self.finish(child, terminal)
        self.machine.pinentry("confirm yes")
        check(self.mfa("remove"))
        self.assert_has_none()


class Locked(MfaCase):
    """`lock` holds: nothing that was begun before it brings K_rec or a session back."""

    def setUp(self):
        super().setUp()
        check(self.machine.awstap("key", "set", "work", "rotate_every=1h"))
        self.pass_ms(2 * 3600_000)

    def lock(self):
        touches = self.key.number("touches")
        check(self.machine.awstap("lock"))
        return touches

    def assert_locked(self, child, terminal, touches):
        result = self.finish(child, terminal)
        self.assertEqual(result.status, 4, result)
        self.assertIn("awstap: mfa add work: the agent was locked meanwhile; run it again", result.out)
        wait_for(lambda: not self.machine.processes("awstap-signer"), "the signer to end")
        due = check(self.machine.awstap("key", "rotate", "--due"))
        self.assertIn("work: waits for the next touch", due.out)
        self.assertEqual(self.actions("CreateAccessKey"), [])
        self.assertEqual(self.key.number("touches"), touches)

    def test_while_a_code_is_awaited(self):
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        self.assert_locked(child, terminal, self.lock())
        self.next_step(2)
        self.added()

    def test_while_aws_makes_the_device(self):
        """Its seed is sealed nonetheless."""
        self.aws.fault("delay", on="CreateVirtualMFADevice", ms=1000)
        child, terminal = self.begin()
        self.aws.wait(action="CreateVirtualMFADevice")
        self.assert_locked(child, terminal, self.lock())
        self.next_step(2)
        self.added()
        self.assertEqual(len(self.actions("CreateVirtualMFADevice")), 1)

    def test_who_waits_for_it(self):
        """What waits for its turn ends as well, and asks nobody."""
        dialogs = self.machine.dialogs()
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        waiting, other = self.begin("remove")
        read_until(other, "this one comes after it")
        touches = self.lock()
        self.assertEqual(self.finish(waiting, other).status, 4)
        self.assert_locked(child, terminal, touches)
        self.assertEqual(self.machine.dialogs(), dialogs)


class Others(MfaCase):
    """What the user has already, and what may not be done."""

    def test_done_already(self):
        self.added()
        self.refused(1, FIRST, "awstap mfa add --replace work")
        self.assertEqual(self.asked().count("CreateVirtualMFADevice"), 1)

    def test_name_taken(self):
        """A device of that name is there and is not the user's: another name."""
        self.aws.add_user("bob", mfa=[{"serial": FIRST, "seed_base32": "A" * 64}])
        result = self.added()
        self.assertIn("trying another name", result.out)
        self.assertEqual(self.devices(), {SECOND: True})
        self.assert_has_device(SECOND)

    def test_not_allowed(self):
        self.aws.fault("error", on="CreateVirtualMFADevice", status=403, code="AccessDenied",
                       message="User: alice is not authorized to perform: iam:CreateVirtualMFADevice")
        self.refused(5, FIRST, "awstap iam-policy --bootstrap")
        self.assert_nothing_unfinished()
        self.assert_has_none()

    def test_enabling_not_allowed(self):
        """Nothing is made that could not be enabled."""
        self.aws.fault("error", on="EnableMFADevice", status=403, code="AccessDenied", message="no")
        self.refused(5, "enable", FIRST, "awstap iam-policy --bootstrap")
        self.assertNotIn("CreateVirtualMFADevice", self.asked())
        self.assert_nothing_unfinished()

    def test_aws_does_not_say_what_it_has(self):
        self.aws.fault("drop-before", on="EnableMFADevice", count=0)
        self.refused(5, "run it again")
        self.assertNotIn("CreateVirtualMFADevice", self.asked())
        self.assert_nothing_unfinished()

    def test_second_name_not_allowed(self):
        self.aws.add_user("bob", mfa=[{"serial": FIRST, "seed_base32": "A" * 64}])
        self.aws.fault("error", on="CreateVirtualMFADevice", status=403, code="AccessDenied", message="no")
        self.refused(5, FIRST, SECOND)
        self.assert_nothing_unfinished()

    def test_seed_taken_back(self):
        """Somebody deletes the device while its codes are awaited: nothing is left of it here."""
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=0, status=404, code="NoSuchEntity", message="gone")
        result = self.mfa(again="EnableMFADevice")
        self.assertEqual(result.status, 5, result)
        self.assertIn("seed was dropped", result.out)
        self.assert_nothing_unfinished()

    def test_network_down(self):
        """Said before anyone is asked to touch."""
        self.aws.fault("drop-before", on="CONNECT", count=0)
        touches = self.key.number("touches")
        self.assertEqual(self.mfa().status, 5)
        self.assertEqual(self.key.number("touches"), touches)

    def test_no_touch(self):
        self.key.person("deny")
        self.assertEqual(self.mfa().status, 4)
        self.assert_nothing_unfinished()
        self.assertEqual(self.asked(), ["GetCallerIdentity"])

    def test_unknown_key(self):
        result = self.machine.awstap("mfa", "add", "nothing")
        self.assert_fails(result, 1, "there is no key nothing")

    def test_import_meanwhile(self):
        """A seed made elsewhere does not take the place of one that is being made."""
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=0, status=403, code="InvalidAuthenticationCode",
                       message="no")
        self.refused(5)
        result = self.machine.awstap("mfa", "import", "work", "--mfa-serial", FIRST, text="A" * 32)
        self.assert_fails(result, 1, "awstap mfa add work", "awstap mfa remove work")


class HandedOut(MfaCase):
    """An administrator has made a device called like the user and handed out its QR code; nobody has enabled it yet. It
    stays, whatever comes between."""

    def hand_out(self):
        self.as_admin("CreateVirtualMFADevice", VirtualMFADeviceName="alice")
        self.theirs = self.seeds()

    def assert_stayed(self):
        self.assert_has_device(SECOND, **{FIRST: False})
        self.assertEqual([seed for seed in self.seeds() if seed in self.theirs], self.theirs)

    def clean_up(self):
        self.next_step(2)
        self.machine.pinentry("confirm yes")
        check(self.mfa("remove"))
        self.as_admin("DeleteVirtualMFADevice", SerialNumber=FIRST)
        self.next_step(2)

    def test_told(self):
        self.hand_out()
        result = self.added()
        self.assertIn(f"AWS has an MFA device {FIRST} already, which is not this user's; trying another name", result.out)
        self.assertIn(f"work has the MFA device {SECOND}", result.out)
        self.assertEqual(self.actions("DeleteVirtualMFADevice"), [])
        self.assert_stayed()

    def test_create_lost(self):
        for what in ("drop-after", "drop-before"):
            with self.subTest(what):
                self.hand_out()
                self.aws.fault(what, on="CreateVirtualMFADevice")
                self.assertIn(f"work has the MFA device {SECOND}", self.added().out)
                self.assert_stayed()
                self.clean_up()

    def kill_at_create(self, act):
        """The intent is noted; AWS has made the device or not."""
        self.hand_out()
        before = len(self.actions("CreateVirtualMFADevice"))
        self.aws.fault("hang", on="CreateVirtualMFADevice", act=act)
        child, terminal = self.begin()
        wait_for(lambda: len(self.actions("CreateVirtualMFADevice")) > before, "the request")
        wait_for(lambda: not act or self.actions("CreateVirtualMFADevice")[-1]["acted"], "AWS to act")
        self.kill()
        self.finish(child, terminal)
        self.assertIn("mfa add", self.shown()["task"])
        self.assertEqual(self.devices(), {FIRST: False, SECOND: False} if act else {FIRST: False})

    def test_killed(self):
        for act in (False, True):
            with self.subTest(act):
                self.kill_at_create(act)
                self.next_step(2)
                self.assertIn(f"work has the MFA device {SECOND}", self.added().out)
                self.assert_stayed()
                self.clean_up()

    def test_undone(self):
        """mfa remove takes away what an interrupted run may have made, and nothing else."""
        self.kill_at_create(True)
        self.machine.pinentry("confirm yes")
        check(self.mfa("remove"))
        self.assert_has_none(**{FIRST: False})

    def test_meanwhile(self):
        """It is made when awstap has looked already: no intent of its name is left for a next run to act on."""
        self.aws.fault("delay", on="CreateVirtualMFADevice", ms=4000)
        self.aws.fault("error", on="EnableMFADevice", nth=2, status=403, code="AccessDenied", message="no")
        child, terminal = self.begin()
        self.aws.wait(action="CreateVirtualMFADevice")
        self.hand_out()
        result = self.finish(child, terminal)
        self.assertEqual(result.status, 5, result)
        self.assertIn(f"enable the MFA device {SECOND}", result.out)
        self.assert_nothing_unfinished()
        self.next_step(2)
        self.added()
        self.assert_stayed()


class Fido(MfaCase):
    """A user whose security key is at AWS too, for the console."""

    facts = {"mfa": [{"serial": FIDO}]}

    def test_beside_it(self):
        result = self.added()
        self.assertIn(FIDO, result.out)
        self.assertIn("console only", result.out)
        self.assert_has_device(**{FIDO: True})


class Eight(MfaCase):
    facts = {"mfa": [{"serial": f"{FIRST}-{n}", "seed_base32": "A" * 64} for n in range(8)], "iam_needs_mfa": False}

    def test_no_room(self):
        self.refused(5, "8 MFA devices")
        self.assertNotIn("CreateVirtualMFADevice", self.asked())
        self.assert_nothing_unfinished()


class Phone(MfaCase):
    """A user with a phone's device, whose codes are typed: one more beside it, and codes are typed no more."""

    facts = {"with_mfa": True}
    words = ("--mfa-serial", SERIAL)

    def type_code(self):
        step = totp.step_at(int(time.time() * 1000) + self.now_ms)
        self.machine.pinentry("pin " + totp.code_for(self.user["seed_base32"], step))

    def test_beside_it(self):
        self.type_code()
        result = self.added()
        self.assertIn(f"{FIRST} stays", result.out)
        self.machine.pinentry()
        self.assert_has_device(SECOND, **{FIRST: True})

    def test_interrupted(self):
        """Until the new device is the user's, the phone's is used."""
        self.type_code()
        child, terminal = self.begin()
        read_until(terminal, "for the next TOTP code")
        self.kill()
        self.finish(child, terminal)
        self.assertEqual(self.shown()["mfa_serial"], FIRST)
        self.next_step(2)
        self.type_code()
        self.assertTrue(self.has_mfa(check(self.machine.awstap("get", "work")).json()))
        self.next_step(2)
        self.type_code()
        self.added()
        self.machine.pinentry()
        self.assert_has_device(SECOND, **{FIRST: True})

    def test_not_removed(self):
        self.refused(1, FIRST, "AWS console", verb="remove")


class Policies(MfaCase):
    """A user who may do what awstap iam-policy says, and nothing else."""

    def setUp(self):
        Case.setUp(self)
        self.now_ms = 0
        self.key = self.machine.enrol()

    def give(self, name, *options):
        """A user with that policy, and its key in the vault as work."""
        document = check(self.machine.awstap("iam-policy", *options)).json()
        self.user = self.aws.add_user(name, with_mfa=False, only_policies=True, policies={"awstap": document})
        check(self.machine.awstap("key", "add", "work", "--sts-endpoint-url", self.aws.endpoint, "--iam-endpoint-url",
                                  self.aws.endpoint, text=access_key_json(self.user)))

    def test_bootstrap(self):
        """The policy for the beginning is enough, also after AWS's answer was lost."""
        self.give("alice", "--bootstrap")
        self.aws.fault("drop-after", on="EnableMFADevice", nth=2)
        self.added()
        self.assert_has_device()
        self.next_step(2)
        self.machine.pinentry("confirm yes")
        check(self.mfa("remove"))
        self.assertEqual(self.devices(), {})

    def test_bootstrap_where_the_name_is_taken(self):
        """It allows no other name: what to do is said, and is enough."""
        self.give("alice", "--bootstrap")
        self.as_admin("CreateVirtualMFADevice", VirtualMFADeviceName="alice")
        self.refused(5, FIRST, "is not alice's", SECOND, "have the first one deleted if nobody uses it")
        self.assert_nothing_unfinished()
        self.assertEqual(self.devices(), {FIRST: False})
        self.as_admin("DeleteVirtualMFADevice", SerialNumber=FIRST)
        self.added()
        self.assert_has_device()

    def test_replaced_under_the_final_one(self):
        """It asks for MFA, which the device before gives: nobody is locked out."""
        self.give("alice", "--bootstrap")
        self.added()
        self.as_admin("PutUserPolicy", UserName="alice", PolicyName="awstap",
                      PolicyDocument=check(self.machine.awstap("iam-policy")).out)
        self.next_step(2)
        check(self.mfa("add", "work", "--replace"))
        self.assert_has_device(SECOND)
        self.assertEqual(list(self.devices()), [SECOND])

    def test_final(self):
        """The final policy lets nobody add a device without MFA: which one does is said."""
        self.give("alice")
        self.refused(5, "alice", "awstap iam-policy --bootstrap")
        self.assert_nothing_unfinished()
        self.assertEqual(self.devices(), {})


class Remove(MfaCase):
    def setUp(self):
        super().setUp()
        self.added()
        self.next_step(2)

    def remove(self, **more):
        self.machine.pinentry("confirm yes")
        return self.mfa("remove", **more)

    def test_removed(self):
        """A dialog that says what it means, one touch, two requests; no device, no seed, no serial."""
        since, touches = self.aws.requests()[-1]["index"] + 1, self.key.number("touches")
        result = check(self.remove())
        self.assertIn(f"{FIRST} is deleted", result.out)
        dialog, = self.machine.dialogs()
        for words in ("Remove the MFA device of work", FIRST, "alice"):
            self.assertIn(words, dialog["desc"])
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertEqual(self.asked(since), ["GetSessionToken", "DeactivateMFADevice", "DeleteVirtualMFADevice"])
        self.assert_has_none()

    def test_added_again(self):
        check(self.remove())
        self.next_step(2)
        self.added()
        self.assert_has_device()

    def test_not_confirmed(self):
        self.machine.pinentry("cancel")
        self.assertEqual(self.mfa("remove").status, 4)
        self.assert_has_device()

    def test_lost(self):
        for action in ("DeactivateMFADevice", "DeleteVirtualMFADevice"):
            self.aws.fault("drop-after", on=action)
        check(self.remove())
        self.assert_has_none()

    def kill_at(self, action, act):
        self.aws.fault("hang", on=action, act=act)
        self.machine.pinentry("confirm yes")
        child, terminal = self.begin("remove")
        self.aws.wait(action=action)
        if act:
            wait_for(lambda: self.actions(action)[-1]["acted"], "AWS to act")
        self.kill()
        self.finish(child, terminal)
        self.assertIn("mfa remove", self.shown()["task"])
        self.next_step(2)
        check(self.machine.awstap("get", "work"))  # the key works, whichever way
        self.next_step(2)
        check(self.remove())
        self.assert_has_none()

    def test_killed_before_deactivate(self):
        self.kill_at("DeactivateMFADevice", False)

    def test_killed_after_deactivate(self):
        self.kill_at("DeactivateMFADevice", True)

    def test_killed_before_delete(self):
        self.kill_at("DeleteVirtualMFADevice", False)

    def test_killed_after_delete(self):
        self.kill_at("DeleteVirtualMFADevice", True)

    def test_gone_at_aws(self):
        """Somebody has removed it in the console: what is left of it here goes too."""
        session = self.session()
        client = Client(self.aws.endpoint)
        keys = Keys(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        for action, more in (("DeactivateMFADevice", {"UserName": "alice"}), ("DeleteVirtualMFADevice", {})):
            reply = client.call(keys, action, service="iam", SerialNumber=FIRST,
                                signing={"now_s": self.aws_now()}, **more)
            self.assertEqual(reply.status, 200, reply.text)
        client.close()
        self.next_step(2)
        check(self.remove())
        self.assert_has_none()

    def test_conflict(self):
        """AWS does not see at once that it has no user any more."""
        self.aws.fault("error", on="DeleteVirtualMFADevice", status=409, code="DeleteConflict", message="in use")
        check(self.remove(again="DeleteVirtualMFADevice"))
        self.assert_has_none()

    def test_not_allowed(self):
        self.aws.fault("error", on="DeactivateMFADevice", status=403, code="AccessDenied", message="no")
        self.machine.pinentry("confirm yes")
        self.refused(5, "deactivate", FIRST, "awstap iam-policy", verb="remove")
        self.assert_has_device()

    def test_no_device(self):
        check(self.remove())
        self.refused(1, "work has no MFA device", verb="remove")


class Replace(MfaCase):
    """A seed that may be in other hands: a new device, made with the MFA of the old one, which goes last."""

    REST = [*USUAL[1:], "DeactivateMFADevice", "DeleteVirtualMFADevice"]

    def setUp(self):
        super().setUp()
        self.added()
        self.next_step(2)
        self.before = self.seeds()

    def replace(self):
        return self.mfa("add", "work", "--replace")

    def assert_replaced(self, serial=SECOND):
        """AWS has the new device alone, the vault its seed alone, and nothing is unfinished."""
        self.assert_has_device(serial)
        self.assertEqual(list(self.devices()), [serial])
        self.assertNotEqual(self.seeds(), self.before)

    def test_one_touch(self):
        since, touches = self.aws.requests()[-1]["index"] + 1, self.key.number("touches")
        result = check(self.replace())
        self.assertIn(f"work has the MFA device {SECOND}", result.out)
        self.assertIn(f"{FIRST} is deleted, and its seed", result.out)
        self.assertNotIn("stays", result.out)
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertEqual(self.asked(since), ["GetSessionToken", *self.REST])
        self.assert_replaced()

    def test_and_back(self):
        """The name is free again."""
        check(self.replace())
        self.next_step(2)
        check(self.replace())
        self.assert_replaced(FIRST)

    def test_second_name_not_allowed(self):
        """The usual policies allow one name, which the device before has: which one allows more is said."""
        self.aws.fault("error", on="CreateVirtualMFADevice", status=403, code="AccessDenied", message="no")
        result = self.refused(5, SECOND, "AccessDenied", "awstap iam-policy prints", options=("--replace",))
        self.assertNotIn("bootstrap", result.out)
        self.assert_has_device()

    def test_enabling_not_allowed(self):
        self.aws.fault("error", on="EnableMFADevice", status=403, code="AccessDenied", message="no")
        result = self.refused(5, "enable", SECOND, "awstap iam-policy prints", options=("--replace",))
        self.assertNotIn("bootstrap", result.out)
        self.assert_has_device()

    def test_back_not_allowed(self):
        """The policy for a user without MFA is none for one who has it, whatever the device is called."""
        check(self.replace())
        self.next_step(2)
        self.aws.fault("error", on="CreateVirtualMFADevice", status=403, code="AccessDenied", message="no")
        result = self.refused(5, FIRST, "awstap iam-policy prints", options=("--replace",))
        self.assertNotIn("bootstrap", result.out)
        self.assert_has_device(SECOND)

    def test_nothing_to_replace(self):
        self.machine.pinentry("confirm yes")
        check(self.mfa("remove"))
        self.refused(1, "none to replace", "awstap mfa add work", options=("--replace",))

    def killed(self, action, act, waits, nth=1):
        """While AWS's answer to this request is awaited, before which so many codes are."""
        before = len(self.actions(action))
        self.aws.fault("hang", on=action, nth=nth, act=act)
        child, terminal = self.begin("add", "work", "--replace")
        for _ in range(waits):
            read_until(terminal, "for the next TOTP code")
            self.next_step()
        wait_for(lambda: len(self.actions(action)) == before + nth, action)
        if act:
            wait_for(lambda: self.actions(action)[-1]["acted"], "AWS to act")
        self.kill()
        self.finish(child, terminal)

    def test_old_one_works_until_the_new_one_does(self):
        """Before the new one is enabled, sessions come by the old device; the next run goes on, with the option or without."""
        self.killed("EnableMFADevice", False, 1, nth=2)
        self.assertEqual(self.shown()["mfa_serial"], FIRST)
        self.assertTrue(self.has_mfa(self.session()))
        self.next_step(2)
        self.added()
        self.assert_replaced()

    def killed_while_removing(self, action, act):
        self.killed(action, act, 2)
        self.assertEqual(self.shown()["mfa_serial"], SECOND)
        self.assertTrue(self.has_mfa(self.session()))

    def test_killed_before_deactivate(self):
        self.killed_while_removing("DeactivateMFADevice", False)
        self.next_step(2)
        check(self.replace())
        self.assert_replaced()

    def test_killed_after_delete(self):
        self.killed_while_removing("DeleteVirtualMFADevice", True)
        self.next_step(2)
        self.added()
        self.assert_replaced()

    def test_remove_goes_on_with_it(self):
        """mfa remove takes away what was to go, and not what the key goes by now."""
        self.killed_while_removing("DeactivateMFADevice", False)
        self.next_step(2)
        self.machine.pinentry("confirm yes")
        result = check(self.mfa("remove"))
        self.assertIn(f"{FIRST} is deleted, and its seed; work has the MFA device {SECOND}", result.out)
        self.assertEqual(self.devices(), {SECOND: True})
        self.next_step(2)
        self.added()
        self.assert_replaced()

    def test_old_one_stays_where_aws_says_so(self):
        """The key goes by the new one; what is left is said, and done by the next run."""
        self.aws.fault("error", on="DeactivateMFADevice", status=403, code="AccessDenied", message="no")
        self.refused(5, "goes by its new MFA device", FIRST, "deactivate", "awstap iam-policy", options=("--replace",))
        self.assertEqual(self.shown()["mfa_serial"], SECOND)
        self.next_step(2)
        self.added()
        self.assert_replaced()


class KeyRemoved(MfaCase):
    """With a key its seed is destroyed: the device that nobody has the codes of any more is named."""

    def removed(self):
        result = check(self.machine.awstap("key", "remove", "work"))
        self.assertIn(self.user["access_key_id"], result.out)
        return result.out

    def test_finished(self):
        self.added()
        self.assertIn(f"delete there {self.user['access_key_id']} and {FIRST}", self.removed())

    def test_unfinished(self):
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=0, status=400, code="ValidationError", message="no")
        self.refused(5, "ValidationError")
        self.assertIn(FIRST, self.removed())

    def test_in_the_dialog(self):
        self.added()
        self.machine.pinentry("pin " + PASSPHRASE)
        check(self.machine.awstap("factor", "add", "passphrase"))
        self.key.unplug()
        self.machine.pinentry("pin " + PASSPHRASE)
        self.removed()
        self.assertIn(f"With it stays at AWS: {FIRST}", self.machine.dialogs()[-1]["desc"])

    def test_none(self):
        self.assertNotIn("mfa/", self.removed())


class Shared(MfaCase):
    """Two access keys of one user in the vault, which go by one device: it goes with the last of them."""

    def setUp(self):
        super().setUp()
        self.added()
        made = self.as_admin("CreateAccessKey", UserName="alice")
        text = json.dumps({name: made.field(name) for name in ("AccessKeyId", "SecretAccessKey")})
        check(self.machine.awstap("key", "add", "home", "--sts-endpoint-url", self.aws.endpoint, "--iam-endpoint-url",
                                  self.aws.endpoint, text=text))
        check(self.machine.awstap("mfa", "import", "home", "--mfa-serial", FIRST, text=self.seeds()[0]))
        self.machine.pinentry("confirm yes", "confirm yes")
        self.next_step(2)

    def assert_home_works(self):
        self.next_step(2)
        self.assertTrue(self.has_mfa(check(self.machine.awstap("get", "home")).json()))

    def test_remove(self):
        result = check(self.mfa("remove"))
        self.assertIn("home goes by it too", self.machine.dialogs()[-1]["desc"])
        self.assertIn(f"work does not go by {FIRST} any more; it stays at AWS, as home goes by it too", result.out)
        self.assert_has_none(**{FIRST: True})
        self.assert_home_works()
        self.next_step(2)
        self.assertIn(f"{FIRST} is deleted", check(self.mfa("remove", "home")).out)
        self.assertEqual(self.devices(), {})

    def test_replace(self):
        result = check(self.mfa("add", "work", "--replace"))
        self.assertIn(f"{FIRST} stays, as home goes by it too: awstap mfa add --replace home", result.out)
        self.assert_has_device(SECOND, **{FIRST: True})
        self.assert_home_works()
        self.next_step(2)
        self.assertIn(f"{FIRST} is deleted", check(self.mfa("add", "home", "--replace")).out)
        self.assertNotIn(FIRST, self.devices())
        self.assert_home_works()

    def test_key_remove(self):
        self.assertNotIn(FIRST, check(self.machine.awstap("key", "remove", "home")).out)
        self.assertIn(FIRST, check(self.machine.awstap("key", "remove", "work")).out)


if __name__ == "__main__":
    unittest.main()
