# SPDX-License-Identifier: BSD-2-Clause
"""Security keys that verify their user: the PIN in a dialog, the fingerprint, and what a wrong one costs."""

import unittest

import wire
from world import Case, check, read_until, wait_for

PIN = "123456"
WRONG = "999999"
TOTP_MS = 30_000

# In the place of awstap-fido: after the greetings, each request gets its answer.
FIDO = """#!/usr/bin/python3 -I
import socket
signer = socket.socket(fileno=3)
signer.setblocking(True)
signer.sendall({hello})
while size := signer.recv(4, socket.MSG_WAITALL):
    signer.sendall({answers}.get(signer.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)[0], b""))
"""


class PinCase(Case):
    """One key that has a PIN, enrolled with it, and an AWS key."""

    CONF = ("pin " + PIN,)

    def setUp(self):
        super().setUp()
        self.key = self.enrol_with_pin()
        self.machine.pinentry("pin " + PIN)
        self.machine.add_key(mfa=False)
        self.shown = len(self.machine.dialogs())

    def enrol_with_pin(self, name="yubi", *conf):
        key = self.machine.key(name)
        key.configure(*(conf or self.CONF))
        key.plug()
        self.machine.pinentry("pin " + PIN)
        check(self.machine.awstap("factor", "add", "fido2", "--label", name))
        return key

    def get(self):
        return self.machine.awstap("get", "work")

    def ask(self):
        return self.machine.start("awstap", "get", "work")

    def new_dialogs(self):
        return self.machine.dialogs()[self.shown:]

    def problems(self):
        """What the dialogs since the beginning of the test said to be wrong."""
        return [dialog.get("error", "") for dialog in self.new_dialogs()]

    def wait_new_dialog(self, count=1):
        return self.machine.wait_dialog(self.shown + count)

    def assert_unharmed(self):
        """The same agent opens the vault, with one PIN and one touch."""
        agent = self.machine.processes("awstap-agent")
        self.machine.pinentry("pin " + PIN)
        self.key.person("auto")
        check(self.get())
        self.assertEqual(self.machine.processes("awstap-agent"), agent)

    def miss(self, *answers):
        """A get that ends without a session, and the line that it says."""
        self.machine.pinentry(*answers)
        return self.get()


class Pin(PinCase):
    def test_asked_for_with_what_is_at_stake(self):
        factor, = check(self.machine.awstap("factor", "list", "--json")).json()
        self.assertEqual((factor["user_verification"], factor["pin"]), (True, True))
        touches = self.key.number("touches")
        self.machine.pinentry("pin " + PIN)
        check(self.get())
        dialog, = self.new_dialogs()
        self.assertEqual(dialog["question"], "GETPIN")
        self.assertTrue(dialog["desc"].startswith("Open work"), dialog["desc"])
        self.assertIn('The PIN of the security key "yubi": 8 tries left', dialog["desc"])
        self.assertNotIn("error", dialog)
        self.assertEqual(self.key.number("touches"), touches + 1)

    def test_told_on_the_terminal(self):
        self.key.person("never")
        self.machine.pinentry("wait")
        child, terminal = self.machine.on_terminal("awstap", "get", "work")
        read_until(terminal, "PIN")
        self.machine.pinentry("pin " + PIN)
        read_until(terminal, "touch the security key to open work")
        self.key.person("auto")
        self.assertEqual(child.wait(), 0)

    def test_wrong_then_right(self):
        self.machine.pinentry("pin " + WRONG, "pin 12", "pin " + PIN)
        touches = self.key.number("touches")
        check(self.get())
        self.assertEqual(self.problems(), ["", "wrong PIN, 7 tries left", "a PIN has 4 to 63 characters"])
        self.assertIn("7 tries left", self.new_dialogs()[1]["desc"])
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertEqual(self.key.number("retries"), 8)

    def test_power_cycle(self):
        """After three wrong ones in a row only pulling the key helps, and the person is told."""
        for _ in range(2):
            result = self.miss("pin " + WRONG, "pin " + WRONG, "pin " + WRONG)
            self.assert_fails(result, 4, "too many wrong PINs in a row", "unplug the security key, plug it in again")
            self.assert_fails(self.miss("pin " + PIN), 4, "too many wrong PINs in a row")
            self.key.unplug()
            self.key.plug()
        self.assertEqual(self.key.number("retries"), 2)
        self.assert_unharmed()
        self.assertEqual(self.key.number("retries"), 8)

    def miss_until_the_last_try(self):
        for _ in range(2):
            self.miss("pin " + WRONG, "pin " + WRONG, "pin " + WRONG)
            self.key.unplug()
            self.key.plug()
        self.shown = len(self.machine.dialogs())

    def test_last_try_is_said(self):
        self.miss_until_the_last_try()
        self.assert_fails(self.miss("pin " + WRONG, "cancel"), 4, "cancelled")
        last = self.new_dialogs()[-1]
        self.assertIn("wrong PIN; this is the last try", last["error"])
        self.assertIn("the reset that unlocks it destroys this factor", last["error"])
        self.assertIn("1 try left", last["desc"])
        self.assert_fails(self.miss("cancel"), 4, "cancelled")
        self.assertIn("this is the last try", self.new_dialogs()[-1]["error"])
        self.assert_unharmed()

    def test_locked(self):
        self.miss_until_the_last_try()
        for answers in (("pin " + WRONG, "pin " + WRONG), ("pin " + PIN,)):
            self.assert_fails(self.miss(*answers), 4, "PIN is locked", "use another factor")
        self.assertEqual(len(self.new_dialogs()), 2)

    def test_nobody_touches_after_it(self):
        self.key.person("never")
        self.machine.pinentry("pin " + PIN)
        child = self.ask()
        self.key.wait_blinking()
        self.machine.clock(31_000)
        self.assert_fails(self.machine.finish(child), 4, "no touch within 30 s")
        self.key.wait_dark()
        self.assert_unharmed()

    def test_changed_on_the_key(self):
        """A PIN that the key wants changed first is said to be that."""
        self.key.configure("error get_assert 37")
        self.assert_fails(self.miss("pin " + PIN), 4, "wants its PIN changed")

    def test_pulled_while_it_is_asked_for(self):
        self.machine.pinentry("wait")
        child = self.ask()
        self.wait_new_dialog()
        self.key.unplug()
        self.assert_fails(self.machine.finish(child), 4, "unplugged", "plug it in again")
        wait_for(lambda: not self.machine.processes("awstap-prompt"), "the dialog to go")
        self.key.plug()
        self.assert_unharmed()

    def test_pulled_while_blinking_after_it(self):
        self.key.person("never")
        self.machine.pinentry("pin " + PIN)
        child = self.ask()
        self.key.wait_blinking()
        self.key.unplug()
        self.assert_fails(self.machine.finish(child), 4, "unplugged")
        self.key.plug()
        self.assert_unharmed()

    def test_asked_for_once_by_all(self):
        """Who joins while the PIN is typed rides along, and the dialog says so."""
        self.machine.pinentry("pin " + PIN)
        self.machine.add_key("other", "bob", mfa=False)
        self.shown = len(self.machine.dialogs())
        self.machine.pinentry("wait")
        first = self.ask()
        self.wait_new_dialog()
        second = self.machine.start("awstap", "get", "other")
        self.wait_new_dialog(2)
        self.assertIn("Open other", self.new_dialogs()[-1]["desc"])
        self.machine.pinentry("pin " + PIN)
        check(self.machine.finish(first))
        check(self.machine.finish(second))


class Dialog(PinCase):
    def test_cancelled(self):
        self.assert_fails(self.miss("cancel"), 4, "get work: the dialog was cancelled")
        self.assert_unharmed()

    def test_dead_pinentry(self):
        for answer in ("die", "garbage"):
            with self.subTest(answer):
                self.assertEqual(self.miss(answer).err.count("\n"), 1)
        self.assert_unharmed()

    def test_nobody_answers(self):
        self.machine.pinentry("hang")
        child = self.ask()
        self.wait_new_dialog()
        self.machine.clock(70_000)
        result = self.machine.finish(child)
        self.assertEqual((result.status, result.err.count("\n")), (4, 1), result)
        wait_for(lambda: not self.machine.processes("awstap-signer"), "the dialog's time to be over")
        self.assert_unharmed()

    def test_nobody_waits_any_more(self):
        self.machine.pinentry("hang hard")
        child = self.ask()
        self.wait_new_dialog()
        child.send_signal(2)
        child.wait()
        wait_for(lambda: not self.machine.processes("awstap-fido"), "the key to be let go")
        self.assert_unharmed()


class Record(Case):
    """How a slot was enrolled decides, not what the key is like today."""

    def test_pin_set_after_enrolment(self):
        key = self.machine.enrol()
        self.machine.add_key(mfa=False)
        key.configure("pin " + PIN)
        with open(key.path + ".state", "a", encoding="ascii") as file:
            file.write("pin " + PIN + "\n")
        check(self.machine.awstap("get", "work"))
        self.assertEqual(self.machine.dialogs(), [])
        check(self.machine.awstap("lock"))
        key.configure("always_uv 1")
        self.assert_fails(self.machine.awstap("get", "work"), 4, "always asks for its PIN now", "enrol this key anew")

    def test_pin_gone_since_enrolment(self):
        key = self.machine.key("yubi")
        key.configure("pin " + PIN)
        key.plug()
        self.machine.pinentry("pin " + PIN)
        check(self.machine.awstap("factor", "add", "fido2"))
        self.machine.pinentry("pin " + PIN)
        self.machine.add_key(mfa=False)
        with open(key.path + ".state", encoding="ascii") as file:
            lines = [line for line in file if not line.startswith("pin ")]
        key.configure()
        with open(key.path + ".state", "w", encoding="ascii") as file:
            file.writelines(lines)
        self.assert_fails(self.machine.awstap("get", "work"), 4, "needs a PIN on the security key", "set one")


class AlwaysUv(PinCase):
    CONF = ("pin " + PIN, "always_uv 1")

    def test_opens(self):
        self.assert_unharmed()


class Touchless(PinCase):
    """A key that gives its secret without a touch serves behind its PIN."""

    CONF = ("pin " + PIN, "touchless_secret 1")

    def test_opens(self):
        self.assert_unharmed()


class Fingerprint(PinCase):
    CONF = ("pin " + PIN, "uv 1")

    def test_is_enough(self):
        factor, = check(self.machine.awstap("factor", "list", "--json")).json()
        self.assertEqual((factor["user_verification"], factor["pin"]), (True, False))
        self.key.person("never")
        child, terminal = self.machine.on_terminal("awstap", "get", "work")
        read_until(terminal, "touch the fingerprint reader of the security key to open work")
        self.key.person("auto")
        self.assertEqual(child.wait(), 0)
        self.assertEqual(self.new_dialogs(), [])

    def test_not_recognised(self):
        self.key.person("deny")
        self.machine.pinentry("wait")
        child = self.ask()
        dialog = self.wait_new_dialog()
        self.assertEqual(dialog["error"], "fingerprint not recognised; use the PIN")
        self.key.person("auto")
        self.machine.pinentry("pin " + PIN)
        check(self.machine.finish(child))

    def test_locked(self):
        self.key.person("deny")
        for _ in range(3):
            self.assert_fails(self.miss("cancel"), 4, "cancelled")
        self.assertIn("fingerprint reader is locked", self.problems()[-1])
        self.assert_unharmed()
        check(self.machine.awstap("lock"))
        self.machine.pinentry()
        check(self.get())


class Enrolment(Case):
    def add(self, *options):
        return self.machine.awstap("factor", "add", "fido2", *options)

    def key(self, *conf):
        key = self.machine.key()
        key.configure(*conf)
        key.plug()
        return key

    def test_pin(self):
        key = self.key("pin " + PIN)
        self.machine.pinentry("pin " + WRONG, "pin " + PIN)
        check(self.add())
        first, second = self.machine.dialogs()
        self.assertIn('Enrol the security key "awstap software key yubi"', first["desc"])
        self.assertEqual(second["error"], "wrong PIN, 7 tries left")
        self.assertEqual(key.number("touches"), 2)

    def test_cancelled(self):
        key = self.key("pin " + PIN)
        self.machine.pinentry("cancel")
        self.assert_fails(self.add(), 4, "factor add fido2: the dialog was cancelled")
        self.assertEqual(key.number("touches"), 0)
        check(self.machine.awstap("status"))

    def test_pulled_while_the_pin_is_asked_for(self):
        key = self.key("pin " + PIN)
        self.machine.pinentry("wait")
        child = self.machine.start("awstap", "factor", "add", "fido2")
        self.machine.wait_dialog()
        key.unplug()
        self.assert_fails(self.machine.finish(child), 4, "unplugged")

    def test_pin_goes_to_the_one_chosen(self):
        left, right = self.machine.key("left"), self.machine.key("right")
        for key in (left, right):
            key.configure("pin " + PIN)
            key.plug("never")
        self.machine.pinentry("pin " + PIN)
        child = self.machine.start("awstap", "factor", "add", "fido2")
        left.wait_blinking()
        right.wait_blinking()
        right.person("auto")
        check(self.machine.finish(child))
        self.assertEqual((left.number("credentials"), right.number("credentials")), (0, 1))
        self.assertIn("software key right", self.machine.dialogs()[0]["desc"])

    def test_pin_wanted_by_one_not_chosen(self):
        """An awstap-fido that a hostile key has taken over asks for a PIN before any key is chosen: it gets none."""
        version = check(self.machine.awstap("--version")).out.split()[-1]
        devices = b"".join(wire.frame(wire.FIDO_DEVICE, wire.text(f"softkey:{name}"), wire.text(name)) for name in "ab")
        answers = {wire.FIDO_LIST: devices + wire.frame(wire.DONE, wire.text("")),
                   wire.FIDO_SELECT: wire.frame(wire.FIDO_PIN_WANTED, wire.number(8), wire.text(""))}
        self.machine.put_program("awstap-fido", FIDO.format(hello=wire.hello(version), answers=answers))
        self.machine.pinentry("always pin " + PIN)
        self.assert_fails(self.add(), 1, "awstap-fido has ended unexpectedly")
        self.assertEqual(self.machine.dialogs(), [])

    def test_enrolled_already(self):
        self.key("pin " + PIN)
        self.machine.pinentry("always pin " + PIN)
        check(self.add())
        self.machine.pinentry("pin " + PIN, "pin " + PIN)
        self.assert_fails(self.add(), 4, "enrolled already")


if __name__ == "__main__":
    unittest.main()
