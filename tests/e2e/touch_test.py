# SPDX-License-Identifier: BSD-2-Clause
"""One touch for all who ask, whenever they ask, and each of them named to the person."""

import os
import signal
import time
import unittest

from world import USER, Case, check, read_until, wait_for

STEP_MS = 30_000  # of TOTP

# In the place of awstap-signer: what a rotation of many keys needs, a conversation with AWS after the other.
MANY_CONVERSATIONS = """#!/usr/bin/python3 -I
import socket, struct

def send(kind, *fields):
    body = bytes([kind]) + b"".join(fields)
    agent.sendall(struct.pack(">I", len(body)) + body)

def text(value):
    return struct.pack(">I", len(value) + 1) + value.encode() + b"\\0"

def receive():
    head, fds, _, _ = socket.recv_fds(agent, 4, 1, socket.MSG_WAITALL)
    return agent.recv(*struct.unpack(">I", head), socket.MSG_WAITALL), fds

agent = socket.socket(fileno=3)
agent.setblocking(True)
send(1, struct.pack(">I", 1), text("VERSION"))
while receive()[0][0] != 43:  # KEY_ROTATE
    pass
for _ in range(60):
    send(85, struct.pack(">I", 3))  # NEED awstap-net
    body, fds = receive()
    if body[0] != 86:  # HELPER
        send(3, body[1:])
        break
    with socket.socket(fileno=fds[0]) as helper:
        helper.shutdown(socket.SHUT_WR)
        while helper.recv(1000):  # until it has ended
            pass
else:
    send(2, text("all were had"))
"""


class Touch(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.machine.add_key()

    def cold(self, *names):
        """Start a get of each at once. Returns the children."""
        return [self.machine.start("awstap", "get", *name.split()) for name in names]

    def vault(self):
        with open(self.machine.vault, "rb") as file:
            return file.read()

    def finish_all(self, children):
        return [check(self.machine.finish(child)) for child in children]

    def assert_touched_once(self, touches, sessions):
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertEqual(len(self.actions("GetSessionToken")), sessions)

    def test_fifty_ask_at_once(self):
        """Fifty cold requests: one touch, one GetSessionToken, fifty identical answers."""
        touches = self.key.number("touches")
        results = self.finish_all(self.cold(*["work"] * 50))
        self.assertEqual(len({result.out for result in results}), 1)
        self.assertEqual({result.err for result in results}, {""})
        self.assert_touched_once(touches, 1)

    def test_four_keys_at_once(self):
        """Four keys are opened by one touch, each with a request of its own."""
        names = ["work"] + [f"key{i}" for i in range(3)]
        for name in names[1:]:
            self.machine.add_key(name, "user-" + name)
        touches = self.key.number("touches")
        self.key.person("never")
        children = self.cold(*names)
        self.machine.wait_flights(4)
        self.key.person("auto")
        results = self.finish_all(children)
        self.assertEqual(len({result.out for result in results}), 4)
        self.assert_touched_once(touches, 4)

    def test_late_joiner(self):
        """Who asks while the key blinks rides on the same touch, and the person is told of it."""
        self.machine.add_key("payroll", "bob")
        touches = self.key.number("touches")
        self.key.person("never")
        first, master = self.machine.on_terminal("awstap", "get", "work")
        read_until(master, "to open work\r\n")
        late = self.cold("payroll")
        read_until(master, "to open work, payroll\r\n")
        self.key.person("auto")
        self.finish_all(late)
        self.assertEqual(first.wait(), 0)
        self.assert_touched_once(touches, 2)

    def test_joiner_while_a_code_is_awaited(self):
        """Who asks while a TOTP code is awaited rides on the touch that comes after it."""
        self.machine.add_key("other", "bob")
        ahead = STEP_MS - int(time.time() * 1000) % STEP_MS + 1000  # a step has just begun, none ends under us
        self.machine.clock(ahead)
        check(self.machine.awstap("get", "work"))
        check(self.machine.awstap("lock"))
        touches = self.key.number("touches")
        first, master = self.machine.on_terminal("awstap", "get", "work")
        read_until(master, "for the next TOTP code")
        late = self.cold("other")
        self.machine.wait_flights(2)
        self.machine.clock(ahead + STEP_MS + 1000)
        self.finish_all(late)
        self.assertEqual(first.wait(), 0)
        self.assert_touched_once(touches, 3)

    def test_two_durations_of_one_key(self):
        """Two sessions of one MFA device: one touch, the first at once, the second with the next code."""
        touches = self.key.number("touches")
        self.key.person("never")
        children = self.cold("work", "work --duration-seconds 900")
        self.key.wait_blinking()
        self.machine.wait_flights(2)
        self.key.person("auto")
        wait_for(lambda: any(child.poll() is not None for child in children), "the first to have its session")
        self.machine.clock(31000)
        first, second = self.finish_all(children)
        self.assertNotEqual(first.out, second.out)
        self.assert_touched_once(touches, 2)

    def test_cached_while_another_waits(self):
        """A cached session is served at once while another key's flight waits for its touch."""
        self.machine.add_key("other", "bob")
        first = check(self.machine.awstap("get", "work"))
        self.key.person("never")
        waiting = self.cold("other")
        self.key.wait_blinking()
        self.assertEqual(check(self.machine.awstap("get", "work")).out, first.out)
        self.assertIsNone(waiting[0].poll())
        self.key.person("auto")
        self.finish_all(waiting)

    def test_removed_key_serves_no_longer(self):
        """A session ends with its key, even if who removed the key did not stay to see it."""
        check(self.machine.awstap("get", "work"))
        agent = self.machine.awstap("status", "--json").json()["pid"]
        before = self.vault()
        self.key.person("never")
        removing = self.machine.start("awstap", "key", "remove", "work")
        self.key.wait_blinking()
        os.kill(agent, signal.SIGSTOP)
        self.key.person("auto")
        wait_for(lambda: self.vault() != before, "the vault to be written")
        removing.kill()
        removing.wait()
        os.kill(agent, signal.SIGCONT)
        wait_for(lambda: not self.machine.awstap("status", "--json").json()["sessions"], "the session to go")
        self.assert_fails(self.machine.awstap("get", "work"), 1, "work")

    def test_missing_helper(self):
        """A helper that can't be started fails what needs it, and nothing else."""
        check(self.machine.awstap("get", "work"))
        agent = self.machine.processes("awstap-agent")
        os.unlink(self.machine.program("awstap-net"))
        children = self.cold(*[f"work --duration-seconds {900 + i}" for i in range(8)])
        for child in children:
            self.assert_fails(self.machine.finish(child), 1, "awstap-net")
        self.assertEqual(self.machine.processes("awstap-agent"), agent)
        check(self.machine.awstap("get", "work"))

    def test_many_helpers(self):
        """One that has ended makes place for another: an operation may need more of them than there may be at once."""
        version = check(self.machine.awstap("--version")).out.split()[-1]
        program = self.machine.program("awstap-signer")
        os.unlink(program)
        with open(program, "w", encoding="ascii") as file:
            file.write(MANY_CONVERSATIONS.replace("VERSION", version))
        os.chmod(program, 0o755)
        self.assertIn("all were had", check(self.machine.awstap("key", "rotate", "--due")).out)

    def test_terminal_is_told(self):
        """While a touch is awaited the terminal says so, and stderr does not."""
        self.key.person("never")
        child, master = self.machine.on_terminal("/bin/sh", "-c", "awstap get work 2>err >out")
        self.assertIn("touch the security key", read_until(master, "work"))
        self.key.person("auto")
        self.assertEqual(child.wait(), 0)
        self.assertEqual(os.path.getsize(os.path.join(self.machine.home, "err")), 0)


class Socket(Case):
    def test_a_file_is_not_removed(self):
        """What lies where the socket should be, and is none, is somebody's."""
        path = os.path.join(self.machine.run_dir, "precious")
        with open(path, "w", encoding="ascii") as file:
            file.write("data")
        if USER is not None:
            os.chown(path, USER, USER)
        self.assert_fails(self.machine.awstap("get", "work", env={"AWSTAP_SOCK": path}), 3, "no socket")
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "data")


if __name__ == "__main__":
    unittest.main()
