# SPDX-License-Identifier: BSD-2-Clause
"""awstap-watch on real message buses: the notification, the lock of the screen, sleep, and keys that come and go."""

import os
import shutil
import signal
import socket
import subprocess
import unittest

import buses
import wire
import world

SHOW, HIDE, EVENT, READY = 128, 129, 130, 131
ADDED, REMOVED, LOCK, UNLOCK, SLEEP, WAKE = 1, 2, 3, 4, 5, 6
SLEEP_MS, HINT_MS, RETRY_MS = 4000, 30000, 60000  # as agent/watch has them


class WatchCase(unittest.TestCase):
    """A test that is the agent of an awstap-watch."""

    def setUp(self):
        buses.prepare(self)
        self.machine = world.Machine()
        self.addCleanup(self.machine.close)

    def desktop(self, *commands):
        desktop = buses.Desktop(self.machine, *commands)
        self.addCleanup(desktop.close)
        return desktop

    def watch(self):
        """Start it; it has greeted us."""
        self.agent, other = socket.socketpair()
        self.addCleanup(self.agent.close)
        self.agent.settimeout(world.PATIENCE)
        with other:
            self.child = self.machine.start("/bin/sh", "-c", 'exec "$0" 3<&0 </dev/null', self.machine.program("awstap-watch"),
                                            stdin=other)
        kind, fields = wire.read_frame(self.agent)
        self.assertEqual(kind, wire.HELLO)
        self.agent.sendall(wire.frame(wire.HELLO, fields))

    def started(self, *commands):
        """Start a desktop and awstap-watch, and have it known to logind; the desktop."""
        desktop = self.desktop(*commands)
        self.watch()
        desktop.wait("inhibit")
        return desktop

    def send(self, kind, *texts):
        self.agent.sendall(wire.frame(kind, *map(wire.text, texts)))

    def expect(self, *events):
        """These are the very next events."""
        for event in events:
            kind, fields = wire.read_frame(self.agent)
            self.assertEqual((kind, int.from_bytes(fields, "big")), (EVENT, event))

    def assert_ends(self, status=0):
        world.check(self.machine.finish(self.child), status)


class Notification(WatchCase):
    def test_shown_replaced_closed(self):
        """It never expires by itself, is critical so that it stays, and each takes the place of the one before."""
        desktop = self.started()
        self.send(SHOW, "awstap", "Touch the key")
        self.assertEqual(desktop.wait("notify"), "notify 0 2 0 awstap|awstap|Touch the key")
        self.send(SHOW, "awstap", "Touch it again")
        self.assertEqual(desktop.wait("notify"), "notify 1 2 0 awstap|awstap|Touch it again")
        self.send(HIDE)
        self.assertEqual(desktop.wait("close"), "close 1")
        self.send(SHOW, "awstap", "Touch the key")
        self.assertEqual(desktop.wait("notify"), "notify 0 2 0 awstap|awstap|Touch the key")

    def test_text_is_no_markup(self):
        desktop = self.started()
        self.send(SHOW, "R&D <b>", "asked by <img src='x'>\nin ~/a&b\n\tand \x1b[1m")
        self.assertEqual(desktop.wait("notify").split("|", 1)[1],
                         "R&D <b>|asked by &lt;img src='x'&gt;\\nin ~/a&amp;b\\n?and ?[1m")

    def test_no_notifier(self):
        """Nothing waits for one, and one that comes later is used."""
        desktop = self.started("logind on")
        self.send(SHOW, "awstap", "Touch the key")
        desktop.do("hint 1")
        self.expect(LOCK)
        self.send(HIDE)
        desktop.do("notifier on")
        self.send(SHOW, "awstap", "Touch it now")
        while not desktop.wait("notify").endswith("|Touch it now"):
            pass  # the first one has come just in time

    def test_hanging_notifier(self):
        """It is not flooded, delays nothing, and what it showed late is taken away."""
        desktop = self.started()
        desktop.do("notifier hang")
        self.send(SHOW, "awstap", "one")
        desktop.wait("notify")
        self.send(SHOW, "awstap", "two")
        self.send(SHOW, "awstap", "three")
        desktop.do("hint 1")
        self.expect(LOCK)
        desktop.do("sleep")
        self.expect(SLEEP)
        self.send(READY)
        desktop.wait("released")
        desktop.do("notifier resume")
        self.assertEqual(desktop.wait("notify"), "notify 1 2 0 awstap|awstap|three")
        desktop.do("notifier hang")
        self.send(SHOW, "awstap", "four")
        desktop.wait("notify")
        self.send(HIDE)
        desktop.do("wake")
        self.expect(WAKE)
        desktop.do("notifier resume")
        self.assertEqual(desktop.wait("close"), "close 1")
        self.assertFalse([line for line in desktop.told if "two" in line])

    def test_notifier_restarts(self):
        """Another notifier's number 1 is not ours: neither replaced nor closed."""
        desktop = self.started()
        self.send(SHOW, "awstap", "one")
        desktop.wait("notify")
        desktop.leave()
        desktop.join("notifier on", "logind on")
        desktop.wait("inhibit")
        self.send(SHOW, "awstap", "two")
        self.assertEqual(desktop.wait("notify"), "notify 0 2 0 awstap|awstap|two")
        desktop.leave()
        desktop.join("notifier on", "logind on")
        desktop.wait("inhibit")
        self.send(HIDE)
        self.send(SHOW, "awstap", "three")
        self.assertEqual(desktop.wait("notify"), "notify 0 2 0 awstap|awstap|three")
        self.assertFalse([line for line in desktop.told if line.startswith("close")])

    def test_session_bus_comes_later_and_goes(self):
        self.watch()
        self.send(SHOW, "awstap", "one")
        self.machine.key().plug()
        self.expect(ADDED)
        desktop = self.desktop()
        self.send(SHOW, "awstap", "two")
        self.assertEqual(desktop.wait("notify"), "notify 0 2 0 awstap|awstap|two")
        desktop.close()
        self.machine.key().unplug()
        self.expect(REMOVED)
        desktop = self.desktop()
        self.send(SHOW, "awstap", "three")
        self.assertEqual(desktop.wait("notify"), "notify 0 2 0 awstap|awstap|three")

    def test_taken_away_at_the_end(self):
        """Whether the agent closes the conversation or the starter's death ends it, nothing keeps asking for a touch."""
        for end in (lambda: self.agent.close(), lambda: self.child.send_signal(signal.SIGTERM)):
            desktop = self.started()
            self.send(SHOW, "awstap", "Touch the key")
            desktop.wait("notify")
            end()
            self.assertEqual(desktop.wait("close"), "close 1")
            self.assert_ends()
            desktop.close()

    def test_ends_though_the_notifier_hangs(self):
        desktop = self.started()
        desktop.do("notifier hang")
        self.send(SHOW, "awstap", "Touch the key")
        desktop.wait("notify")
        self.agent.close()
        self.assert_ends()


class Screen(WatchCase):
    def test_locked_and_unlocked(self):
        """By the hint, by the signals, or by both: one event for each change."""
        desktop = self.started()
        desktop.do("hint 1")
        self.expect(LOCK)
        desktop.do("hint 0")
        self.expect(UNLOCK)
        desktop.do("Lock")
        self.expect(LOCK)
        desktop.do("Unlock")
        self.expect(UNLOCK)
        desktop.do("Lock")
        desktop.do("hint 1")
        self.expect(LOCK)
        desktop.do("hint 0")
        self.expect(UNLOCK)

    def test_locked_at_the_start(self):
        desktop = self.desktop("hint 1", "logind on")
        self.watch()
        self.expect(LOCK)
        desktop.do("hint 0")
        self.expect(UNLOCK)

    def test_nobody_sets_the_hint(self):
        """Some lockers never do: nobody will tell of the unlocking, so that the lock is not held against them."""
        desktop = self.started()
        desktop.do("Lock")
        self.expect(LOCK)
        self.machine.clock(HINT_MS)
        self.expect(UNLOCK)
        desktop.do("Lock")
        desktop.do("hint 1")
        self.expect(LOCK)
        self.machine.clock(2 * HINT_MS)
        desktop.do("sleep")
        self.expect(SLEEP)

    def test_of_others(self):
        """Another person's session, or a stranger's signals, are nothing to us."""
        desktop = self.started()
        desktop.do("Lock another")
        desktop.do("forge Lock")
        desktop.do("sleep")
        self.expect(SLEEP)
        desktop.do("wake")
        self.expect(WAKE)
        desktop.do("forge sleep")
        desktop.do("Lock")
        self.expect(LOCK)

    def test_seen_anew_when_logind_returns(self):
        """What has changed meanwhile is told then."""
        desktop = self.started()
        desktop.do("hint 1")
        self.expect(LOCK)
        desktop.leave()
        desktop.join("logind on")
        self.expect(UNLOCK)


class Sleep(WatchCase):
    def sleep(self, desktop):
        desktop.do("sleep")
        self.expect(SLEEP)

    def assert_held(self, desktop):
        """All that was told so far has been heeded, and the inhibitor is held."""
        desktop.do("hint 1")
        self.expect(LOCK)
        desktop.do("hint 0")
        self.expect(UNLOCK)
        self.assertNotIn("released", desktop.told)

    def test_waits_for_the_agent(self):
        desktop = self.started()
        self.assertIn("inhibit sleep awstap delay", desktop.told)
        self.sleep(desktop)
        self.machine.clock(-60000)  # however slow this machine is: the limit is far
        self.assert_held(desktop)
        self.send(READY)
        desktop.wait("released")
        desktop.do("wake")
        self.expect(WAKE)
        desktop.wait("inhibit sleep awstap delay")

    def test_does_not_wait_for_ever(self):
        desktop = self.started()
        self.sleep(desktop)
        self.machine.clock(SLEEP_MS)
        desktop.wait("released")

    def test_ready_too_late(self):
        """It was for a sleep that is over: the inhibitor for the next one stays."""
        desktop = self.started()
        self.sleep(desktop)
        self.machine.clock(-60000)
        desktop.do("wake")
        self.expect(WAKE)
        self.send(READY)
        self.machine.clock(60000)
        self.assert_held(desktop)

    def test_logind_restarts(self):
        desktop = self.started()
        desktop.do("logind off")
        desktop.do("logind on")
        desktop.wait("released", "inhibit sleep awstap delay")
        self.sleep(desktop)
        self.send(READY)
        desktop.wait("released")

    def test_system_bus_comes_later_and_goes(self):
        self.watch()
        for _ in range(2):
            desktop = self.desktop()
            self.machine.clock(RETRY_MS)
            desktop.wait("inhibit sleep awstap delay")
            self.machine.clock(0)
            self.sleep(desktop)
            self.send(READY)
            desktop.wait("released")
            desktop.close()


class Keys(WatchCase):
    def test_come_and_go(self):
        """Seen without any bus. A file that only changes is a person, not a plug."""
        self.watch()
        key, other = self.machine.key(), self.machine.key("other")
        key.plug()
        self.expect(ADDED)
        key.person("never")
        key.configure("keepalive 100")
        os.rename(key.path + ".touch", other.path + ".touch")
        self.expect(REMOVED, ADDED)
        other.unplug()
        self.expect(REMOVED)


class Conversation(WatchCase):
    def test_breach_ends_it(self):
        for breach in (wire.frame(EVENT, wire.number(1)), wire.frame(SHOW, wire.text("one text")),
                       wire.frame(READY, b"more"), wire.frame(200)):
            self.watch()
            self.agent.sendall(breach)
            self.assert_ends()


class RealNotifier(WatchCase):
    """A notification server that people use, on a screen that nobody sees."""

    def setUp(self):
        for program in ("dunst", "Xvfb", "dbus-send"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"no {program} here")
        super().setUp()

    def spawn(self, *command, **options):
        child = self.machine.start(*command, **options)
        self.addCleanup(child.communicate)
        self.addCleanup(child.kill)
        return child

    def screen(self):
        """The name of an X display of its own."""
        read_end, write_end = os.pipe()
        self.spawn("Xvfb", "-displayfd", str(write_end), "-nolisten", "tcp", pass_fds=[write_end], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
        os.close(write_end)
        with open(read_end, encoding="ascii") as file:
            return ":" + file.readline().strip()

    def displayed(self):
        """How many notifications dunst shows; None as long as it does not answer."""
        asked = self.machine.run("dbus-send", "--bus=unix:path=" + self.machine.session_bus, "--print-reply=literal",
                                 "--dest=org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                                 "org.freedesktop.DBus.Properties.Get", "string:org.dunstproject.cmd0", "string:displayedLength")
        return int(asked.out.split()[-1]) if asked.status == 0 else None

    def test_caught(self):
        """Shown, replaced and taken away, with its text as it was meant."""
        desktop = self.desktop("logind on")
        self.watch()
        desktop.wait("inhibit")
        dunst = self.spawn("dunst", "-print", env={"DISPLAY": self.screen()}, stderr=subprocess.DEVNULL)
        world.wait_for(lambda: self.displayed() == 0, "dunst")
        self.send(SHOW, "awstap", "Touch <it> & go")
        world.wait_for(lambda: self.displayed() == 1, "the notification")
        self.send(SHOW, "awstap", "Touch it again")
        seen = world.read_until(dunst.stdout.fileno(), "Touch it again")
        self.assertIn("Touch &lt;it&gt; &amp; go", seen)
        self.assertEqual(self.displayed(), 1)
        self.send(HIDE)
        world.wait_for(lambda: self.displayed() == 0, "it to be taken away")


if __name__ == "__main__":
    unittest.main()
