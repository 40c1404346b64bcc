# SPDX-License-Identifier: BSD-2-Clause
"""Security keys: touched, refused, unplugged, foreign, unfit, many, and let go when nobody wants them any more."""

import os
import signal
import time
import unittest

import wire
from agent_test import version
from world import SANITIZED, Case, check, read_until, wait_for

TOUCH_MS = 30_000  # how long a key blinks
PLUG_MS = 30_000  # how long one that is not plugged in is waited for
GET_MS = 50_000  # how long `awstap get` waits
TOTP_MS = 30_000


class Confirm(Case):
    """One enrolled key, one AWS key, and a person who touches only when told so."""

    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.machine.add_key()
        self.key.person("never")

    def get(self, *options):
        return self.machine.awstap("get", "work", *options)

    def ask(self, name="work"):
        """Start a get, and wait until the key blinks for it."""
        child = self.machine.start("awstap", "get", name)
        self.key.wait_blinking()
        return child

    def assert_unharmed(self):
        """The same agent serves the next request, with one touch."""
        agent = self.machine.processes("awstap-agent")
        self.key.person("auto")
        self.assertEqual(check(self.get()).json()["Version"], 1)
        self.assertEqual(self.machine.processes("awstap-agent"), agent)


class NoTouch(Confirm):
    def test_nobody_touches(self):
        child = self.ask()
        cancels = self.key.number("cancels")
        self.machine.clock(TOUCH_MS + 1000)
        self.assert_fails(self.machine.finish(child), 4, "get work: no touch within 30 s", "touch the blinking key")
        self.key.wait_dark()
        self.assertEqual(self.key.number("cancels"), cancels + 1)
        self.assertEqual(self.actions("GetSessionToken"), [])
        self.assert_unharmed()

    @unittest.skipIf(SANITIZED, "the same real half minute is spent once, on the other build")
    def test_nobody_touches_by_the_real_clock(self):
        child = self.ask()
        out, err = child.communicate(timeout=GET_MS / 1000)
        self.assertEqual((child.returncode, out), (4, ""))
        self.assertEqual(err.count("\n"), 1, err)
        self.key.wait_dark()
        self.assert_unharmed()

    def test_the_key_gives_up_itself(self):
        self.key.configure("timeout 100")
        self.assert_fails(self.get(), 4, "no touch within 30 s")
        self.key.configure()
        self.assert_unharmed()

    def test_refused_on_the_key(self):
        self.key.person("deny")
        self.assert_fails(self.get(), 4, "refused on the security key")
        self.assert_unharmed()

    def test_flight_outlives_its_client(self):
        """After 50 s the client leaves; the flight goes on, and whoever asks again finds its session."""
        self.key.person("auto")
        check(self.machine.awstap("lock"))
        # Just into a step, which the first session uses up.
        offset = TOTP_MS - time.time_ns() // 1_000_000 % TOTP_MS + 500
        self.machine.clock(offset)
        check(self.get())
        self.key.person("never")
        command = "awstap get work --duration-seconds 3600 2>err"
        child, terminal = self.machine.on_terminal("/bin/sh", "-c", command)
        read_until(terminal, "next TOTP code")
        self.machine.clock(offset + TOTP_MS)
        self.key.wait_blinking()
        self.machine.clock(offset + GET_MS + 1000)
        self.assertEqual(child.wait(), 4)
        with open(os.path.join(self.machine.home, "err"), encoding="utf-8") as file:
            self.assertRegex(file.read(), r"^awstap: get work: nothing yet after 50 s; it goes on: [^\n]+\n$")
        self.assertTrue(self.key.blinks())
        self.key.person("auto")
        check(self.get("--duration-seconds", "3600"))
        self.assertEqual(len(self.actions("GetSessionToken")), 2)


class Unplugged(Confirm):
    def test_while_it_blinks(self):
        child = self.ask()
        self.key.unplug()
        self.assert_fails(self.machine.finish(child), 4, "unplugged", "plug it in again")
        self.key.plug()
        self.assert_unharmed()

    def test_before(self):
        """Without any key the person has half a minute to find it."""
        self.key.unplug()
        child, terminal = self.machine.on_terminal("/bin/sh", "-c", "awstap get work 2>err")
        read_until(terminal, 'no security key is plugged in; plug in "yubi" to open work')
        self.machine.clock(PLUG_MS + 1000)
        self.assertEqual(child.wait(), 4)
        with open(os.path.join(self.machine.home, "err"), encoding="utf-8") as file:
            self.assertRegex(file.read(), r'^awstap: get work: no security key is plugged in; plug in "yubi" [^\n]+\n$')
        self.key.plug()
        self.assert_unharmed()

    def test_before_enrolment(self):
        self.key.unplug()
        os.unlink(self.machine.vault)
        result = self.machine.awstap("factor", "add", "fido2")
        self.assert_fails(result, 4, "no security key is plugged in", "plug one in")


class Several(Confirm):
    def second(self, name="nano"):
        """A second enrolled key."""
        second = self.machine.key(name)
        second.plug()
        self.key.person("auto")
        check(self.machine.awstap("factor", "add", "fido2", "--device", "softkey:" + name))
        self.key.person("never")
        return second

    def test_foreign_alone(self):
        """A key that is not enrolled can't help, and does not blink."""
        self.key.unplug()
        foreign = self.machine.key("foreign")
        foreign.plug("never")
        self.assert_fails(self.get(), 4, "not a key enrolled for this vault")
        self.assertEqual(foreign.number("cancels"), 0)
        self.assertEqual(foreign.number("touches"), 0)

    def test_foreign_beside(self):
        foreign = self.machine.key("foreign")
        foreign.plug()
        child = self.ask()
        self.assertIsNone(child.poll())
        self.key.person("auto")
        check(self.machine.finish(child))
        self.assertEqual(foreign.number("touches"), 0)

    def test_second_is_touched(self):
        second = self.second()
        second.person("never")
        child = self.ask()
        second.wait_blinking()
        cancels = self.key.number("cancels")
        second.person("auto")
        check(self.machine.finish(child))
        self.key.wait_dark()
        self.assertEqual(self.key.number("cancels"), cancels + 1)
        self.assertEqual(len(self.actions("GetSessionToken")), 1)

    def test_one_of_two_unplugged(self):
        second = self.second()
        second.person("never")
        child = self.ask()
        second.wait_blinking()
        self.key.unplug()
        second.person("auto")
        check(self.machine.finish(child))

    def test_one_of_two_refused(self):
        second = self.second()
        second.person("never")
        child = self.ask()
        second.wait_blinking()
        denied = self.key.number("assertions")
        self.key.person("deny")
        self.key.wait_dark()
        second.person("auto")
        check(self.machine.finish(child))
        self.assertEqual(self.key.number("assertions"), denied)

    def test_junk_beside_a_good_one(self):
        for fault in ("junk info", "error open 01", "junk get_assert"):
            with self.subTest(fault):
                junk = self.machine.key("junk")
                junk.configure(fault)
                junk.plug()
                self.key.person("auto")
                check(self.get())
                junk.unplug()
                check(self.machine.awstap("lock"))
                self.machine.clock(TOTP_MS * (1 + len(self.actions("GetSessionToken"))))


class Enrolment(Case):
    """What is plugged in here is never enrolled, and leaves no vault behind."""

    REFUSED = {
        "touchless_up 1": "gives its secret without a touch",
        "touchless_secret 1": "gives its secret without a touch",
        "pin 1234\nno_cred_protect 1": "can't keep a secret behind it (credProtect)",
        "uv 1\nno_cred_protect 1": "can't keep a secret behind it (credProtect)",
        "always_uv 1": "needs a PIN on the security key, and none is set; set one",
        "no_hmac_secret 1": "cannot derive secrets",
        "empty_secret 1": "gave no secret",
        "error make_cred 2b touched": "failed",
        "junk info": "makes no sense",
        "junk make_cred": "makes no sense",
    }
    UNASKED = ("pin 1234\nno_cred_protect 1", "uv 1\nno_cred_protect 1", "always_uv 1", "no_hmac_secret 1")

    def test_refused(self):
        for number, (line, text) in enumerate(self.REFUSED.items()):
            with self.subTest(line):
                key = self.machine.key(f"unfit{number}")
                key.configure(line)
                key.plug()
                self.assert_fails(self.machine.awstap("factor", "add", "fido2"), 4, "factor add fido2: ", text)
                self.assertFalse(os.path.exists(self.machine.vault))
                if line in self.UNASKED:
                    self.assertEqual(key.number("credentials"), 0)
                    self.assertEqual(key.number("touches"), 0)
                key.unplug()

    def test_enrolled_already(self):
        key = self.machine.enrol()
        result = self.machine.awstap("factor", "add", "fido2")
        self.assert_fails(result, 4, "enrolled already", "another one")
        self.assertEqual(key.number("credentials"), 1)
        self.assertEqual(len(check(self.machine.awstap("factor", "list", "--json")).json()), 1)

    def test_the_touched_one_of_several(self):
        left, right = self.machine.key("left"), self.machine.key("right")
        left.plug("never")
        right.plug("never")
        child = self.machine.start("awstap", "factor", "add", "fido2")
        left.wait_blinking()
        right.wait_blinking()
        right.person("auto")
        check(self.machine.finish(child))
        left.wait_dark()
        self.assertEqual((left.number("credentials"), right.number("credentials")), (0, 1))
        factor, = check(self.machine.awstap("factor", "list", "--json")).json()
        self.assertIn("software key right", factor["label"])

    def test_none_of_several_touched(self):
        for name in ("left", "right"):
            self.machine.key(name).plug("never")
        child = self.machine.start("awstap", "factor", "add", "fido2")
        for name in ("left", "right"):
            self.machine.key(name).wait_blinking()
        self.machine.clock(TOUCH_MS)
        self.assert_fails(self.machine.finish(child), 4, "no touch within 15 s")
        self.assertFalse(os.path.exists(self.machine.vault))

    def test_device(self):
        left, right = self.machine.key("left"), self.machine.key("right")
        left.plug()
        right.plug()
        check(self.machine.awstap("factor", "add", "fido2", "--device", "softkey:right", "--label", "the right one"))
        self.assertEqual((left.number("credentials"), right.number("credentials")), (0, 1))
        factor, = check(self.machine.awstap("factor", "list", "--json")).json()
        self.assertEqual(factor["label"], "the right one")

    def test_no_such_device(self):
        self.machine.key("left").plug()
        result = self.machine.awstap("factor", "add", "fido2", "--device", "softkey:right")
        self.assert_fails(result, 4, "plug it in")
        self.assertFalse(os.path.exists(self.machine.vault))

    def test_cancelled(self):
        key = self.machine.key()
        key.plug("never")
        child = self.machine.start("awstap", "factor", "add", "fido2")
        key.wait_blinking()
        child.send_signal(signal.SIGINT)
        child.wait()
        key.wait_dark()
        self.assertFalse(os.path.exists(self.machine.vault))
        key.person("auto")
        check(self.machine.awstap("factor", "add", "fido2"))


class LetGo(Confirm):
    """Nothing blinks for somebody who is gone."""

    def kill(self, name):
        pid, = self.machine.processes(name)
        os.kill(pid, signal.SIGKILL)

    def test_ctrl_c(self):
        child = self.ask()
        cancels = self.key.number("cancels")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(), -signal.SIGINT)
        self.key.wait_dark()
        self.assertEqual(self.key.number("cancels"), cancels + 1)
        self.assert_unharmed()

    def test_one_of_two_for_the_same(self):
        child, other = self.ask(), wire.connect(self.machine.socket)
        self.addCleanup(other.close)
        other.sendall(wire.hello(version(self.machine)) + wire.get("work"))
        self.assertEqual([wire.read_frame(other)[0] for _ in range(2)], [wire.HELLO, wire.PROGRESS])
        child.kill()
        child.wait()
        self.machine.wait_clients(1)
        self.assertTrue(self.key.blinks())
        self.key.person("auto")
        self.assertEqual(wire.read_frame(other)[0], wire.SESSION)

    def test_one_of_two_for_different_keys(self):
        """Both ride on one touch. That one of them is gone by then is nothing to the other."""
        self.key.person("auto")
        self.machine.add_key("other", "bob")
        self.key.person("never")
        child, other = self.ask(), self.machine.start("awstap", "get", "other")
        self.machine.wait_flights(2)
        self.aws.wait(count=2, action="HEAD", settled=True)
        child.kill()
        child.wait()
        self.machine.wait_flights(1)
        self.key.person("auto")
        self.assertEqual(check(self.machine.finish(other)).json()["Version"], 1)
        self.machine.clock(TOTP_MS)  # what was signed for the one that is gone may have used up this step
        self.assert_unharmed()

    def test_agent_killed(self):
        child = self.ask()
        cancels = self.key.number("cancels")
        self.kill_agent()
        self.assert_fails(self.machine.finish(child), 3, "the agent ended before it answered")
        self.key.wait_dark()
        self.assertEqual(self.key.number("cancels"), cancels + 1)
        wait_for(lambda: not self.machine.processes(), "all that the agent had started to end")
        self.key.person("auto")
        check(self.get())

    def agent_and_starter(self):
        agent = self.machine.status()["pid"]
        starter, = set(self.machine.processes("awstap-agent")) - {agent}
        return agent, starter

    def kill_agent(self):
        os.kill(self.agent_and_starter()[0], signal.SIGKILL)

    def test_starter_killed(self):
        child = self.ask()
        os.kill(self.agent_and_starter()[1], signal.SIGKILL)
        result = self.machine.finish(child)  # whichever end was seen first: the signer's, the agent's or that of awstap-watch
        self.assertIn(result.status, (1, 3, 4), result)
        self.assert_fails(result, result.status, "ended", "run")
        self.key.wait_dark()
        wait_for(lambda: not self.machine.processes(), "all processes to end")
        self.key.person("auto")
        check(self.get())

    def test_signer_killed(self):
        child = self.ask()
        self.kill("awstap-signer")
        self.assert_fails(self.machine.finish(child), 1, "awstap-signer ended unexpectedly")
        self.key.wait_dark()
        self.assert_unharmed()

    def test_fido_killed(self):
        child = self.ask()
        self.kill("awstap-fido")
        self.assert_fails(self.machine.finish(child), 1, "awstap-fido has ended unexpectedly")
        self.assert_unharmed()

    def test_net_killed(self):
        child = self.ask()
        self.kill("awstap-net")
        self.key.person("auto")
        result = self.machine.finish(child)
        self.assertIn(result.status, (1, 5), result)
        self.assert_fails(result, result.status)
        self.machine.clock(TOTP_MS)
        self.assert_unharmed()


if __name__ == "__main__":
    unittest.main()
