# SPDX-License-Identifier: BSD-2-Clause
"""awstap mfa add: a virtual MFA device is made with one touch, its seed never seen; whatever comes between, the next run
goes on, and nothing is left at AWS that nobody knows of."""

import base64
import os
import signal
import unittest

import memory
from mfa_case import FIRST, USUAL, MfaCase
from world import check, read_until, wait_for


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
        child, terminal = self.begin()
        shown = ""
        for _ in range(2):
            shown += read_until(terminal, "for the next TOTP code")
            self.next_step()
        shown += check(self.finish(child, terminal)).out
        order = ["touch the security key to give work an MFA device", f"the MFA device {FIRST} is made",
                 "s for the next TOTP code", "is alice's now", "s for the next TOTP code", "work has the MFA device"]
        at = 0
        for words in order:
            self.assertIn(words, shown[at:])
            at = shown.index(words, at) + len(words)

    def test_stdout(self):
        """Without a terminal one line is printed, and nothing else."""
        self.next_step()
        child = self.machine.start("awstap", "mfa", "add", "work")
        self.aws.wait(action="CreateVirtualMFADevice", settled=True)
        wait_for(lambda: self.shown()["task"], "the seed to be sealed")
        wait_for(lambda: child.poll() is not None or self.points.hurry(), "its end")
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
        result = check(self.mfa())
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

    def lost(self, nth):
        """The nth EnableMFADevice, before AWS has acted and after: it is made all the same."""
        for what in ("drop-after", "drop-before"):
            with self.subTest(what):
                self.aws.fault(what, on="EnableMFADevice", nth=nth)
                self.added()
                self.assert_has_device()
                self.next_step(2)
                self.machine.pinentry("confirm yes")
                check(self.mfa("remove"))
                self.next_step(2)

    def test_look(self):
        """Whether there is such a device may be asked twice."""
        self.lost(1)

    def test_enable(self):
        self.lost(2)

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
        self.killed_before_it_is_enabled()
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
        self.killed_before_it_is_enabled()
        self.machine.pinentry("confirm yes")
        check(self.mfa("remove"))
        self.assert_has_none()


class Locked(MfaCase):
    """`lock` holds: nothing that was begun before it brings K_rec or a session back."""

    def setUp(self):
        super().setUp()
        check(self.machine.awstap("key", "set", "work", "rotate_every=1h"))
        self.machine.advance(2 * 3600_000)

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

if __name__ == "__main__":
    unittest.main()
