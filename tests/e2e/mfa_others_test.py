# SPDX-License-Identifier: BSD-2-Clause
"""awstap mfa add where there is something already: devices of the user's and of others, policies."""

import unittest

from mfa_case import FIDO, FIRST, SECOND, MfaCase
from world import SERIAL, access_key_json, check, wait_for

import totp  # tests/fakeaws


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
        """AWS knows no device while its codes are awaited: nothing is left of it, here nor there."""
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=0, status=404, code="NoSuchEntity", message="gone")
        result = self.mfa()
        self.assertEqual(result.status, 5, result)
        self.assertIn("seed was dropped", result.out)
        self.assert_nothing_unfinished()
        self.assertEqual(self.devices(), {})

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


class ImportedOver(MfaCase):
    """A seed is imported where there is one already, of a device that nobody else has it of."""

    def setUp(self):
        super().setUp()
        self.added()
        self.next_step(2)

    def over(self):
        return self.machine.awstap("mfa", "import", "work", "--mfa-serial", FIRST + "-phone", text="A" * 32)

    def test_no(self):
        self.machine.pinentry("confirm no")
        self.assert_fails(self.over(), 4)
        self.assertIn(f"forgets the seed of {FIRST}, and there may be no other copy", self.machine.dialogs()[-1]["desc"])
        self.assertTrue(self.has_mfa(check(self.machine.awstap("get", "work")).json()))

    def test_yes(self):
        self.machine.pinentry("confirm yes")
        self.assertIn(f"the seed of {FIRST} that was there is forgotten", check(self.over()).out)


class Fido(MfaCase):
    """A user whose security key is at AWS too, for the console."""

    facts = {"mfa": [{"serial": FIDO}]}

    def test_beside_it(self):
        result = self.added()
        self.assertIn(FIDO, result.out)
        self.assertIn("console only", result.out)
        self.assert_has_device(**{FIDO: True})


class Eight(MfaCase):
    """A user with as many MFA devices as AWS lets him have, and of long names."""

    SERIALS = [f"{FIRST}-{n}{'x' * 200}" for n in range(8)]
    facts = {"mfa": [{"serial": serial, "seed_base32": "A" * 64} for serial in SERIALS], "iam_needs_mfa": False}

    def test_all_are_told(self):
        """Whoever the vault knows, it is said of all keys what AWS has besides."""
        check(self.finish(*self.machine.on_terminal("awstap", "key", "rotate", "work")))
        self.assertEqual(self.shown()["strangers"], self.SERIALS)
        for command in (("key", "list"), ("status",), ("doctor",)):
            with self.subTest(command):
                self.assertIn(self.SERIALS[-1], self.machine.awstap(*command).out)

    def test_no_room(self):
        self.refused(5, "8 MFA devices")
        self.assertNotIn("CreateVirtualMFADevice", self.asked())
        self.assert_nothing_unfinished()


class Phone(MfaCase):
    """A user with a phone's device, whose codes are typed: one more beside it, and codes are typed no more."""

    facts = {"with_mfa": True}
    words = ("--mfa-serial", SERIAL)

    def type_code(self):
        step = totp.step_at(self.machine.now_ms())
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
        self.killed_before_it_is_enabled()
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

    def add_key(self):
        """Not before there is a policy: give()."""

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

if __name__ == "__main__":
    unittest.main()
