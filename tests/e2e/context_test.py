# SPDX-License-Identifier: BSD-2-Clause
"""What the client says to the agent, and what it shows of what the agent says: to an agent made of Python."""

import fcntl
import os
import select
import socket
import struct
import unittest

import wire
from world import PATIENCE, Case, check, read_until

TIOCGPTN = 0x80045430
NAMES = ("tty", "term", "lc_ctype", "lc_messages", "display", "wayland_display", "xauthority", "dbus", "requester",
         "pinentry")
TOUCH, PROMPT, PLUG = 1, 5, 6  # kinds of PROGRESS
ROLE = "arn:aws:iam::123456789012:role/"


def texts(fields):
    """Texts one after the other, each a field of its own."""
    found = []
    while fields:
        size = struct.unpack(">I", fields[:4])[0]
        found.append(fields[4:3 + size].decode())
        fields = fields[4 + size:]
    return found


def read_get(fields):
    """The key, the duration, and the hops as names and values in turn."""
    size = struct.unpack(">I", fields[:4])[0]
    key, rest = fields[4:3 + size].decode(), fields[4 + size:]
    return key, struct.unpack(">I", rest[:4])[0], rest[8:].decode().split("\0")[:-1]


class FakeAgent(Case):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.machine.run_dir, "agent.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        with wire.acting_as(wire.USER):
            self.listener.bind(self.path)
            self.listener.listen()
        self.listener.settimeout(PATIENCE)
        version = check(self.machine.run("awstap", "--version")).out.split()[1]
        self.greeting = wire.hello(version)

    def accept(self):
        """The next client: the conversation, and its request: CONTEXT by name (None: not sent), type, fields."""
        conversation, _ = self.listener.accept()
        self.addCleanup(conversation.close)
        conversation.settimeout(PATIENCE)
        conversation.sendall(self.greeting)
        self.assertEqual(wire.read_frame(conversation)[0], wire.HELLO)
        kind, fields = wire.read_frame(conversation)
        context = None
        if kind == wire.CONTEXT:
            context = dict(zip(NAMES, texts(fields), strict=True))
            kind, fields = wire.read_frame(conversation)
        return conversation, context, kind, fields

    def start(self, *words, env=None):
        return self.machine.start("awstap", *words, env={"AWSTAP_SOCK": self.path, **(env or {})})

    def ask(self, *words, env=None):
        """What the client asks; it is then told that this is refused."""
        child = self.start(*words, env=env)
        conversation, context, kind, fields = self.accept()
        conversation.sendall(wire.frame(wire.FAILED, wire.number(1), wire.text("not here")))
        self.assert_fails(self.machine.finish(child), 1, "not here")
        return context, kind, fields

    def context(self, **env):
        return self.ask("get", "work", env=env)[0]


class Context(FakeAgent):
    def test_no_terminal(self):
        """Programs of the desktop have none."""
        context = self.context(TERM="xterm", DISPLAY=":0", WAYLAND_DISPLAY="wayland-0", XAUTHORITY="/run/x auth",
                               DBUS_SESSION_BUS_ADDRESS="unix:path=/run/bus")
        self.assertEqual(context, {"tty": "", "term": "xterm", "lc_ctype": "C.UTF-8", "lc_messages": "C.UTF-8",
                                   "display": ":0", "wayland_display": "wayland-0", "xauthority": "/run/x auth",
                                   "dbus": "unix:path=/run/bus", "requester": "", "pinentry": ""})

    def terminal_of(self, *command):
        child, master = self.machine.on_terminal(*command, env={"AWSTAP_SOCK": self.path})
        self.addCleanup(os.close, master)
        number = struct.unpack("I", fcntl.ioctl(master, TIOCGPTN, b"\0" * 4))[0]
        _, context, _, _ = self.accept()
        child.kill()
        return f"/dev/pts/{number}", context["tty"]

    def test_terminal(self):
        self.assertEqual(*self.terminal_of("awstap", "get", "work"))

    def test_terminal_behind_pipes(self):
        """As under an SDK: all descriptors are something else, and the terminal is there all the same."""
        command = "exec awstap get work </dev/null 2>/dev/null | cat >/dev/null"
        self.assertEqual(*self.terminal_of("/bin/sh", "-c", command))

    def test_locale(self):
        """LC_ALL before the category before LANG, and what is empty is not set."""
        def locale(**env):
            context = self.context(**env)
            return context["lc_ctype"], context["lc_messages"]
        self.assertEqual(locale(LANG="de_DE.UTF-8"), ("de_DE.UTF-8", "de_DE.UTF-8"))
        self.assertEqual(locale(LANG="de_DE.UTF-8", LC_MESSAGES="C"), ("de_DE.UTF-8", "C"))
        self.assertEqual(locale(LANG="a", LC_CTYPE="b", LC_MESSAGES="c", LC_ALL="d"), ("d", "d"))
        self.assertEqual(locale(LANG="a", LC_CTYPE="", LC_ALL=""), ("a", "a"))
        self.assertEqual(locale(LANG=""), ("", ""))

    def test_over_ssh(self):
        """A forwarded display is where the person is not to be asked; one of this machine may be."""
        ssh = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
        self.assertEqual(self.context(DISPLAY="localhost:10.0", **ssh)["display"], "")
        self.assertEqual(self.context(DISPLAY=":0", **ssh)["display"], ":0")
        self.assertEqual(self.context(DISPLAY="localhost:10.0")["display"], "localhost:10.0")

    def test_left_out(self):
        """What is too long for any of it, or would steer a terminal, is as if it were not set."""
        context = self.context(XAUTHORITY="/x" * 600, TERM="x\x1b[2J", LANG="x" * 70, DISPLAY=":" + "0" * 300,
                               DBUS_SESSION_BUS_ADDRESS="unix:" + "p" * 1018)
        self.assertEqual([context[name] for name in ("xauthority", "term", "lc_ctype", "display")], [""] * 4)
        self.assertEqual(len(context["dbus"]), 1023)

    def test_only_where_a_person_may_be_asked(self):
        for words, asked in ((("status",), False), (("lock",), False), (("get", "work"), True),
                             (("mfa", "code", "work"), True), (("key", "set", "work", "touch=use"), True)):
            with self.subTest(words):
                self.assertEqual(self.ask(*words)[0] is not None, asked)


class Requests(FakeAgent):
    def test_get(self):
        """Profiles and options become the hops of one request."""
        self.machine.config(f"""
[profile work]
region = eu-west-1
credential_process = /usr/local/bin/awstap get work --duration-seconds 28800
[profile admin]
role_arn = {ROLE}admin
source_profile = work
external_id = theirs
[profile deploy]
role_arn = {ROLE}deploy
source_profile = admin
region = eu-central-1
""")
        _, kind, fields = self.ask("get", "deploy", "--tag", "a=b=c", "--tag", "empty=", "--transitive-tag", "a",
                                   "--source-identity", "me", "--policy", '{"Version": "2012-10-17"}', "--policy-arn",
                                   "arn:aws:iam::aws:policy/ReadOnlyAccess", "--role-session-name", "s1")
        self.assertEqual(kind, wire.GET)
        self.assertEqual(read_get(fields), ("work", 28800, [
            "role_arn", ROLE + "admin", "external_id", "theirs", "region", "eu-west-1",
            "role_arn", ROLE + "deploy", "role_session_name", "s1", "source_identity", "me",
            "policy", '{"Version": "2012-10-17"}', "region", "eu-central-1",
            "policy_arn", "arn:aws:iam::aws:policy/ReadOnlyAccess", "tag_key", "a", "tag_value", "b=c",
            "tag_key", "empty", "tag_value", "", "transitive_tag", "a"]))

    def test_policy_of_a_file(self):
        path = os.path.join(self.machine.home, "policy.json")
        with open(path, "w", encoding="ascii") as file:
            file.write('{\n  "Version": "2012-10-17"\n}\n')
        for name in (path, "~/policy.json", "policy.json"):
            with self.subTest(name):
                _, _, fields = self.ask("get", "work", "--role-arn", ROLE + "r", "--policy", "file://" + name)
                self.assertEqual(read_get(fields)[2][2:], ["policy", '{\n  "Version": "2012-10-17"\n}\n'])

    def test_key_set(self):
        _, kind, fields = self.ask("key", "set", "work", "touch=use", "lock_on=sleep,screen")
        self.assertEqual((kind, fields), (40, wire.text("work") + wire.texts("touch=use", "lock_on=sleep,screen")))

    def test_wrong_usage_asks_nobody(self):
        self.listener.close()
        os.unlink(self.path)
        for words, said in ((("get", "work", "--tag", "a=b"), "--tag is for a role"),
                            (("exec", "work", "--role-arn", "admin", "true"), "is no role's ARN"),
                            (("get", "work", "--role-arn", ROLE + "r", "--tag", "a"), "is not KEY=VALUE"),
                            (("key", "set", "work"), "an argument is missing"),
                            (("key", "set", "work", "touch"), "is not OPTION=VALUE")):
            with self.subTest(words):
                self.assert_fails(self.machine.finish(self.start(*words)), 2, said)
        self.assertEqual(self.machine.processes("awstap-agent"), [])

    def test_profiles_that_lead_nowhere(self):
        self.machine.config(f"""
[profile a]
role_arn = {ROLE}a
source_profile = b
[profile b]
role_arn = {ROLE}b
source_profile = a
[profile ec2]
role_arn = {ROLE}ec2
credential_source = Ec2InstanceMetadata
""")
        for name, said in (("a", "lead to each other and to no key (a, then b, then a again)"),
                           ("ec2", "credential_source = Ec2InstanceMetadata, which is not awstap's")):
            with self.subTest(name):
                self.assert_fails(self.machine.finish(self.start("get", name)), 1, said)


class Progress(FakeAgent):
    def setUp(self):
        super().setUp()
        self.child, self.master = self.machine.on_terminal("awstap", "get", "work", env={"AWSTAP_SOCK": self.path})
        self.addCleanup(os.close, self.master)
        self.conversation = self.accept()[0]

    def report(self, kind, text):
        self.conversation.sendall(wire.frame(4, wire.number(kind), wire.text(text)))

    def test_waits(self):
        """What is waited for is said on the terminal."""
        self.report(PLUG, "plug in the security key")
        read_until(self.master, "awstap: plug in the security key")
        self.report(TOUCH, "touch it")
        read_until(self.master, "awstap: touch it")

    def test_nothing_is_written_over_a_dialog(self):
        """That a dialog asks is said before it draws, and what was to be said before it is not said any more."""
        self.report(TOUCH, "touch it")
        self.report(PROMPT, "a dialog asks for the PIN")
        seen = read_until(self.master, "a dialog asks for the PIN\r\n")
        self.assertNotIn("touch it", seen)
        self.assertEqual(select.select([self.master], [], [], 0.5)[0], [])
        self.report(TOUCH, "touch it now")
        read_until(self.master, "touch it now")


if __name__ == "__main__":
    unittest.main()
