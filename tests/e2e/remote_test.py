# SPDX-License-Identifier: BSD-2-Clause
"""Remote hosts: what comes through the socket that SSH forwards, spoken to directly, and by a real SSH."""

import ctypes.util
import json
import os
import shutil
import socket
import subprocess
import unittest

import wire
from world import PATIENCE, USER, Case, check, wait_for

SSHD = "/usr/sbin/sshd"
NSS_WRAPPER = ctypes.util.find_library("nss_wrapper")
NO = "the person has just said no, or has not answered; run it again in a minute"


class RemoteCase(Case):
    """A machine whose host `build` may ask for the key work and the role admin, for an hour at most."""

    def setUp(self):
        super().setUp()
        self.machine.enrol()
        alice = self.machine.add_key()
        self.role = self.aws.add_role("admin", account=alice["account"], trust=[alice["arn"]])
        self.machine.config(f"[profile admin]\nrole_arn = {self.role}\nsource_profile = work\n")
        self.add("build", "work", "admin")
        self.socket = os.path.join(self.machine.run_dir, "awstap", "build.sock")

    def add(self, host, *names, seconds=3600):
        words = [word for name in names for word in ("--allow", name)]
        return check(self.machine.awstap("socket", "add", host, *words, "--max-duration", str(seconds)))

    def environment(self, **more):
        """The far end's, which has no roles of its own."""
        return {"AWSTAP_SOCK": self.socket, "HOME": "/nonexistent", "AWS_CONFIG_FILE": "/nonexistent/config", **more}

    def next_code(self):
        """What follows finds an unused code of the MFA device at once."""
        self.machine.clock(60000)

    def start_far(self, *words, **more):
        return self.machine.start("awstap", *words, env=self.environment(**more))

    def far(self, *words, **more):
        return self.machine.finish(self.start_far(*words, **more))

    def questions(self):
        try:
            return [dialog["desc"] for dialog in self.machine.dialogs()]
        except FileNotFoundError:
            return []


class Restricted(RemoteCase):
    def test_get_alone(self):
        before = self.machine.key().number("assertions")
        for words in (["status"], ["lock"], ["key", "list"], ["key", "remove", "work"], ["factor", "list"],
                      ["socket", "list"], ["mfa", "code", "work"], ["log", "--verify"]):
            with self.subTest(words=words):
                self.assert_fails(self.far(*words), 1, "this socket is for the remote host build",
                                  "awstap get and exec of: work, admin")
        self.assert_fails(self.far("get", "other"), 1, "other is not allowed here; ask for one of: work, admin")
        self.assert_fails(self.far("get", "work", "--role-arn", self.role), 1,
                          "the roles are named at the other end; ask it for one of: work, admin")
        self.assert_fails(self.far("get", "work", "--duration-seconds", "3601"), 1, "at most 3600 seconds")
        self.assertEqual(self.questions(), [])
        self.assertEqual(self.machine.key().number("assertions"), before)

    def test_each_use_is_confirmed(self):
        first = check(self.far("get", "work")).json()
        again = check(self.far("exec", "work", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID")).out.strip()
        self.assertEqual(first["AccessKeyId"], again)
        self.assertEqual(self.questions(), ["The remote host build asks for work:\nthe key work itself, for 1 hour"] * 2)
        self.next_code()
        check(self.far("get", "admin", "--duration-seconds", "900"))
        self.assertEqual(self.questions()[2],
                         f"The remote host build asks for admin:\nrole {self.role}, for 15 minutes")
        self.assertEqual(self.actions("AssumeRole")[0]["parameters"]["DurationSeconds"], "900")

    def test_longer_than_allowed(self):
        """A key's session lasts 12 hours where nobody says."""
        check(self.far("get", "work"))
        self.assertEqual(self.actions("GetSessionToken")[-1]["parameters"]["DurationSeconds"], "3600")
        self.add("build", "admin", seconds=900)
        self.next_code()
        check(self.far("get", "admin"))
        self.assertEqual(self.actions("AssumeRole")[-1]["parameters"]["DurationSeconds"], "900")

    def test_what_a_name_stands_for_is_said_at_this_end(self):
        config = os.path.join(self.machine.home, "far-config")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"[profile admin]\nrole_arn = {self.role}-other\nsource_profile = work\n")
        self.assert_fails(self.far("get", "admin", AWS_CONFIG_FILE=config), 1, "the roles are named at the other end")
        self.machine.config("")  # it was resolved when the socket was made
        check(self.far("get", "admin"))
        self.assertEqual(self.actions("AssumeRole")[0]["parameters"]["RoleArn"], self.role)

    def test_display_of_the_far_end(self):
        check(self.far("get", "work", DISPLAY=":77", WAYLAND_DISPLAY="far-0", XAUTHORITY="/far"))
        self.assertNotIn(":77", json.dumps(self.machine.pinentry_log()))
        self.assertNotIn("far", json.dumps([entry for entry in self.machine.pinentry_log() if "question" not in entry]))

    def test_log(self):
        check(self.far("get", "work"))
        self.machine.pinentry("confirm no")
        self.assert_fails(self.far("get", "admin"), 4, "the dialog was answered with no")

        def logged():
            events = json.loads(check(self.machine.awstap("log", "--json")).out)
            return events[-1]["event"] == "refused" and events[-2:]
        events = wait_for(logged, "the line of the refusal")
        self.assertEqual([(event["event"], event["requester"]) for event in events],
                         [("issued", "the remote host build"), ("refused", "the remote host build")])
        self.assertEqual(events[1]["role_arn"], self.role)


class Limited(RemoteCase):
    def test_no(self):
        self.machine.pinentry("confirm no")
        self.assert_fails(self.far("get", "work"), 4, "the dialog was answered with no")
        self.assert_fails(self.far("get", "admin"), 4, NO)
        self.assertEqual(len(self.questions()), 1)
        self.machine.clock(61000)
        check(self.far("get", "work"))

    def test_ten_in_ten_minutes(self):
        for _ in range(10):
            check(self.far("get", "work"))
        self.assert_fails(self.far("get", "work"), 4, "this host has asked 10 times within 10 minutes")
        self.assertEqual(len(self.questions()), 10)
        self.add("other", "work")
        self.socket = self.socket.replace("build", "other")
        check(self.far("get", "work"))
        self.socket = self.socket.replace("other", "build")
        self.machine.clock(10 * 60000)
        check(self.far("get", "work"))

    def test_one_at_a_time(self):
        self.machine.pinentry("wait")
        first = self.start_far("get", "work")
        self.machine.wait_dialog()
        self.assert_fails(self.far("get", "admin"), 4, "the person is being asked already")
        self.machine.pinentry("confirm yes")
        check(self.machine.finish(first))
        self.assertEqual(len(self.questions()), 1)

    def test_far_end_leaves(self):
        """The dialog goes with who asked; to flash dialogs is no way to be asked more often."""
        self.machine.pinentry("wait")
        first = self.start_far("get", "work")
        self.machine.wait_dialog()
        first.kill()
        wait_for(lambda: not self.machine.processes("awstap-prompt"), "the dialog to go")
        self.assert_fails(self.far("get", "work"), 4, NO)

    def test_many_connections_of_one_host(self):
        """They do not keep others out."""
        if USER is not None:
            os.setegid(USER)
            self.addCleanup(os.setegid, 0)
            os.seteuid(USER)
            self.addCleanup(os.seteuid, 0)
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(300)]
        for connection in crowd:
            self.addCleanup(connection.close)
            connection.connect(self.socket)  # without a timeout: it may have to wait for its turn
            connection.settimeout(PATIENCE)
        self.assertEqual(crowd[-1].recv(1000), b"")  # turned away
        if USER is not None:
            os.seteuid(0)
        check(self.machine.awstap("get", "work"))


class Kept(RemoteCase):
    def listed(self):
        return json.loads(check(self.machine.awstap("socket", "list", "--json")).out)

    def end_agent(self):
        for pid in self.machine.processes("awstap-agent"):
            os.kill(pid, 15)
        wait_for(lambda: not self.machine.processes("awstap-agent"), "the agent to end")

    def test_list_and_remove(self):
        self.assertEqual(self.listed(), [{"host": "build", "path": self.socket, "max_duration": 3600,
                                          "allow": ["work", "admin"]}])
        self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o600)
        self.end_agent()
        self.assertFalse(os.path.exists(self.socket))
        self.assertEqual(len(self.listed()), 1)
        check(self.far("get", "work"))
        self.machine.pinentry("wait")
        waiting = self.start_far("get", "work")
        self.machine.wait_dialog(2)
        check(self.machine.awstap("socket", "remove", "build"))
        self.assert_fails(self.machine.finish(waiting), 3, "ended before it answered")
        self.assertFalse(os.path.exists(self.socket))
        self.assertEqual(self.listed(), [])
        self.assert_fails(self.machine.awstap("socket", "remove", "build"), 1, "no such host has a socket")

    def test_what_is_refused(self):
        for words, text in ((["agent", "--allow", "work"], "a host's name has"),
                            (["../x", "--allow", "work"], "a host's name has"),
                            (["x", "--allow", "work", "--allow", "work"], "a name is allowed twice"),
                            (["x" * 64, "--allow", "work"], "can't be made beside")):
            with self.subTest(words=words):
                self.assert_fails(self.machine.awstap("socket", "add", *words), 1, text)
        self.assert_fails(self.machine.awstap("socket", "add", "x"), 2, "--allow NAME")
        self.assert_fails(self.machine.awstap("socket", "add", "x", "--allow", "work", "--max-duration", "1h"), 2,
                          "--max-duration wants 900 to 129600 seconds")
        self.assertEqual(len(self.listed()), 1)

    def test_socket_of_another_program(self):
        """It stays, for as long as somebody listens there."""
        path = os.path.join(os.path.dirname(self.socket), "docker.sock")
        with socket.socket(socket.AF_UNIX) as other:
            with wire.acting_as(USER):
                other.bind(path)
            other.listen()
            inode = os.stat(path).st_ino
            self.assert_fails(self.machine.awstap("socket", "add", "docker", "--allow", "work"), 1, path,
                              "another program listens", "another name")
            self.assertEqual(os.stat(path).st_ino, inode)
            self.end_agent()
            self.assertEqual(len(self.listed()), 1)
            self.assertNotIn("docker", self.machine.status()["trouble"])
        self.add("docker", "work")
        self.assertNotEqual(os.stat(path).st_ino, inode)

    def test_damaged_file(self):
        self.end_agent()
        path = os.path.join(self.machine.state, "sockets")
        with open(path, "r+b") as file:
            file.seek(30)
            file.write(b"\xff")
        self.assertIn("sockets is damaged", self.machine.awstap("socket", "list").err +
                      self.machine.status()["trouble"])
        self.assert_fails(self.machine.awstap("socket", "add", "x", "--allow", "work"), 1, "sockets is damaged")
        check(self.machine.awstap("get", "work"))


@unittest.skipUnless(os.access(SSHD, os.X_OK) and shutil.which("ssh"), "no SSH server is installed")
@unittest.skipIf(USER is not None and not NSS_WRAPPER, "SSH wants an account for the user: no libnss_wrapper")
class Ssh(RemoteCase):
    """A real sshd and ssh on loopback, as the person; the account is made up where there is none."""

    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.machine.run_dir, "ssh")
        os.mkdir(self.folder, 0o700)
        user = os.getuid() if USER is None else USER
        os.chown(self.folder, user, user)
        self.preload = {}
        if USER is not None:
            self.write("passwd", f"alice:x:{user}:{user}::{self.folder}:/bin/sh",
                       "sshd:x:74:74::/nonexistent:/usr/sbin/nologin")
            self.write("group", f"alice:x:{user}:")
            self.preload = {"LD_PRELOAD": NSS_WRAPPER, "NSS_WRAPPER_PASSWD": self.file("passwd"),
                            "NSS_WRAPPER_GROUP": self.file("group")}
        for name in ("host", "id"):
            check(self.machine.run("ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", self.file(name),
                                   env=self.preload))
        self.serve()

    def file(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, *lines):
        with open(self.file(name), "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))

    def serve(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.write("sshd_config", "ListenAddress 127.0.0.1", f"Port {port}", f"HostKey {self.file('host')}",
                   f"AuthorizedKeysFile {self.file('id.pub')}", "StrictModes no", "UsePAM no", "PidFile none",
                   "PasswordAuthentication no", "StreamLocalBindUnlink yes")
        self.write("config", "Host build", "HostName 127.0.0.1", f"Port {port}", f"IdentityFile {self.file('id')}",
                   "StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "LogLevel ERROR",
                   *(["User alice"] if USER is not None else []),
                   f"RemoteForward {self.file('far.sock')} {self.socket}", "StreamLocalBindUnlink yes",
                   "ExitOnForwardFailure yes")
        self.daemon = self.machine.start(SSHD, "-D", "-e", "-f", self.file("sshd_config"), env=self.preload,
                                         stderr=subprocess.DEVNULL)
        self.addCleanup(self.daemon.kill)

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_for(answers, "sshd")

    def test_ssh(self):
        far = f"AWSTAP_SOCK={self.file('far.sock')} {self.machine.program('awstap')}"
        for _ in range(2):  # the second time the far socket is there already
            result = self.machine.run("ssh", "-F", self.file("config"), "build", f"{far} get work && {far} status",
                                      env=self.preload)
            self.assertEqual(result.status, 1, result)
            self.assertEqual(json.loads(result.out)["Version"], 1)
            self.assertIn("this socket is for the remote host build", result.err)
        self.assertEqual(len(self.questions()), 2)


if __name__ == "__main__":
    unittest.main()
