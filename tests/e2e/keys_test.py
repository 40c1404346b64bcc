# SPDX-License-Identifier: BSD-2-Clause
"""Several security keys, keys plugged in late, and keys that lie: who is asked, who blinks, who gets the PIN."""

import fcntl
import os
import struct
import time
import unittest

from world import Case, check, read_until, wait_for

PIN = "123456"
OTHER_AAGUID = "aaguid " + "ab" * 16
COMMAND_LOCK = 1  # the byte of NAME.lock that a command of the software key holds


class KeysCase(Case):
    def plugged(self, name, *conf, touch="auto"):
        key = self.machine.key(name)
        key.configure(*conf)
        key.plug(touch)
        return key

    def enrolled(self, *names_and_confs):
        """Enrol keys, and seal an AWS key. All are plugged in afterwards, and nobody touches them."""
        keys = []
        for name, *conf in names_and_confs:
            keys.append(self.enrol(keys, name, *conf))
        keys[0].person("auto")
        self.machine.pinentry("pin " + PIN)
        self.machine.add_key(mfa=False)
        keys[0].person("never")
        self.machine.pinentry()
        self.shown = len(self.machine.dialogs())
        return keys

    def enrol(self, enrolled, name, *conf):
        """The new key is touched for itself alone, and the first enrolled one to confirm it."""
        key = self.plugged(name, *conf)
        typed = ["pin " + PIN] if "pin " + PIN in conf and "uv 1" not in conf else []
        self.machine.pinentry(*typed, "wait")
        before = len(self.machine.dialogs())
        child = self.machine.start("awstap", "factor", "add", "fido2", "--label", name, "--device", "softkey:" + name)
        if enrolled:
            wait_for(lambda: any(dialog["question"] == "CONFIRM" for dialog in self.machine.dialogs()[before:]),
                     "the dialog that confirms")
            key.person("never")
            enrolled[0].person("auto")
            self.machine.pinentry("pin " + PIN)
        check(self.machine.finish(child))
        for known in (key, *enrolled):
            known.person("never")
        return key

    def ask(self):
        return self.machine.start("awstap", "get", "work")

    def wait_new_dialog(self, count=1):
        return self.machine.wait_dialog(self.shown + count)

    def new_dialogs(self):
        return self.machine.dialogs()[self.shown:]


class Busy(KeysCase):
    def test_busy_for_a_moment(self):
        """A key that another program is just done with is asked all the same."""
        key, = self.enrolled(("first",))
        with open(key.path + ".lock", "r+b") as file:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, COMMAND_LOCK, 1, 0))
            child = self.ask()
            wait_for(lambda: self.machine.processes("awstap-fido"), "the key to be looked for")
            time.sleep(0.5)  # as long as the other one takes
        key.wait_blinking()
        key.person("auto")
        check(self.machine.finish(child))


class Pins(KeysCase):
    def test_only_the_touched_one_gets_the_pin(self):
        first, second = self.enrolled(("first", "pin " + PIN), ("second", "pin " + PIN))
        self.machine.pinentry("pin " + PIN)
        child = self.ask()
        first.wait_blinking()
        second.wait_blinking()
        self.assertEqual(self.new_dialogs(), [])
        secrets = first.number("assertions")
        second.person("auto")
        check(self.machine.finish(child))
        first.wait_dark()
        self.assertEqual(len(self.new_dialogs()), 1)
        self.assertEqual(first.number("assertions"), secrets)

    def test_beside_one_without_a_pin(self):
        """All blink; which of them is touched decides whether a PIN is asked for."""
        plain, pinned = self.enrolled(("plain",), ("pinned", "pin " + PIN))
        child = self.ask()
        plain.wait_blinking()
        pinned.wait_blinking()
        plain.person("auto")
        check(self.machine.finish(child))
        pinned.wait_dark()
        self.assertEqual(self.new_dialogs(), [])
        check(self.machine.awstap("lock"))
        plain.person("never")
        self.machine.pinentry("wait")
        child = self.ask()
        plain.wait_blinking()
        pinned.wait_blinking()
        pinned.person("auto")
        self.assertIn('"pinned"', self.wait_new_dialog()["desc"])
        plain.wait_dark()
        self.machine.pinentry("pin " + PIN)
        check(self.machine.finish(child))

    def test_another_model_is_not_asked(self):
        """A stranger of another model neither blinks nor keeps the PIN from being asked for at once."""
        key, = self.enrolled(("first", "pin " + PIN))
        stranger = self.plugged("stranger", "pin " + PIN, OTHER_AAGUID)
        key.person("auto")
        self.machine.pinentry("pin " + PIN)
        check(self.machine.finish(self.ask()))
        self.assertEqual(stranger.number("touches"), 0)

    def test_stranger_of_the_same_model(self):
        """What a PIN shows not to be enrolled says so, and does not blink."""
        key, = self.enrolled(("first", "pin " + PIN))
        key.unplug()
        stranger = self.plugged("stranger", "pin " + PIN)
        self.machine.pinentry("pin " + PIN)
        self.assert_fails(self.machine.finish(self.ask()), 4, "not a key enrolled for this vault")
        self.assertEqual(stranger.number("touches"), 0)

    def test_nobody_chooses(self):
        first, second = self.enrolled(("first", "pin " + PIN), ("second", "pin " + PIN))
        child = self.ask()
        first.wait_blinking()
        second.wait_blinking()
        self.machine.clock(31_000)
        self.assert_fails(self.machine.finish(child), 4, "no touch within 30 s")
        first.wait_dark()
        second.wait_dark()

    def test_fingerprint_beside_a_touch(self):
        finger, plain = self.enrolled(("finger", "uv 1", "pin " + PIN), ("plain",))
        child = self.ask()
        plain.wait_blinking()
        finger.wait_blinking()
        finger.person("auto")
        check(self.machine.finish(child))
        plain.wait_dark()
        self.assertEqual(self.new_dialogs(), [])

    def test_unknown_finger_beside_a_touch(self):
        """Whose finger is not known gets no PIN dialog before it is touched again."""
        finger, plain = self.enrolled(("finger", "uv 1", "pin " + PIN), ("plain",))
        child = self.ask()
        plain.wait_blinking()
        finger.wait_blinking()
        finger.person("deny")
        wait_for(lambda: finger.number("uv_retries") < 3, "the finger not to be known")
        finger.person("never")
        plain.person("auto")
        check(self.machine.finish(child))
        self.assertEqual(self.new_dialogs(), [])


class Hostile(KeysCase):
    FAULTS = ("junk info", "error open 01", "junk get_assert", "error get_assert 36", "junk client_pin")

    def test_junk_beside_a_pin(self):
        """Whatever a key answers at once, the other one is asked for its PIN, and opens the vault."""
        key, = self.enrolled(("first", "pin " + PIN))
        key.person("auto")
        for number, fault in enumerate(self.FAULTS):
            with self.subTest(fault):
                junk = self.plugged(f"junk{number}", "pin " + PIN, fault, touch="never")
                self.machine.pinentry("pin " + PIN)
                check(self.machine.finish(self.ask()))
                check(self.machine.awstap("lock"))
                junk.unplug()

    def test_junk_pin_key_beside_a_touch(self):
        """A key that wants a PIN for nothing neither gets one nor keeps the good one from its touch."""
        key, = self.enrolled(("first",))
        junk = self.plugged("junk", "uv 1", "pin " + PIN, touch="never")
        child = self.ask()
        key.wait_blinking()
        key.person("auto")
        check(self.machine.finish(child))
        self.assertEqual(self.new_dialogs(), [])
        self.assertEqual(junk.number("touches"), 0)


class Plugging(KeysCase):
    def setUp(self):
        super().setUp()
        self.key, = self.enrolled(("yubi",))
        self.key.unplug()

    def wait_wanted(self):
        child, terminal = self.machine.on_terminal("awstap", "get", "work")
        read_until(terminal, 'plug in "yubi" to open work')
        return child, terminal

    def test_plugged_in_late(self):
        child, terminal = self.wait_wanted()
        self.key.plug("never")
        read_until(terminal, "touch the security key to open work")
        self.key.wait_blinking()
        self.key.person("auto")
        self.assertEqual(child.wait(), 0)

    def test_stranger_plugged_in(self):
        child, terminal = self.wait_wanted()
        self.plugged("stranger")
        read_until(terminal, "not a key enrolled for this vault")
        self.assertEqual(child.wait(), 4)

    def test_ctrl_c(self):
        child, _ = self.wait_wanted()
        child.send_signal(2)
        child.wait()
        wait_for(lambda: not self.machine.processes("awstap-signer"), "the wait to end")

    def test_key_with_a_pin(self):
        self.key.plug()
        pinned = self.plugged("pinned", "pin " + PIN)
        self.machine.pinentry("pin " + PIN)
        check(self.machine.awstap("factor", "add", "fido2", "--label", "pinned", "--device", "softkey:pinned"))
        self.key.unplug()
        pinned.unplug()
        child, terminal = self.machine.on_terminal("awstap", "get", "work")
        read_until(terminal, "plug in one that is enrolled to open work")
        self.machine.pinentry("pin " + PIN)
        pinned.plug()
        self.assertEqual(child.wait(), 0)


class Typed(KeysCase):
    """A vault that a passphrase opens as well."""

    PASSPHRASE = "correct horse battery staple"

    def setUp(self):
        super().setUp()
        self.key, = self.enrolled(("yubi",))
        self.key.person("auto")
        self.machine.pinentry("pin " + self.PASSPHRASE, "pin " + self.PASSPHRASE)
        check(self.machine.awstap("factor", "add", "passphrase", "--label", "words"))
        self.key.person("never")
        self.machine.pinentry()
        self.shown = len(self.machine.dialogs())

    def test_key_first(self):
        child = self.ask()
        self.key.wait_blinking()
        self.key.person("auto")
        check(self.machine.finish(child))
        self.assertEqual(self.new_dialogs(), [])

    def test_passphrase_in_place_of_the_key(self):
        self.key.unplug()
        self.machine.pinentry("pin wrong one", "pin " + self.PASSPHRASE)
        check(self.machine.finish(self.ask()))
        first, second = self.new_dialogs()
        self.assertIn("No security key is plugged in.", first["desc"])
        self.assertIn("Open work", first["desc"])
        self.assertIn("wrong passphrase", second["error"])

    def test_strangers_only(self):
        self.key.unplug()
        stranger = self.plugged("stranger")
        self.machine.pinentry("pin " + self.PASSPHRASE)
        check(self.machine.finish(self.ask()))
        self.assertIn("The security key that is plugged in is not enrolled.", self.new_dialogs()[0]["desc"])
        self.assertEqual(stranger.number("touches"), 0)

    def test_cancelled(self):
        self.key.unplug()
        self.machine.pinentry("cancel")
        self.assert_fails(self.machine.finish(self.ask()), 4, "the dialog was cancelled")

    def test_key_takes_over(self):
        """Plugged in while the dialog asks, the key blinks and the dialog goes."""
        self.key.unplug()
        self.machine.pinentry("wait")
        child = self.ask()
        self.wait_new_dialog()
        self.key.plug("never")
        self.key.wait_blinking()
        wait_for(lambda: not self.machine.processes("awstap-prompt"), "the dialog to go")
        self.key.person("auto")
        check(self.machine.finish(child))

    def test_key_with_a_pin_takes_over(self):
        """Plugged in while the passphrase is asked for, it is asked for its PIN instead."""
        pinned = self.enrol([self.key], "pinned", "pin " + PIN)
        for key in (self.key, pinned):
            key.unplug()
        self.shown = len(self.machine.dialogs())
        self.machine.pinentry("wait")
        child = self.ask()
        self.wait_new_dialog()
        pinned.plug()
        self.assertIn('The PIN of the security key "pinned"', self.wait_new_dialog(2)["desc"])
        self.machine.pinentry("pin " + PIN)
        check(self.machine.finish(child))

    def test_stranger_does_not_disturb(self):
        self.key.unplug()
        self.machine.pinentry("wait")
        child = self.ask()
        self.wait_new_dialog()
        stranger = self.plugged("stranger")
        wait_for(lambda: stranger.state(), "the stranger to be asked")
        self.machine.pinentry("pin " + self.PASSPHRASE)
        check(self.machine.finish(child))
        self.assertEqual(len(self.new_dialogs()), 1)

    def test_pulled_while_blinking(self):
        """The passphrase stands in for a key that goes away."""
        self.machine.pinentry("wait")
        child = self.ask()
        self.key.wait_blinking()
        self.key.unplug()
        self.assertIn("unplugged", self.wait_new_dialog()["desc"])
        self.machine.pinentry("pin " + self.PASSPHRASE)
        check(self.machine.finish(child))

    def test_not_touched(self):
        """Who lets the time pass is not asked in another way."""
        child = self.ask()
        self.key.wait_blinking()
        self.machine.clock(31_000)
        self.assert_fails(self.machine.finish(child), 4, "no touch within 30 s")
        self.assertEqual(self.new_dialogs(), [])


if __name__ == "__main__":
    unittest.main()
