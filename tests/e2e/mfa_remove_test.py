# SPDX-License-Identifier: BSD-2-Clause
"""awstap mfa remove, and mfa add --replace: a device goes, and nothing that is still used goes with it."""

import json
import unittest

from factors_test import PASSPHRASE
from mfa_case import FIRST, SECOND, USUAL, MfaCase
from world import check, read_until, wait_for

from signedclient import Client, Keys  # tests/fakeaws


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

    def killed(self, action, act):
        """While AWS's answer to this request is awaited, which it has carried out or not."""
        self.aws.fault("hang", on=action, act=act)
        self.machine.pinentry("confirm yes")
        child, terminal = self.begin("remove")
        self.aws.wait(action=action)
        if act:
            wait_for(lambda: self.actions(action)[-1]["acted"], "AWS to act")
        self.kill()
        self.finish(child, terminal)
        self.next_step(2)

    def kill_at(self, action, act):
        self.killed(action, act)
        self.assertIn("mfa remove", self.shown()["task"])
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

    def test_off_and_no_mfa_any_more(self):
        """Killed when the device was off, under a policy that asks for MFA: which one lets the rest be done is said."""
        document = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "iam:DeactivateMFADevice", "Resource": "*",
             "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]}
        self.as_admin("PutUserPolicy", UserName="alice", PolicyName="mfa", PolicyDocument=json.dumps(document))
        self.killed("DeleteVirtualMFADevice", False)
        check(self.remove())
        self.assert_has_none()

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
        check(self.remove())
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

    def test_new_one_deleted_before_the_old_one_is(self):
        """By somebody else: the device that works, and its seed, are still there, and there is a way back to them."""
        self.killed_while_removing("DeactivateMFADevice", False)
        self.as_admin("DeactivateMFADevice", UserName="alice", SerialNumber=SECOND)
        self.as_admin("DeleteVirtualMFADevice", SerialNumber=SECOND)
        check(self.machine.awstap("lock"))
        self.next_step(12)
        self.assert_fails(self.machine.awstap("get", "work"), 5, SECOND, f"awstap mfa remove work goes back to {FIRST}")
        self.next_step(2)
        self.machine.pinentry("confirm yes")
        self.assertIn(f"work goes by {FIRST} again", check(self.mfa("remove")).out)
        self.assert_has_device(FIRST)
        self.next_step(2)
        check(self.replace())
        self.assertEqual(list(self.devices().values()), [True])

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


class TwoKeys(MfaCase):
    """Two access keys of one user in the vault, which go by one device."""

    def setUp(self):
        super().setUp()
        self.added()
        self.add_home()
        self.machine.pinentry("confirm yes", "confirm yes")
        self.next_step(2)

    def add_home(self, *words):
        made = self.as_admin("CreateAccessKey", UserName="alice")
        text = json.dumps({name: made.field(name) for name in ("AccessKeyId", "SecretAccessKey")})
        check(self.machine.awstap("key", "add", "home", "--sts-endpoint-url", self.aws.endpoint, "--iam-endpoint-url",
                                  self.aws.endpoint, *words, text=text))

    def assert_home_works(self):
        self.next_step(2)
        self.assertTrue(self.has_mfa(check(self.machine.awstap("get", "home")).json()))


class Shared(TwoKeys):
    """Each has its seed: the device goes with the last of them."""

    def add_home(self, *words):
        super().add_home(*words)
        check(self.machine.awstap("mfa", "import", "home", "--mfa-serial", FIRST, text=self.seeds()[0]))

    def test_remove(self):
        result = check(self.mfa("remove"))
        self.assertIn("home goes by it too", self.machine.dialogs()[-1]["desc"])
        self.assertIn(f"work does not go by {FIRST} any more; it stays at AWS, and its seed here, as home goes by it too",
                      result.out)
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


class SharedSeed(TwoKeys):
    """The second one's codes come from the first one's seed, which nobody else has."""

    def add_home(self, *words):
        super().add_home("--mfa-serial", FIRST, *words)

    def assert_home_has_it(self):
        self.assert_home_works()
        self.machine.pinentry("confirm yes")
        self.next_step(2)
        self.assertIn(f"{FIRST} is deleted, and its seed", check(self.mfa("remove", "home")).out)
        self.assertNotIn(FIRST, self.devices())

    def test_remove(self):
        check(self.mfa("remove"))
        self.assert_home_has_it()

    def test_replace(self):
        check(self.mfa("add", "work", "--replace"))
        self.assert_home_has_it()

    def test_key_remove(self):
        check(self.machine.awstap("key", "remove", "work"))
        self.assert_home_has_it()


if __name__ == "__main__":
    unittest.main()
