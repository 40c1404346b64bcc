# SPDX-License-Identifier: BSD-2-Clause
"""The agent and its awstap-watch on a desktop: the touch is told, and sleep, the lock and a death leave no session."""

import os
import signal

import buses
import world
from world import check, wait_for


class WatchedAgent(world.Case):
    def setUp(self):
        buses.prepare(self)
        super().setUp()
        self.desktop = buses.Desktop(self.machine)
        self.addCleanup(self.desktop.close)
        self.key = self.machine.enrol()
        self.user = self.machine.add_key()
        self.desktop.wait("inhibit")
        wait_for(lambda: self.machine.status()["watching"], "awstap-watch")

    def sessions(self):
        return self.machine.status()["sessions"]

    def shown(self):
        return check(self.machine.awstap("key", "show", "work", "--json")).json()

    def get(self):
        check(self.machine.awstap("get", "work"))
        self.assertEqual(len(self.sessions()), 1)

    def test_touch_is_told(self):
        """While it is awaited, and after a moment; taken away with the touch."""
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.assertIn("ouch", self.desktop.wait("notify"))
        self.key.person("auto")
        self.desktop.wait("close")
        check(self.machine.finish(child))

    def test_forgotten_before_sleep(self):
        """By the time that the inhibitor is released, no session is held."""
        self.get()
        self.desktop.do("sleep")
        self.desktop.wait("released")
        self.assertEqual(self.sessions(), [])
        self.machine.clock(31000)  # to the next TOTP code
        self.assert_fails(self.machine.awstap("get", "work"), 4, "sleep")
        self.desktop.do("wake")
        self.desktop.wait("inhibit")
        check(self.machine.awstap("get", "work"))

    def test_operations_end_before_sleep(self):
        """What seals an answer of AWS's is waited for: by the time that the inhibitor is released no signer is there."""
        self.aws.fault("delay", on="CreateAccessKey", ms=1500)
        self.machine.clock(31000)  # to the next TOTP code
        child = self.machine.start("awstap", "key", "rotate", "work")
        self.aws.wait(action="CreateAccessKey")
        self.machine.clock(-30000)  # however slow this machine is: the limit of awstap-watch is far
        self.desktop.do("sleep")
        self.desktop.wait("released")
        self.assertEqual(self.machine.processes("awstap-signer"), [])
        self.assert_fails(self.machine.finish(child), 4, "sleep")
        self.assertEqual({key["id"] for key in self.aws.audit("alice")["keys"]},
                         {self.user["access_key_id"], self.shown()["access_key_id"]})
        self.assertIn("waits for the next touch", check(self.machine.awstap("key", "rotate", "--due", "work")).out)

    def test_nobody_is_asked_before_sleep(self):
        """What changes the vault or something at AWS would be kept over the sleep as well."""
        touches = self.key.number("touches")
        self.desktop.do("sleep")
        self.desktop.wait("released")
        self.assert_fails(self.machine.awstap("key", "rotate", "work"), 4, "sleep")
        self.assertEqual(self.key.number("touches"), touches)

    def test_tending_ends_before_sleep(self):
        check(self.machine.awstap("key", "set", "work", "rotate_every=1h"))
        self.machine.clock(2 * 3600_000)
        self.aws.fault("hang", on="ListAccessKeys")
        self.get()
        self.aws.wait(action="ListAccessKeys")
        self.machine.clock(2 * 3600_000 - 60000)
        self.desktop.do("sleep")
        self.desktop.wait("released")
        self.assertEqual(self.machine.processes("awstap-signer"), [])
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def test_policy_locks_operations(self):
        """Of a key that is locked with the screen, not even what was opened before it goes on."""
        check(self.machine.awstap("key", "set", "work", "lock_on=screen"))
        self.get()
        self.assert_locks_while("ListAccessKeys")

    def assert_locks_while(self, action):
        """The screen is locked while a rotation waits for AWS's answer to that."""
        self.aws.fault("hang", on=action)
        self.machine.clock(31000)  # to the next TOTP code
        child = self.machine.start("awstap", "key", "rotate", "work")
        self.aws.wait(action=action)
        self.desktop.do("hint 1")
        self.assert_fails(self.machine.finish(child), 4, "locked")

    def test_policy_locks_an_operation_that_begins(self):
        """Before the agent knows the policy of its key."""
        check(self.machine.awstap("key", "set", "work", "lock_on=screen"))
        self.assert_locks_while("GetSessionToken")

    def test_policy_locks_the_vault(self):
        """With the sessions of such a key goes what seals a new secret of any key's without a touch."""
        self.machine.add_key("other", "bob")
        check(self.machine.awstap("key", "set", "work", "lock_on=screen"))
        check(self.machine.awstap("key", "set", "other", "rotate_every=1h"))
        for name in ("work", "other"):
            self.machine.clock(31000)  # to the next TOTP code
            check(self.machine.awstap("get", name))
        self.desktop.do("hint 1")
        wait_for(lambda: len(self.sessions()) == 1, "one session to be forgotten")
        self.unlock_screen()
        self.machine.clock(2 * 3600_000)
        self.assertIn("waits for the next touch", check(self.machine.awstap("key", "rotate", "--due")).out)
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def test_policy_of_a_key_that_nobody_got(self):
        """It holds from the command on that has opened the vault."""
        check(self.machine.awstap("key", "set", "work", "lock_on=screen", "rotate_every=1h", "grace=1h"))
        self.machine.clock(31000)  # to the next TOTP code
        check(self.machine.awstap("key", "rotate", "work"))
        self.lock_screen()
        self.assert_work_waits()

    def test_policy_that_was_changed_since(self):
        """The session of a command is forgotten with the lock, though the agent does not know the policy as it is now."""
        self.machine.add_key("other", "bob")
        check(self.machine.awstap("key", "set", "work", "lock_on=screen", "rotate_every=1h", "grace=1h"))
        self.machine.clock(31000)  # to the next TOTP code
        check(self.machine.awstap("key", "rotate", "work"))
        check(self.machine.awstap("key", "set", "work", "grace=90m"))
        self.lock_screen()
        self.unlock_screen()
        check(self.machine.awstap("get", "other"))
        self.assert_work_waits()

    def assert_work_waits(self):
        """Two hours later it is due, and nothing is asked of AWS."""
        self.machine.clock(2 * 3600_000)
        asked = len(self.aws.requests())
        self.assertIn("work: waits for the next touch", check(self.machine.awstap("key", "rotate", "--due")).out)
        self.assertEqual(self.aws.requests()[asked:], [])

    def test_policy_of_another_key_that_nobody_got(self):
        """It is in the vault that was opened, and so this one's session stays, and what seals does not."""
        self.machine.add_key("other", "bob")
        check(self.machine.awstap("key", "set", "work", "lock_on=screen"))
        check(self.machine.awstap("key", "set", "other", "rotate_every=1h"))
        self.machine.clock(31000)  # to the next TOTP code
        check(self.machine.awstap("get", "other"))
        self.lock_screen()
        self.assertEqual(len(self.sessions()), 1)
        self.machine.clock(2 * 3600_000)
        self.assertIn("waits for the next touch", check(self.machine.awstap("key", "rotate", "--due")).out)
        self.assertEqual(self.actions("CreateAccessKey"), [])

    def test_no_policy_locks_on_the_screen(self):
        """A key is rotated with nobody there, behind a locked screen as well."""
        check(self.machine.awstap("key", "set", "work", "rotate_every=1h", "lock_on=removal"))
        self.get()
        self.lock_screen()
        self.machine.clock(2 * 3600_000)
        check(self.machine.awstap("key", "rotate", "--due"))
        self.assertEqual(len(self.actions("CreateAccessKey")), 1)

    def lock_screen(self):
        self.desktop.do("hint 1")
        wait_for(lambda: self.machine.status()["screen_locked"], "the lock to be seen")

    def unlock_screen(self):
        self.desktop.do("hint 0")
        wait_for(lambda: not self.machine.status()["screen_locked"], "the unlocking to be seen")

    def test_hanging_notifier_delays_nothing(self):
        self.desktop.do("notifier hang")
        self.key.person("after 1500")
        child = self.machine.start("awstap", "get", "work")
        self.desktop.wait("notify")
        check(self.machine.finish(child))

    def test_locked_screen(self):
        """What is cached is served; nobody is asked for a touch."""
        self.get()
        self.lock_screen()
        check(self.machine.awstap("get", "work"))
        self.assert_fails(self.machine.awstap("get", "work", "--duration-seconds", "900"), 4, "lock")
        self.assert_fails(self.machine.awstap("mfa", "code", "work"), 4, "lock")
        self.assertEqual(self.machine.dialogs(), [])
        self.unlock_screen()
        self.machine.clock(31000)  # to the next TOTP code
        check(self.machine.awstap("get", "work", "--duration-seconds", "900"))

    def test_its_death_locks(self):
        """And it is started again."""
        self.get()
        [pid] = self.machine.processes("awstap-watch")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.sessions(), "the session to be forgotten")
        self.desktop.wait("released", "inhibit")
        wait_for(lambda: self.machine.status()["watching"], "awstap-watch to run again")
        self.assertNotEqual(self.machine.processes("awstap-watch"), [pid])


class Unwatched(world.Case):
    def test_goes_on_without(self):
        """Where it can't be started, the agent serves, and says so."""
        os.unlink(self.machine.program("awstap-watch"))
        self.machine.enrol()
        self.machine.add_key()
        check(self.machine.awstap("get", "work"))
        status = self.machine.status()
        self.assertFalse(status["watching"])
        self.assertEqual(len(status["sessions"]), 1)
        self.assertIn("awstap-watch", status["trouble"])
        self.assert_told()

    def test_hangs(self):
        """One that never greets is on its way for a while, and after that it is trouble."""
        self.machine.put_program("awstap-watch", "#!/bin/sh\nexec sleep 600\n")
        self.machine.clock(-60000)  # however slow this machine is
        self.machine.awstap("key", "list")
        self.assertNotIn("not watched", check(self.machine.awstap("status")).out)
        self.machine.clock(0)
        self.assert_told()

    def assert_told(self):
        for command in ("status", "doctor"):
            self.assertIn("not watched", self.machine.awstap(command).out)


if __name__ == "__main__":
    world.unittest.main()
