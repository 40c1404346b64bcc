# SPDX-License-Identifier: BSD-2-Clause
"""The agent: how it starts and ends, whom it serves, what it survives, and what its clients are told."""

import os
import select
import signal
import socket
import stat
import time
import unittest

import wire
from tools import PYTHON
from world import PATIENCE, PROGRAMS, USER, Case, check, wait_for

CLIENTS = 256  # whom the agent listens to at once
NEWER = "9.9.9"  # as many characters as the version has
STRANGER = 61235  # a user who is neither root nor the person
SILENT_MS = 10_000  # how long the agent waits for a client to say what it wants
ROOT = os.geteuid() == 0


def version(machine):
    return check(machine.awstap("--version")).out.split()[1]


class Start(Case):
    def folder(self, mode):
        path = os.path.dirname(self.machine.socket)
        os.mkdir(path)
        os.chmod(path, mode)
        if USER is not None:
            os.chown(path, USER, USER)
        return path

    def break_agent(self, content=None):
        """Take the agent's program away, or put a script in its place."""
        path = self.machine.program("awstap-agent")
        os.unlink(path)
        if content is not None:
            with open(path, "w", encoding="ascii") as file:
                file.write(content)
            os.chmod(path, 0o755)

    def assert_nothing_runs(self):
        self.assertEqual(self.machine.processes(), [])

    def test_fifty_at_once(self):
        """Whoever asks first starts the agent, and only one is started."""
        self.machine.enrol()
        self.machine.add_key()
        os.kill(self.machine.status()["pid"], signal.SIGTERM)
        wait_for(lambda: not self.machine.processes(), "the agent to end")
        children = [self.machine.start("awstap", "get", "work") for _ in range(50)]
        results = [self.machine.finish(child) for child in children]
        self.assertEqual({result.status for result in results}, {0}, results)
        self.assertEqual(len({result.out for result in results}), 1)
        self.assertEqual(len(self.machine.processes("awstap-agent")), 2)  # it and its starter
        self.assertEqual(len(self.actions("GetSessionToken")), 1)

    def test_nothing_is_started_to_look(self):
        for command in ("status", "lock"):
            self.assert_fails(self.machine.awstap(command), 3, "no agent is running")
        self.assert_nothing_runs()

    def test_program_fails(self):
        self.break_agent("#!/bin/sh\nexit 7\n")
        self.assert_fails(self.machine.awstap("get", "work"), 3, "could not be started", "status 7", "--foreground")

    def test_program_says_why(self):
        self.break_agent("#!/bin/sh\necho awstap-agent: out of sorts >&2\nexit 1\n")
        self.assert_fails(self.machine.awstap("get", "work"), 3, "could not be started: out of sorts")

    @unittest.skipIf(os.path.exists("/usr/local/libexec/awstap/awstap-agent"), "an installed one would be started")
    def test_program_missing(self):
        self.break_agent()
        self.assert_fails(self.machine.awstap("get", "work"), 3, "could not be started", "No such file")

    def test_folder_open_to_others(self):
        path = self.folder(0o777)
        self.assert_fails(self.machine.awstap("get", "work"), 3, path, "not yours alone", "AWSTAP_SOCK")
        self.assert_nothing_runs()

    @unittest.skipUnless(ROOT, "needs another user")
    def test_folder_of_another_user(self):
        os.chown(self.folder(0o755), STRANGER, STRANGER)
        self.assert_fails(self.machine.awstap("get", "work"), 3, "not yours alone")
        self.assert_nothing_runs()

    def test_folder_is_a_link(self):
        os.symlink("/tmp", os.path.dirname(self.machine.socket))
        self.assert_fails(self.machine.awstap("get", "work"), 3, "the folder", "cannot be opened")

    def test_no_place_for_the_socket(self):
        result = self.machine.awstap("status", env={"XDG_RUNTIME_DIR": ""})
        self.assert_fails(result, 3, "XDG_RUNTIME_DIR is not set", "AWSTAP_SOCK")
        result = self.machine.awstap("status", env={"AWSTAP_SOCK": "/" + "x" * 200})
        self.assert_fails(result, 3, "longer than 107 characters")

    def test_stale_socket(self):
        """The socket of an agent that was killed is nobody's."""
        self.machine.enrol()
        os.kill(self.machine.status()["pid"], signal.SIGKILL)
        wait_for(lambda: not self.machine.processes(), "the agent's processes to end")
        self.assertTrue(stat.S_ISSOCK(os.stat(self.machine.socket).st_mode))
        self.assert_fails(self.machine.awstap("status"), 3, "no agent is running")
        check(self.machine.awstap("factor", "list"))

    def test_second_agent(self):
        self.machine.enrol()
        agent = self.machine.status()["pid"]
        second = self.machine.run("awstap-agent", "--foreground")
        self.assertEqual((second.status, second.out), (1, ""))
        self.assertEqual(second.err, f"awstap-agent: another agent holds {self.machine.socket}; "
                                     "end it if it does not answer there\n")
        self.assertEqual(self.machine.status()["pid"], agent)

    def test_another_socket(self):
        path = os.path.join(self.machine.run_dir, "elsewhere.sock")
        self.machine.key().plug()
        check(self.machine.awstap("factor", "add", "fido2", env={"AWSTAP_SOCK": path}))
        self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
        self.assertFalse(os.path.exists(self.machine.socket))
        check(self.machine.awstap("status", env={"AWSTAP_SOCK": path}))
        self.assert_fails(self.machine.awstap("status"), 3, "no agent is running")

    def test_given_paths(self):
        vault, state, sock = (os.path.join(self.machine.home, name) for name in ("v/vault", "s", "d/sock"))
        agent = self.machine.start("awstap-agent", "--foreground", "--socket", sock, "--vault", vault, "--state", state)
        wait_for(lambda: os.path.exists(sock), "the agent to listen")
        self.machine.key().plug()
        check(self.machine.awstap("factor", "add", "fido2", env={"AWSTAP_SOCK": sock}))
        self.assertTrue(os.path.exists(vault))
        self.assertTrue(os.path.isdir(state))
        self.assertFalse(os.path.exists(self.machine.vault))
        agent.terminate()
        self.assertEqual(agent.wait(PATIENCE), 0)


class End(Case):
    def start_agent(self):
        agent = self.machine.start("awstap-agent", "--foreground")
        wait_for(lambda: self.machine.awstap("status").status == 0, "the agent to serve")
        return agent

    def assert_ended(self, agent):
        self.assertEqual(agent.wait(PATIENCE), 0)
        self.assertFalse(os.path.exists(self.machine.socket))
        wait_for(lambda: not self.machine.processes(), "all that it had started to end")
        self.assertEqual(agent.stderr.read(), "")

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                agent = self.start_agent()
                agent.send_signal(number)
                self.assert_ended(agent)

    def test_while_a_key_blinks(self):
        agent = self.start_agent()
        key = self.machine.enrol()
        self.machine.add_key()
        key.person("never")
        child = self.machine.start("awstap", "get", "work")
        key.wait_blinking()
        agent.terminate()
        self.assert_fails(self.machine.finish(child), 3, "the agent ended before it answered")
        key.wait_dark()
        self.assert_ended(agent)

    def test_socket_activation(self):
        """The socket that systemd made is served, and is still there after the agent."""
        path = os.path.join(self.machine.run_dir, "given.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            with wire.acting_as(USER):
                listener.bind(path)
                listener.listen(8)
            script = ("import os, sys; os.dup2(int(sys.argv[1]), 3)\n"
                      "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
                      "os.execv(sys.argv[2], sys.argv[2:])")
            agent = self.machine.start(PYTHON, "-c", script, str(listener.fileno()),
                                       self.machine.program("awstap-agent"), "--foreground",
                                       pass_fds=[listener.fileno()])
        self.machine.key().plug()
        check(self.machine.awstap("factor", "add", "fido2", env={"AWSTAP_SOCK": path}))
        self.assertFalse(os.path.exists(self.machine.socket))
        agent.terminate()
        self.assert_ended(agent)
        self.assertTrue(os.path.exists(path))

    def test_inherited_nonsense(self):
        script = "LISTEN_PID=$$ LISTEN_FDS=1 exec awstap-agent --foreground 3</dev/null"
        result = self.machine.run("/bin/sh", "-c", script)
        self.assertEqual(result.status, 1, result)
        self.assertRegex(result.err, r"^awstap-agent: the inherited socket can't be used: [^\n]+\n$")


class Strangers(Case):
    """Only processes of the same user are spoken to, in either direction."""

    def setUp(self):
        super().setUp()
        if not ROOT:
            self.skipTest("needs another user")

    def test_other_users_hear_nothing(self):
        self.machine.enrol()
        os.chmod(self.machine.run_dir, 0o711)
        os.chmod(os.path.dirname(self.machine.socket), 0o711)
        os.chmod(self.machine.socket, 0o666)
        for uid in (STRANGER, 0):
            with wire.connect(self.machine.socket, uid) as conversation:
                try:
                    conversation.sendall(wire.hello(version(self.machine)) + wire.frame(wire.LOCK))
                except BrokenPipeError:
                    pass
                self.assertEqual(wire.read_to_end(conversation), b"")
        self.machine.status()

    def test_agent_of_another_user(self):
        path = os.path.join(self.machine.folder, "trap.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            os.chmod(path, 0o666)
            with wire.acting_as(STRANGER):
                listener.listen(8)
            for command in (("get", "work"), ("status",), ("key", "add", "x")):
                result = self.machine.awstap(*command, text="{}", env={"AWSTAP_SOCK": path})
                self.assert_fails(result, 3, "another user's")
                conversation, _ = listener.accept()
                with conversation:
                    self.assertEqual(wire.read_to_end(conversation), b"")


class Versions(Case):
    def test_client_of_another_version(self):
        """An awstap that was upgraded meanwhile says so."""
        self.machine.enrol()
        newer = self.newer_client()
        for command in (("status",), ("get", "work"), ("key", "list")):
            result = self.machine.run(newer, *command)
            self.assert_fails(result, 3, f"the running agent is version {version(self.machine)}, this is {NEWER}", "end it")
        self.machine.status()

    def newer_client(self):
        path = os.path.join(self.machine.root, "newer")
        with open(self.machine.program("awstap"), "rb") as file:
            program = file.read()
        with open(path, "wb") as file:
            file.write(program.replace(version(self.machine).encode(), NEWER.encode()))
        os.chmod(path, 0o755)
        return path

    def answer(self, *frames):
        """What `awstap status` makes of an agent that says this."""
        path = os.path.join(self.machine.run_dir, "fake.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            with wire.acting_as(USER):
                listener.bind(path)
                listener.listen(1)
            child = self.machine.start("awstap", "status", env={"AWSTAP_SOCK": path})
            conversation, _ = listener.accept()
            with conversation:
                conversation.sendall(b"".join(frames))
                conversation.shutdown(socket.SHUT_WR)
                result = self.machine.finish(child)
        os.unlink(path)
        return result

    def test_agent_of_another_version(self):
        self.assert_fails(self.answer(wire.hello("0.0.7")), 3, "the running agent is version 0.0.7")
        self.assert_fails(self.answer(wire.hello(version(self.machine), 2)), 3, "the running agent is version")

    def test_agent_that_makes_no_sense(self):
        greeting = wire.hello(version(self.machine))
        for name, frames in {"an unknown message": (greeting, wire.frame(250)), "a huge one": (greeting, b"\xff" * 64),
                             "a byte too many": (greeting, wire.frame(wire.DONE, wire.text(""), b"\0")),
                             "an unexpected one": (greeting, wire.get("work")),
                             "no greeting": (wire.frame(wire.STATUS),),
                             "done without an answer": (greeting, wire.frame(wire.DONE, wire.text("")))}.items():
            with self.subTest(name):
                self.assert_fails(self.answer(*frames), 3, "makes no sense")
        self.assert_fails(self.answer(greeting), 3, "ended before it answered")
        self.assert_fails(self.answer(), 3, "ended before it answered")

    def test_control_characters(self):
        """Whoever speaks for the agent, a terminal is shown none of its control characters."""
        failed = wire.frame(wire.FAILED, wire.number(5), wire.text("a\x1b[2Jb\nc"))
        result = self.answer(wire.hello(version(self.machine)), failed)
        self.assert_fails(result, 5)
        self.assertNotIn("\x1b", result.err)


class Abuse(Case):
    """What a program of the same user may send, and what becomes of it."""

    def setUp(self):
        super().setUp()
        self.machine.enrol()
        self.version = version(self.machine)
        wait_for(lambda: len(self.machine.processes()) == 3 and self.machine.processes("awstap-watch"),
                 "the helpers to end")
        self.agent = self.machine.status()["pid"]
        self.machine.wait_clients(0)
        if ROOT:
            wait_for(lambda: sum("pidfd" in name for name in self.open_files()) == 1,
                     "the agent to know that of the helpers only awstap-watch goes on")
        self.open_before = self.open_files()
        self.passed_ms = 0

    def open_files(self):
        """What the agent has open, which only root may see."""
        return sorted(filter(None, map(self.opened, os.listdir(f"/proc/{self.agent}/fd")))) if ROOT else []

    def opened(self, number):
        try:
            return os.readlink(f"/proc/{self.agent}/fd/{number}")
        except FileNotFoundError:
            return None  # closed meanwhile

    def has_open(self, more):
        return len(self.open_files()) == len(self.open_before) + more

    def greeted(self):
        conversation = wire.connect(self.machine.socket)
        self.addCleanup(conversation.close)
        conversation.sendall(wire.hello(self.version))
        return conversation

    def assert_hung_up(self, conversation):
        """Nothing but the agent's greeting came, and it is gone."""
        said = wire.read_to_end(conversation)
        self.assertIn(said, (b"", wire.hello(self.version)))

    def assert_unharmed(self):
        """The same agent serves, and keeps nothing open."""
        self.assertEqual(self.machine.status()["pid"], self.agent)
        self.machine.wait_clients(0)
        wait_for(lambda: self.has_open(0), f"the agent to close all but {self.open_before}")

    def test_broken_frames(self):
        status = wire.frame(wire.STATUS)
        broken = {
            "huge": b"\xff\xff\xff\xff", "of one byte too many": wire.number(65537) + b"\0" * 32,
            "empty": wire.number(0), "unknown type": wire.frame(200), "type zero": wire.frame(0),
            "trailing byte": wire.frame(wire.STATUS, b"\0"), "missing field": wire.frame(wire.GET, wire.text("work")),
            "text without its end": wire.frame(wire.GET, wire.number(4) + b"work", wire.number(0)),
            "text with two ends": wire.frame(wire.GET, wire.number(6) + b"wo\0rk\0", wire.number(0)),
            "text longer than its frame": wire.frame(wire.GET, wire.number(2000) + b"work\0", wire.number(0)),
            "name too long": wire.get("k" * 65),
            "two requests": status + status, "second greeting": wire.hello(self.version),
            "another's message": wire.frame(wire.START, wire.number(1)),
            "a signer's message": wire.frame(wire.WANT, wire.number(1)),
            "an answer": wire.frame(wire.DONE, wire.text("")), "leave before asking": wire.frame(wire.LEAVE),
            "key without its descriptor": wire.frame(wire.KEY_ADD, *[wire.text("")] * 6),
        }
        for name, data in broken.items():
            with self.subTest(name):
                conversation = self.greeted()
                conversation.sendall(data)
                said = wire.read_to_end(conversation)
                if not data.startswith(status):
                    self.assertIn(said, (b"", wire.hello(self.version)))
        self.assert_unharmed()

    def test_broken_greetings(self):
        for name, data in {"none": wire.frame(wire.STATUS), "other version": wire.hello(NEWER) + wire.frame(wire.LOCK),
                           "other protocol": wire.hello(self.version, 2), "http": b"GET / HTTP/1.1\r\n\r\n",
                           "zeroes": b"\0" * 4096}.items():
            with self.subTest(name), wire.connect(self.machine.socket) as conversation:
                conversation.sendall(data)
                self.assert_hung_up(conversation)
        self.assert_unharmed()

    def test_bounds_of_a_request(self):
        for key, duration, text in (("", 0, "1 to 64"), ("work", 899, "900"), ("work", 129601, "900")):
            conversation = self.greeted()
            conversation.sendall(wire.get(key, duration))
            self.assertEqual(wire.read_frame(conversation)[0], wire.HELLO)
            kind, fields = wire.read_frame(conversation)
            self.assertEqual(kind, wire.FAILED)
            self.assertIn(text, fields.decode(errors="replace"))
            conversation.close()
        self.assert_unharmed()

    def test_silence(self):
        """Half a frame, or nothing at all, and the agent's patience ends."""
        silent, half = wire.connect(self.machine.socket), self.greeted()
        self.addCleanup(silent.close)
        half.sendall(wire.frame(wire.STATUS)[:3])
        self.machine.status()  # by now it knows of both
        self.machine.clock(SILENT_MS + 1000)
        self.assert_hung_up(silent)
        self.assert_hung_up(half)
        self.assert_unharmed()

    def test_answer_never_read(self):
        """A client that has its answer and stays is put out."""
        conversation = self.greeted()
        conversation.sendall(wire.frame(wire.STATUS))
        self.machine.status()
        self.machine.clock(SILENT_MS + 1000)
        self.assertIn(b"\0", wire.read_to_end(conversation))
        self.assert_unharmed()

    def test_six_hundred_connections(self):
        """As many as may are let in, the others wait in line or are turned away, and all are put out in their turn."""
        crowd = [conversation for conversation in map(self.knock, range(600)) if conversation]
        self.assertGreater(len(crowd), CLIENTS)
        if ROOT:
            wait_for(lambda: self.has_open(2 * CLIENTS), "as many to be let in as may")
        for conversation in crowd:
            wait_for(lambda: self.time_passes() or select.select([conversation], [], [], 0)[0], "the agent to hang up")
            self.assert_hung_up(conversation)
        self.assert_unharmed()

    def knock(self, _):
        try:
            conversation = wire.connect(self.machine.socket, wait=False)
        except BlockingIOError:
            return None
        self.addCleanup(conversation.close)
        return conversation

    def time_passes(self):
        self.passed_ms += 1000
        self.machine.clock(self.passed_ms)

    def test_many_questions_at_once(self):
        """Lists are made by a signer each: a hundred at once are answered or refused, and none is forgotten."""
        crowd = [self.greeted() for _ in range(100)]
        for conversation in crowd:
            conversation.sendall(wire.frame(wire.FACTOR_LIST))
        for conversation in crowd:
            kinds = [wire.read_frame(conversation)[0]]
            while kinds[-1] not in (wire.DONE, wire.FAILED):
                kinds.append(wire.read_frame(conversation)[0])
            conversation.close()
        self.assert_unharmed()

    def test_descriptors_where_none_belong(self):
        null = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, null)
        status, listing = wire.frame(wire.STATUS), wire.frame(wire.KEY_LIST)
        add = wire.frame(wire.KEY_ADD, *[wire.text("")] * 6)
        for data, lists in ((status, [[null]]), (listing, [[null]]), (status, [[null, null]]), (status, [[null] * 200]),
                            (add, [[null, null]]), (wire.hello(self.version), [[null]])):
            conversation = self.greeted()
            try:
                wire.send_fds(conversation, data, *lists)
            finally:
                conversation.shutdown(socket.SHUT_WR)
            wire.read_to_end(conversation)
            conversation.close()
        self.assert_unharmed()


class Lock(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.machine.add_key()

    def test_sessions_are_gone(self):
        check(self.machine.awstap("get", "work"))
        self.assertEqual(len(self.machine.status()["sessions"]), 1)
        result = check(self.machine.awstap("lock"))
        self.assertEqual((result.out, result.err), ("", ""))
        self.assertEqual(self.machine.status()["sessions"], [])
        touches = self.key.number("touches")
        self.machine.clock(30_000)
        check(self.machine.awstap("get", "work"))
        self.assertEqual(self.key.number("touches"), touches + 1)

    def test_flights_end(self):
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.key.wait_blinking()
        check(self.machine.awstap("lock"))
        self.assert_fails(self.machine.finish(child), 4, "locked meanwhile")
        self.key.wait_dark()
        self.assertEqual(self.machine.status()["waiting"], 0)


class Sessions(Case):
    """When a session is served, renewed, forgotten. All times are from when it was issued."""

    HOUR_MS = 3_600_000
    MINUTE_MS = 60_000

    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.machine.add_key()

    def get(self, *options):
        return check(self.machine.awstap("get", "work", *options)).json()["AccessKeyId"]

    def assert_renewed_between(self, lifetime_ms, left_ms, *options):
        """With a minute more than left_ms to go the session is served, with a minute less it is renewed."""
        first = self.get(*options)
        self.machine.clock(lifetime_ms - left_ms - self.MINUTE_MS)
        self.assertEqual(self.get(*options), first)
        self.machine.clock(lifetime_ms - left_ms + self.MINUTE_MS)
        touches = self.key.number("touches")
        self.assertNotEqual(self.get(*options), first)
        self.assertEqual(self.key.number("touches"), touches + 1)

    def test_renewal_of_twelve_hours(self):
        self.assert_renewed_between(12 * self.HOUR_MS, 20 * self.MINUTE_MS)

    def test_renewal_of_a_quarter_of_an_hour(self):
        self.assert_renewed_between(15 * self.MINUTE_MS, 5 * self.MINUTE_MS, "--duration-seconds", "900")

    def decline(self):
        """Ask, and have nobody touch: the result."""
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.key.wait_blinking()
        self.key.person("deny")
        return self.machine.finish(child)

    def test_served_on_when_nobody_touches(self):
        """Declined, a session that is still valid is served on, and nobody is asked again for five minutes."""
        first = self.get()
        almost = 12 * self.HOUR_MS - 15 * self.MINUTE_MS
        self.machine.clock(almost)
        self.assertEqual(check(self.decline()).json()["AccessKeyId"], first)
        self.key.person("auto")
        self.machine.clock(almost + 4 * self.MINUTE_MS)
        self.assertEqual(self.get(), first)
        self.machine.clock(almost + 6 * self.MINUTE_MS)
        self.assertEqual(check(self.decline()).json()["AccessKeyId"], first)
        self.machine.clock(almost + 12 * self.MINUTE_MS)
        self.key.person("auto")
        self.assertNotEqual(self.get(), first)

    def test_expired_is_never_served(self):
        self.get()
        self.machine.clock(12 * self.HOUR_MS + 1000)
        self.assertEqual(self.machine.status()["sessions"], [])
        self.assert_fails(self.decline(), 4, "refused on the security key")

    def test_expires_while_asked(self):
        self.get()
        self.machine.clock(12 * self.HOUR_MS - 5000)
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.key.wait_blinking()
        self.machine.clock(12 * self.HOUR_MS + 1000)
        self.key.person("deny")
        self.assert_fails(self.machine.finish(child), 4, "refused on the security key")

    def test_durations_are_different_sessions(self):
        first = self.get()
        self.machine.clock(30_000)
        short = self.get("--duration-seconds", "900")
        self.assertNotEqual(first, short)
        self.assertEqual(self.get(), first)
        self.assertEqual(self.get("--duration-seconds", "900"), short)
        self.assertEqual(self.get("--duration-seconds", "43200"), first)  # the default, spelt out
        durations = sorted(session["duration_seconds"] for session in self.machine.status()["sessions"])
        self.assertEqual(durations, [900, 43200])

    def test_region_is_no_other_session(self):
        first = self.get()
        self.assertEqual(self.get("--region", "eu-west-1"), first)

    def test_forgotten_with_their_key(self):
        self.get()
        check(self.machine.awstap("key", "remove", "work"))
        self.assertEqual(self.machine.status()["sessions"], [])
        self.assert_fails(self.machine.awstap("get", "work"), 1, "work")

    def test_forgotten_with_a_new_mfa_device(self):
        bob = self.machine.add_key("other", "bob", mfa=False)
        check(self.machine.awstap("get", "other"))
        first = self.get()
        check(self.machine.awstap("mfa", "import", "other", "--mfa-serial", bob["serial"], text=bob["seed_base32"]))
        self.assertEqual([session["key"] for session in self.machine.status()["sessions"]], ["work"])
        check(self.machine.awstap("get", "other"))
        self.assertEqual(self.actions("GetSessionToken")[-1]["parameters"]["SerialNumber"], bob["serial"])
        self.assertEqual(self.get(), first)


class Commands(Case):
    COMMANDS = ("factor add", "factor list", "factor remove", "key add", "key list", "key show", "key remove",
                "mfa import", "mfa code", "get", "exec", "status", "lock")

    def test_help(self):
        listed = check(self.machine.awstap("--help")).out
        for command in self.COMMANDS:
            shown = check(self.machine.awstap(*command.split(), "--help"))
            self.assertTrue(shown.out.startswith(f"usage: awstap {command}"), shown)
            self.assertEqual(shown.err, "")
            self.assertIn(f"\n  {command} ", listed)
        for group in ("factor", "key", "mfa"):
            self.assertIn(f"usage: awstap {group} COMMAND", check(self.machine.awstap(group, "--help")).out)
        self.assertEqual(self.machine.processes(), [])

    def test_version(self):
        for name in ("awstap", "awstap-agent"):
            self.assertRegex(check(self.machine.run(name, "--version")).out, rf"^{name} [0-9]+\.[0-9]+\.[0-9]+\n$")
        self.assertIn("usage: awstap-agent", check(self.machine.run("awstap-agent", "--help")).out)

    def test_helpers_run_by_hand(self):
        """Helpers speak on descriptor 3. Where no conversation is there, they end."""
        for name in PROGRAMS[2:]:
            self.assertEqual(self.machine.run(name).status, 1, name)

    def test_usage_errors(self):
        for words in ((), ("nonsense",), ("--nonsense",), ("key",), ("key", "nonsense"), ("get",), ("get", "a", "b"),
                      ("get", "a", "--nonsense"), ("get", "--duration-seconds"),
                      ("get", "a", "--duration-seconds", "899"),
                      ("get", "a", "--duration-seconds", "129601"), ("get", "a", "--duration-seconds", "1e3"),
                      ("exec", "a"), ("key", "add", "a b"), ("key", "add", "a" * 65),
                      ("key", "add", "a", "--ca-bundle", "x"),
                      ("key", "list", "--json=1"), ("factor", "add", "nonsense"), ("factor", "remove", "x"),
                      ("factor", "remove", "-1"), ("status", "x"), ("lock", "--json")):
            with self.subTest(words):
                self.assert_fails(self.machine.awstap(*words, text=""), 2)
        result = self.machine.run("awstap-agent", "nonsense")
        self.assertEqual((result.status, result.out), (2, ""))
        result = self.machine.run("awstap-agent", "--socket", "relative")
        self.assertEqual((result.status, result.err), (2, "awstap-agent: --socket wants an absolute path\n"))
        self.assertEqual(self.machine.processes(), [])

    def test_no_vault(self):
        for words in (("get", "work"), ("exec", "work", "true"), ("key", "list"), ("factor", "list"),
                      ("mfa", "code", "work"),
                      ("key", "remove", "work"), ("factor", "remove", "1"), ("key", "add", "work")):
            with self.subTest(words):
                self.assert_fails(self.machine.awstap(*words, text="{}"), 1, "awstap factor add fido2")

    def test_unknown_names(self):
        key = self.machine.enrol()
        touches = key.number("touches")
        for words in (("get", "nobody"), ("exec", "nobody", "true"), ("get", "n" * 65), ("key", "show", "nobody"),
                      ("key", "remove", "nobody"),
                      ("mfa", "code", "nobody"), ("mfa", "import", "nobody"), ("factor", "remove", "9")):
            with self.subTest(words):
                self.assert_fails(self.machine.awstap(*words, text="A" * 32), 1)
        self.assertEqual(key.number("touches"), touches)

    def test_lists(self):
        key = self.machine.enrol()
        self.assertEqual(check(self.machine.awstap("key", "list", "--json")).json(), [])
        alice = self.machine.add_key()
        self.machine.add_key("other", "bob", mfa=False)
        work, other = check(self.machine.awstap("key", "list", "--json")).json()
        expected = {"name": "work", "access_key_id": alice["access_key_id"], "arn": alice["arn"],
                    "account": alice["account"], "partition": "aws", "region": "us-east-1", "mfa_serial": alice["serial"], "has_seed": True,
                    "sts_endpoint_url": self.aws.endpoint, "iam_endpoint_url": self.aws.endpoint, "ca_bundle": "",
                    "touch": "session", "serve": "any", "duration_seconds": 43200, "max_duration_seconds": 129600,
                    "lock_on": ["sleep"], "rotate_every_seconds": 0, "grace_seconds": 86400,
                    "overdue": False, "task": "", "strangers": [], "elsewhere": False, "exposed": False}
        self.assert_recent(work.pop("created"))
        self.assert_recent(work.pop("sealed"))
        self.assertEqual(work, expected)
        self.assertEqual((other["name"], other["mfa_serial"], other["has_seed"]), ("other", "", False))
        shown = check(self.machine.awstap("key", "show", "work", "--json")).json()
        del shown["created"], shown["sealed"]
        self.assertEqual(shown, expected)
        factor, = check(self.machine.awstap("factor", "list", "--json")).json()
        self.assert_recent(factor.pop("created"))
        self.assertRegex(factor.pop("aaguid"), r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual(factor, {"id": 1, "kind": "fido2", "label": "yubi", "touch": True, "user_verification": False,
                                  "pin": False, "totp": False})
        self.assertEqual(key.number("touches"), 2 + 3)  # to enrol, and one for each that was sealed

    def assert_recent(self, written):
        age = time.time() - time.mktime(time.strptime(written, "%Y-%m-%dT%H:%M:%SZ")) + time.timezone
        self.assertTrue(0 <= age < PATIENCE * 5, written)

    def test_tables(self):
        self.machine.enrol()
        self.machine.add_key()
        check(self.machine.awstap("get", "work"))
        self.assertIn("work", check(self.machine.awstap("key", "list")).out)
        self.assertIn("sealed", check(self.machine.awstap("key", "show", "work")).out)
        self.assertIn("touch", check(self.machine.awstap("factor", "list")).out)
        self.assertRegex(check(self.machine.awstap("status")).out, r"work +- +12 h")

    def test_last_factor(self):
        key = self.machine.enrol()
        before = key.number("touches")
        self.assert_fails(self.machine.awstap("factor", "remove", "1"), 1, "last factor")
        self.assertEqual(key.number("touches"), before)

    def test_factor_remove(self):
        """What is removed opens the vault no longer, and its number is not given again."""
        first = self.machine.enrol()
        self.machine.add_key()
        second, third = self.machine.key("second"), self.machine.key("third")
        second.plug()
        check(self.machine.awstap("factor", "add", "fido2", "--device", "softkey:second"))
        check(self.machine.awstap("factor", "remove", "1"))
        second.unplug()
        self.assert_fails(self.machine.awstap("get", "work"), 4, "not a key enrolled for this vault")
        first.unplug()
        second.plug()
        check(self.machine.awstap("get", "work"))
        third.plug()
        check(self.machine.awstap("factor", "remove", "2"), 1)
        check(self.machine.awstap("factor", "add", "fido2", "--device", "softkey:third"))
        check(self.machine.awstap("factor", "remove", "2"))
        factor, = check(self.machine.awstap("factor", "list", "--json")).json()
        self.assertEqual(factor["id"], 3)


class Exec(Case):
    def setUp(self):
        super().setUp()
        self.machine.enrol()
        self.user = self.machine.add_key()

    def test_environment(self):
        theirs = {"AWS_PROFILE": "x", "AWS_DEFAULT_PROFILE": "x", "AWS_SECURITY_TOKEN": "x", "AWS_ACCESS_KEY_ID": "x",
                  "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "x", "AWS_ACCOUNT_ID": "x",
                  "AWS_CREDENTIAL_EXPIRATION": "x", "AWS_CA_BUNDLE": "/kept"}
        result = check(self.machine.awstap("exec", "work", "--", "/usr/bin/env", env=theirs))
        found = dict(line.split("=", 1) for line in result.out.splitlines())
        session = check(self.machine.awstap("get", "work")).json()
        expected = {**self.machine.environment(), "AWS_CA_BUNDLE": "/kept", "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"], "AWS_SESSION_TOKEN": session["SessionToken"],
                    "AWS_CREDENTIAL_EXPIRATION": session["Expiration"], "AWS_ACCOUNT_ID": self.user["account"],
                    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
        self.assertEqual(found, expected)
        self.assertEqual(result.err, "")

    def test_region(self):
        def region(*options, **env):
            line = "echo $AWS_REGION $AWS_DEFAULT_REGION"
            return check(self.machine.awstap("exec", "work", *options, "--", "sh", "-c", line, env=env)).out.split()
        self.assertEqual(region("--region", "eu-west-3", AWS_REGION="eu-north-1"), ["eu-west-3"] * 2)
        self.assertEqual(region(AWS_REGION="eu-north-1"), ["eu-north-1"] * 2)
        self.assertEqual(region(AWS_DEFAULT_REGION="eu-north-1"), ["eu-north-1"] * 2)

    def test_status(self):
        def status(*command):
            return self.machine.awstap("exec", "work", *command)
        self.assertEqual(status("sh", "-c", "exit 7").status, 7)
        self.assertEqual(status("sh", "-c", "kill -TERM $$").status, -signal.SIGTERM)
        self.assert_fails(status("no-such-command"), 127, "no-such-command: command not found")
        self.assert_fails(status("/etc/passwd"), 126, "/etc/passwd: Permission denied")
        self.assertEqual(check(status("echo", "--help", "x")).out, "--help x\n")

    def test_is_the_command(self):
        """No process of ours stays between a person's Ctrl-C and the command, and stdin is the command's."""
        self.assertEqual(check(self.machine.awstap("exec", "work", "cat", text="through\n")).out, "through\n")
        child = self.machine.start("awstap", "exec", "work", "sleep", "1000")
        wait_for(lambda: self.command_line(child.pid) == b"sleep\x001000\0", "the command to run")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(PATIENCE), -signal.SIGINT)

    @staticmethod
    def command_line(pid):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()

    def test_no_session_no_command(self):
        mark = os.path.join(self.machine.home, "mark")
        self.assert_fails(self.machine.awstap("exec", "nobody", "touch", mark), 1)
        self.assertFalse(os.path.exists(mark))


if __name__ == "__main__":
    unittest.main()
