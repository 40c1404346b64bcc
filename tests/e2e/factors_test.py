# SPDX-License-Identifier: BSD-2-Clause
"""Factors that are typed: a passphrase, one with codes, a recovery code; removing them, and guessing at them."""

import errno
import os
import re
import resource
import shutil
import subprocess
import unittest

from world import SANITIZED, Case, check, read_until, wait_for

import totp  # tests/fakeaws/totp.py
from points import Points

PASSPHRASE = "seven yellow bicycles sing"
ENTER = "Press Enter"


class FactorsCase(Case):
    def add_passphrase(self, *options, passphrase=PASSPHRASE, confirm=(), **more):
        self.machine.pinentry(f"pin {passphrase}", *confirm)
        return self.machine.awstap("factor", "add", "passphrase", *options, **more)

    def add_on_terminal(self, *words):
        """Start `factor add` on a terminal. The command, its terminal, and what is shown up to the wait for Enter."""
        child, terminal = self.machine.on_terminal("awstap", "factor", "add", *words)
        self.addCleanup(os.close, terminal)
        return child, terminal, read_until(terminal, ENTER)

    def press_enter(self, child, terminal, *answers, until="is enrolled"):
        """Go on with these answers. What is shown from there on."""
        self.machine.pinentry(*answers)
        os.write(terminal, b"\n")
        shown = read_until(terminal, until)
        child.wait(60)
        return shown

    def add_recovery(self, *answers):
        """A recovery code, copied without a mistake."""
        child, terminal, shown = self.add_on_terminal("recovery")
        code = self.code_in(shown)
        self.press_enter(child, terminal, "pin " + code, *answers)
        self.assertEqual(child.returncode, 0)
        return code

    def add_totp(self):
        """A passphrase with codes. Their seed, in base32, and all that was shown."""
        self.machine.pinentry("pin " + PASSPHRASE)
        child, terminal, shown = self.add_on_terminal("passphrase", "--totp", "--label", "phone & desk")
        seed = re.search(r"otpauth://totp/awstap:phone%20%26%20desk\?secret=([A-Z2-7]{32})&issuer=awstap\r?\n", shown)[1]
        self.press_enter(child, terminal, "pin " + self.code(seed))
        self.assertEqual(child.returncode, 0)
        return seed, shown

    def code(self, seed, ahead=0):
        return totp.code_for(seed, totp.step_at(self.machine.now_ms()) + ahead)

    @staticmethod
    def code_in(shown):
        return "-".join(re.findall(r"\b(?:[0-9A-Z]{8}-){3}[0-9A-Z]{8}\b", shown))

    def errors(self):
        """What was said to be wrong with the last answer, dialog by dialog."""
        return [dialog.get("error") for dialog in self.machine.dialogs()]

    def factors(self):
        return check(self.machine.awstap("factor", "list", "--json")).json()

    def get(self, *answers):
        self.machine.pinentry(*answers)
        return self.machine.awstap("get", "work")

    def lock(self):
        check(self.machine.awstap("lock"))


class Passphrase(FactorsCase):
    """No security key at all."""

    def test_from_nothing_to_get(self):
        result = check(self.add_passphrase())
        self.assertIn("factor 1 is enrolled: passphrase", result.out)
        self.assertIn("awstap factor add recovery", result.out)
        self.assertTrue(self.machine.dialogs()[0]["repeat"])
        self.machine.pinentry("always pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        session = check(self.machine.awstap("get", "work")).json()
        self.assertEqual(session["Version"], 1)
        self.assertIn("Open work", self.machine.dialogs()[-1]["desc"])
        listed = self.factors()
        self.assertEqual([(f["kind"], f["totp"], f["touch"]) for f in listed], [("passphrase", False, False)])
        self.assertIn("passphrase", check(self.machine.awstap("factor", "list")).out)

    def test_weak(self):
        self.machine.pinentry("pin 123456789012", "pin abcabcabcabcabc", "pin " + PASSPHRASE)
        check(self.machine.awstap("factor", "add", "passphrase"))
        first, second, third = self.machine.dialogs()
        self.assertIn("12 characters", first["desc"])
        self.assertNotIn("error", first)
        self.assertIn("too easy to guess: only 4 of at least 12", second["error"])
        self.assertIn("too easy to guess", third["error"])
        self.assertTrue(os.path.exists(self.machine.vault))

    def test_cancelled(self):
        self.machine.pinentry("cancel")
        self.assert_fails(self.machine.awstap("factor", "add", "passphrase"), 4)
        self.assertFalse(os.path.exists(self.machine.vault))

    def test_guessing(self):
        """Five wrong answers, and the right one is not taken for a while, by another program or another agent either."""
        check(self.add_passphrase())
        self.machine.pinentry("pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        self.assert_fails(self.get(*["pin wrong wrong " + str(i) for i in range(9)]), 4,
                          "too many wrong passphrases; try again in 30 seconds")
        self.assertEqual(self.errors()[-1], "wrong passphrase")
        for pid in self.machine.processes("awstap-agent"):
            os.kill(pid, 15)
        wait_for(lambda: not self.machine.processes(), "the agent to end")
        asked = len(self.machine.dialogs())
        self.assert_fails(self.get("pin " + PASSPHRASE), 4, "too many wrong answers; try again in")
        self.assertEqual(len(self.machine.dialogs()), asked)
        self.machine.advance(31_000)
        self.assert_fails(self.get("pin wrong again"), 4, "try again in 60 seconds")
        self.machine.advance(61_000)
        check(self.get("pin " + PASSPHRASE))
        self.lock()
        check(self.get("pin wrong once more", "pin " + PASSPHRASE))

    def test_guessed_and_the_clock_set_back(self):
        """By a little, as time servers do: one wrong answer is not taken for five."""
        check(self.add_passphrase())
        self.machine.pinentry("pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        self.machine.advance(60_000)
        self.assert_fails(self.get("pin wrong once", "cancel"), 4)
        self.machine.advance(-60_000)
        check(self.get("pin " + PASSPHRASE))

    def test_guess_file_damaged(self):
        check(self.add_passphrase())
        self.machine.pinentry("pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        path = os.path.join(self.machine.state, "throttle")
        with open(path, "w", encoding="ascii") as file:
            file.write("nonsense\n")
        shutil.copystat(self.machine.vault, path)
        shutil.chown(path, os.stat(self.machine.vault).st_uid)
        os.chmod(path, 0o600)
        self.assert_fails(self.get("pin " + PASSPHRASE), 4, "try again in 30 seconds")
        self.machine.advance(31_000)
        check(self.get("pin " + PASSPHRASE))

    @unittest.skipIf(SANITIZED, "a sanitizer needs more address space than such a limit leaves")
    def test_memory_is_short(self):
        """Where 256 MiB can't be had it is less, the person is told, and it opens all the same."""
        limit = 224 * 1024 * 1024
        resource_limit = (limit, limit)
        agent = self.machine.start("awstap-agent", "--foreground",
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, resource_limit))
        wait_for(lambda: os.path.exists(self.machine.socket), "the agent's socket")
        self.machine.pinentry("pin " + PASSPHRASE)
        child, terminal = self.machine.on_terminal("awstap", "factor", "add", "passphrase")
        self.addCleanup(os.close, terminal)
        shown = read_until(terminal, "is enrolled")
        self.assertIn("memory is short: guessing this passphrase takes 128 MiB per guess, not 256", shown)
        self.assertEqual(child.wait(60), 0)
        self.machine.pinentry("always pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        check(self.machine.awstap("get", "work"))
        self.assertIsNone(agent.poll())


class Codes(FactorsCase):
    """A passphrase, and the code of an authenticator app."""

    def test_codes(self):
        seed, shown = self.add_totp()
        self.assertNotIn(seed, str(self.machine.pinentry_log()))
        self.assertEqual([(f["totp"], f["label"]) for f in self.factors()], [(True, "phone & desk")])
        self.machine.advance(30_000)
        used = self.code(seed)
        self.machine.pinentry("pin " + PASSPHRASE, "pin " + used)
        self.machine.add_key(mfa=False)
        asked = len(self.machine.dialogs())
        self.assert_fails(self.get("pin " + PASSPHRASE, "pin " + used, "cancel"), 4)
        self.assertIn("used already", self.errors()[-1])
        self.assertIn("phone + desk", self.machine.dialogs()[-1]["desc"])  # no markup
        self.assertEqual(len(self.machine.dialogs()), asked + 3)
        self.machine.advance(30_000)
        check(self.get("pin " + PASSPHRASE, "pin 1234", "pin " + self.code(seed, 1)))
        self.assertIn("a code is 6 digits", self.errors()[-1])
        self.lock()
        old, wrong = self.code(seed, -1), self.code(seed, 4)
        result = self.get("pin " + PASSPHRASE, "pin " + old, *["pin " + wrong] * 5)
        self.assert_fails(result, 4, "too many wrong codes; try again in 30 seconds")
        self.assertEqual(len(self.actions("GetSessionToken")), 1)

    def test_qr_code(self):
        if not shutil.which("zbarimg"):
            self.skipTest("no zbarimg here (Debian: zbar-tools)")
        seed, shown = self.add_totp()
        picture = draw(shown)
        path = os.path.join(self.machine.folder, "qr.pgm")
        with open(path, "wb") as file:
            file.write(picture)
        read = subprocess.run(["zbarimg", "--quiet", "--raw", path], capture_output=True, text=True, check=True,
                              env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(read.stdout.strip(),
                         f"otpauth://totp/awstap:phone%20%26%20desk?secret={seed}&issuer=awstap")

    def test_not_confirmed(self):
        """Nothing is stored before a code has shown that the app has the seed."""
        self.machine.pinentry("pin " + PASSPHRASE)
        child, terminal, _ = self.add_on_terminal("passphrase", "--totp")
        self.press_enter(child, terminal, "pin 000000 ", "cancel", until="awstap: factor add")
        self.assertEqual(child.returncode, 4)
        self.assertFalse(os.path.exists(self.machine.vault))

    def test_needs_a_terminal(self):
        self.assert_fails(self.machine.awstap("factor", "add", "passphrase", "--totp"), 1, "terminal")
        self.assert_fails(self.machine.awstap("factor", "add", "recovery"), 1, "terminal")
        self.assert_fails(self.machine.awstap("factor", "add", "fido2", "--totp"), 2, "passphrase only")
        self.assert_fails(self.machine.awstap("factor", "add", "recovery", "--device", "x"), 2, "security keys")
        self.assertEqual(self.machine.dialogs(), [])


class Recovery(FactorsCase):
    def test_lost_key(self):
        """A security key and a recovery code; then the key is gone."""
        key = self.machine.enrol()
        self.machine.add_key(mfa=False)
        code = self.add_recovery("confirm yes")
        confirmation = self.machine.dialogs()[-1]
        self.assertIn('Add the recovery code to the vault:', confirmation["desc"])
        self.assertEqual(len(code.replace("-", "")), 64)
        key.unplug()
        check(self.get("pin " + code.lower().replace("-", " ")))
        self.assertIn("No security key is plugged in", self.machine.dialogs()[-1]["desc"])

    def test_typed_wrong(self):
        """The dialog names the group that is mistyped; three times, and nothing is enrolled."""
        child, terminal, shown = self.add_on_terminal("recovery")
        code = self.code_in(shown)
        groups = code.split("-")
        third = "-".join(groups[:2] + [groups[2][::-1]] + groups[3:])
        swapped = "-".join([groups[0], groups[0]] + groups[2:])
        shown = self.press_enter(child, terminal, "pin " + third, "pin " + swapped, "pin " + code[:-1],
                                 until="awstap: factor add")
        self.assertEqual(child.returncode, 4)
        errors = self.errors()
        self.assertIn("group 3 of 8", errors[1])
        self.assertIn("group 2 of 8", errors[2])
        self.assertFalse(os.path.exists(self.machine.vault))

    def test_in_place_of_a_passphrase(self):
        """Typed where the passphrase is asked for; a mistyped one is told from a wrong passphrase."""
        code = self.add_recovery()
        check(self.add_passphrase(confirm=["pin " + code]))
        self.machine.pinentry("always pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        mistyped = code[:4] + ("0" if code[4] != "0" else "1") + code[5:]
        check(self.get("pin " + mistyped, "pin not the right one", "pin " + code))
        errors = self.errors()[-3:]
        self.assertIn("group 1 of 8", errors[1])
        self.assertIn("wrong passphrase (the recovery code is taken as well)", errors[2])

    def test_removed(self):
        """A factor that was removed opens no later copy, but an older one."""
        check(self.add_passphrase())
        code = self.add_recovery("pin " + PASSPHRASE)
        self.machine.pinentry("always pin " + PASSPHRASE)
        self.machine.add_key(mfa=False)
        old = self.machine.vault + ".old"
        shutil.copy2(self.machine.vault, old)
        shutil.chown(old, os.stat(self.machine.vault).st_uid)
        result = check(self.machine.awstap("factor", "remove", "2"))
        self.assertIn("copies of the vault from before still open with it", result.out)
        self.assertIn('Remove factor 2, the recovery code, from the vault:', self.machine.dialogs()[-1]["desc"])
        self.assertEqual([f["id"] for f in self.factors()], [1])
        self.assert_fails(self.get("pin " + code, "cancel"), 4)
        self.assertEqual(self.errors()[-1], "wrong passphrase")
        self.put_back(old)
        check(self.get("pin " + code))

    def put_back(self, copy):
        """An older copy, on a machine that does not know of a newer one."""
        os.rename(copy, self.machine.vault)
        for name in os.listdir(self.machine.state):
            if name.startswith("vault-"):
                os.unlink(os.path.join(self.machine.state, name))

    def two_factors(self):
        """A security key and a passphrase, two keys in the vault, one of them with the seed of its MFA device."""
        self.points = Points(self.machine)
        key = self.machine.enrol()
        check(self.add_passphrase())
        self.work = self.machine.add_key("work", user="alice")
        self.home = self.machine.add_key("home", user="bob", mfa=False, with_mfa=False, iam_needs_mfa=False)
        self.machine.pinentry("confirm yes")
        return key

    def test_removed_and_how_to_replace(self):
        """Nobody is there to be asked: all that old copies hold is named, with the commands that replace it."""
        self.two_factors()
        result = check(self.machine.awstap("factor", "remove", "2"))
        self.assertEqual(result.out.splitlines()[-3:],
                         ["awstap key rotate work", "awstap mfa add --replace work", "awstap key rotate home"])
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def replaced(self):
        """Whether AWS has other access keys than the old copies for both, and another seed."""
        found = {name: self.aws.audit(name) for name in ("alice", "bob")}
        active = {name: [key["id"] for key in user["keys"] if key["status"] == "Active"] for name, user in found.items()}
        return all(len(ids) == 1 for ids in active.values()) and self.work["access_key_id"] not in active["alice"] and \
            self.home["access_key_id"] not in active["bob"] and \
            [device["seed_base32"] == self.work["seed_base32"] for device in found["alice"]["mfa"]] == [False]

    def remove_on_terminal(self, answer, *options):
        """At a terminal; where time is waited for, it passes. What was shown."""
        self.machine.pinentry("confirm yes")
        child, terminal = self.machine.on_terminal("awstap", "factor", "remove", "2", *options)
        if answer:
            read_until(terminal, "[y/N]")
            os.write(terminal, answer)
        seen = self.points.read(terminal)
        os.close(terminal)
        self.assertEqual(child.wait(60), 0, seen)
        return seen

    def test_removed_and_replaced(self):
        """A yes to the offer, and every access key and MFA device that an old copy holds is another one at AWS."""
        self.two_factors()
        self.remove_on_terminal(b"y\n")
        self.assertTrue(self.replaced())

    def test_removed_and_burnt(self):
        self.two_factors()
        self.remove_on_terminal(None, "--burn")
        self.assertTrue(self.replaced())

    def rotate_on_terminal(self, *options):
        """A rotation at a terminal; where time is waited for, it passes. Its exit status."""
        self.machine.advance(60_000)
        child, terminal = self.machine.on_terminal("awstap", "key", "rotate", "work", *options)
        self.points.read(terminal)
        os.close(terminal)
        return child.wait(60)

    def in_use(self):
        return check(self.machine.awstap("key", "show", "work", "--json")).json()["access_key_id"]

    def assert_burnt(self, second):
        """What old copies hold is another by now; so is what had taken its place before the factor went."""
        self.machine.advance(60_000)
        self.remove_on_terminal(None, "--burn")
        self.assertTrue(self.replaced())
        self.assertFalse({key["id"]: key["status"] == "Active" for key in self.aws.audit("alice")["keys"]}.get(second))
        self.assertNotEqual(self.in_use(), second)

    def test_burnt_in_the_grace_period(self):
        self.two_factors()
        self.assertEqual(self.rotate_on_terminal(), 0)
        self.assert_burnt(self.in_use())

    def test_burnt_before_the_proof(self):
        key = self.two_factors()
        key.person("after 1")
        self.machine.advance(60_000)
        child, terminal = self.machine.on_terminal("awstap", "key", "rotate", "work")
        self.aws.wait(action="CreateAccessKey", settled=True, timeout_ms=60_000)
        key.person("deny")
        self.points.read(terminal)
        os.close(terminal)
        self.assertEqual(child.wait(60), 4)
        key.person("auto")
        self.assert_burnt(self.in_use())

    def test_burnt_with_a_device_under_way(self):
        """Its seed was in the copies too."""
        self.two_factors()
        self.machine.advance(60_000)
        self.aws.fault("error", on="EnableMFADevice", nth=2, count=0, status=403, code="InvalidAuthenticationCode",
                       message="no")
        child, terminal = self.machine.on_terminal("awstap", "mfa", "add", "--replace", "work")
        self.points.read(terminal)
        os.close(terminal)
        self.assertEqual(child.wait(60), 5)
        self.aws.call("clear-faults")
        seeds = [device["seed_base32"] for device in self.aws.audit("alice")["mfa"]]
        self.assertEqual(len(seeds), 2)
        self.machine.advance(120_000)
        self.remove_on_terminal(None, "--burn")
        self.assertTrue(self.replaced())
        self.assertNotIn(self.aws.audit("alice")["mfa"][0]["seed_base32"], seeds)

    def test_removed_and_kept(self):
        """Enter means no: the commands are shown for later."""
        self.two_factors()
        self.assertIn("awstap mfa add --replace work", self.remove_on_terminal(b"\n"))
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def test_removed_on_a_failing_disk(self):
        """The folder is not synced once the new vault is in it: the factor is removed, that is said, and the offer comes."""
        self.two_factors()
        self.points.clear()
        self.points.plan(f"awstap-signer fsync 2 fail {errno.EIO}")
        result = check(self.machine.awstap("factor", "remove", "2"))
        self.assertIn(("awstap-signer", "fsync", "awstap"), self.points.passed())
        self.assertIn("factor 2 is removed", result.out)
        self.assertIn("may not outlast a power cut: ", result.out)
        self.assertIn("awstap key rotate work", result.out.splitlines())
        self.assertEqual([factor["id"] for factor in self.factors()], [1])

    def test_last_one_stays(self):
        check(self.add_passphrase())
        self.assert_fails(self.machine.awstap("factor", "remove", "1"), 1, "last factor")
        self.assert_fails(self.machine.awstap("factor", "remove", "7"), 1, "no factor 7")


def draw(shown, scale=4):
    """The half blocks of a QR code among the lines shown, as a picture (PGM)."""
    dark = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = []
    for line in re.findall(r"\x1b\[30;47;107m([ ▀▄█]+)\x1b\[0m", shown):
        rows += [[dark[block][half] for block in line] for half in (0, 1)]
    margin = [[0] * (len(rows[0]) + 8)] * 4
    rows = margin + [[0] * 4 + row + [0] * 4 for row in rows] + margin
    pixels = b"".join(bytes(0 if module else 255 for module in row for _ in range(scale)) * scale for row in rows)
    return b"P5 %d %d 255\n" % (len(rows[0]) * scale, len(rows) * scale) + pixels


if __name__ == "__main__":
    unittest.main()
