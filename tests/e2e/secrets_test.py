# SPDX-License-Identifier: BSD-2-Clause
"""Where secrets are, and where they are not: memory, files, arguments, environments, logs, other hands."""

import base64
import os
import signal
import subprocess
import time
import unittest

import memory
import opened
from world import USER, Case, access_key_json, check, read_until, wait_for

IDLE = ["awstap-agent", "awstap-agent", "awstap-watch"]  # the agent and its starter
PLANTED = "planted-and-to-be-found-again"
HOLDER = "import sys; planted = sys.stdin.readline(); print(flush=True); sys.stdin.read()"
READER = """import os, sys
child = os.fork()
if child == 0:
    os.execv("/bin/sleep", ["sleep", "60"])
for pid in (*sys.argv[1:], str(child)):
    for name in ("mem", "environ", "maps", "fd", "exe"):
        try:
            path = f"/proc/{pid}/{name}"
            os.readlink(path) if name == "exe" else os.listdir(path) if name == "fd" else open(path, "rb").read(0)
            print("reads", pid, name)
        except PermissionError:
            print("denied", pid, name)
os.kill(child, 9)
print("child", child)
"""


class SecretsCase(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()

    def programs(self):
        """The names of the programs that run, one for each process."""
        names = []
        for pid in self.machine.processes():
            try:
                names.append(os.path.basename(os.readlink(f"/proc/{pid}/exe")))
            except FileNotFoundError:
                pass  # it has ended since
        return sorted(names)

    def wait_idle(self):
        """Until the helpers of the operation before are gone."""
        def idle():
            try:
                return self.programs() == IDLE
            except FileNotFoundError:
                return False
        wait_for(idle, "the helpers to end")

    def start_key_add(self, user):
        """awstap key add other, this user's access key on its way in."""
        read_end, write_end = os.pipe()
        os.write(write_end, access_key_json(user).encode())
        os.close(write_end)
        child = self.machine.start("awstap", "key", "add", "other", "--sts-endpoint-url", self.aws.endpoint,
                                   stdin=read_end)
        os.close(read_end)
        return child



@unittest.skipIf(os.geteuid() != 0, "only root can read the memory of these processes")
class Memory(SecretsCase):
    """All memory of all processes is read between touches."""

    def vault_keys(self):
        return opened.vault_keys(self.machine.vault, bytes.fromhex(self.key.state()["master"]))

    def finds(self, needles):
        return [find for pid in self.machine.processes() for find in memory.search(pid, needles)]

    def assert_nowhere(self, needles):
        self.assertEqual(self.finds(needles), [])

    def assert_between_touches(self, *needles):
        """Only the agent and its starter are left, and they know none of it, nor what opens the vault."""
        self.wait_idle()
        for some in (*needles, self.vault_keys()):
            self.assert_nowhere(some)

    def assert_only_in_arena(self, needles, program):
        """Each of them is in this program, in locked, undumpable memory that no fork inherits; and nowhere else."""
        finds = self.finds(needles)
        self.assertEqual({find.what for find in finds}, set(needles))
        for find in finds:
            self.assertEqual(os.path.basename(os.readlink(f"/proc/{find.pid}/exe")), program, find)
            self.assertLessEqual({"lo", "dd", "wf"}, find.region.flags, find)

    def test_finds_what_is_planted(self):
        """The search finds a secret in a plain process, and a session in the agent that holds it."""
        holder = self.machine.start("/usr/bin/python3", "-c", HOLDER, stdin=subprocess.PIPE)
        holder.stdin.write(PLANTED + "\n")
        holder.stdin.flush()
        holder.stdout.readline()
        needles = memory.halves("planted", PLANTED.encode())
        self.assertEqual({find.what for find in memory.search(holder.pid, needles)}, set(needles))
        self.machine.finish(holder)
        self.machine.add_key()
        session = check(self.machine.awstap("get", "work")).json()
        self.wait_idle()
        self.assert_only_in_arena(memory.session(session), "awstap-agent")

    def test_after_each_operation(self):
        """After each operation that has a secret in hand nothing of it is left; after lock no session is."""
        user = self.machine.add_key(mfa=False)
        self.assert_between_touches(memory.user(user))
        check(self.machine.awstap("mfa", "import", "work", "--mfa-serial", user["serial"], text=user["seed_base32"]))
        self.assert_between_touches(memory.user(user))
        session = check(self.machine.awstap("get", "work")).json()
        self.assert_between_touches(memory.user(user))
        self.machine.clock(60_000)
        check(self.machine.awstap("mfa", "code", "work"))
        self.assert_between_touches(memory.user(user))
        check(self.machine.awstap("lock"))
        self.assert_between_touches(memory.user(user), memory.session(session))

    def test_after_failures(self):
        """Nothing is left where the touch was refused, the answer never came, or AWS refused the code."""
        user = self.machine.add_key()
        self.key.person("deny")
        self.assert_fails(self.machine.awstap("get", "work"), 4)
        self.assert_between_touches(memory.user(user))
        self.key.person("auto")
        self.aws.fault("drop-after", on="GetSessionToken")
        self.assert_fails(self.machine.awstap("get", "work"), 5)
        self.assert_between_touches(memory.user(user))
        self.machine.clock(60_000)
        self.aws.fault("error", on="GetSessionToken", status=403, code="AccessDenied", message="no")
        self.assert_fails(self.machine.awstap("get", "work"), 5)
        self.assert_between_touches(memory.user(user))

    def test_after_a_wrong_code(self):
        """A seed that is not the device's: both codes are refused, and nothing is left of seed or key."""
        user = self.machine.add_key(mfa=False)
        user["seed_base32"] = base64.b32encode(os.urandom(20)).decode()
        check(self.machine.awstap("mfa", "import", "work", "--mfa-serial", user["serial"], text=user["seed_base32"]))
        self.machine.clock(28_000 - time.time_ns() // 1_000_000 % 30_000)  # the next code is good in 2 s
        self.assert_fails(self.machine.awstap("get", "work"), 5, "MFA code")
        self.assertEqual(len(self.actions("GetSessionToken")), 2)
        self.assert_between_touches(memory.user(user))

    def test_after_a_refused_key(self):
        """A key that AWS does not take is not kept either."""
        user = self.aws.add_user("alice")
        user["secret"] = user["secret"].swapcase()
        words = ["key", "add", "work", "--sts-endpoint-url", self.aws.endpoint]
        self.assert_fails(self.machine.awstap(*words, text=access_key_json(user)), 5)
        self.assert_between_touches(memory.user(user))

    def test_while_a_key_is_added(self):
        """While the touch is awaited a new key is in the signer's arena, and in no other process."""
        user = self.machine.add_key()
        new = self.aws.add_user("bob")
        self.key.person("never")
        child = self.start_key_add(new)
        self.key.wait_blinking()
        self.assert_only_in_arena(memory.halves("new key", new["secret"].encode()), "awstap-signer")
        self.assert_nowhere(memory.mac_key("new key", b"AWS4" + new["secret"].encode()))
        self.assert_nowhere(memory.user(user) | self.vault_keys())
        self.key.person("auto")
        check(self.machine.finish(child))
        self.assert_between_touches(memory.user(user), memory.user(new))

    def test_while_a_code_to_be_shown_is_awaited(self):
        """The code's step was used since the touch was asked for: the vault is closed while the next one is awaited."""
        user = self.machine.add_key()
        begin = 31_000 - time.time_ns() // 1_000_000 % 30_000  # a step has just begun
        self.machine.clock(begin)
        self.key.person("never")
        child, terminal = self.machine.on_terminal("awstap", "mfa", "code", "work")
        self.key.wait_blinking()
        path = os.path.join(self.machine.state, "totp")
        with open(path, "w", encoding="ascii") as ledger:
            ledger.write(f"{(time.time_ns() // 1_000_000 + begin) // 30_000} {user['serial']}\n")
        if USER is not None:
            os.chown(path, USER, USER)
        self.key.person("auto")
        read_until(terminal, "for the next TOTP code")
        self.assert_nowhere(memory.user(user) | self.vault_keys())
        self.machine.clock(begin + 30_000)
        read_until(terminal, "one use")
        self.assertEqual(child.wait(), 0)
        self.assert_between_touches(memory.user(user))

    def test_while_a_touch_is_awaited(self):
        """Before the touch no process has anything that the vault keeps."""
        user = self.machine.add_key()
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.key.wait_blinking()
        self.assert_nowhere(memory.user(user) | self.vault_keys())
        self.key.person("auto")
        check(self.machine.finish(child))

    def test_while_aws_is_awaited(self):
        """Before the request leaves, all that the touch opened is wiped."""
        user = self.machine.add_key()
        self.aws.fault("hang", on="GetSessionToken")
        child = self.machine.start("awstap", "get", "work")
        self.aws.wait(action="GetSessionToken")
        self.assertIn("awstap-signer", self.programs())
        self.assert_nowhere(memory.user(user) | self.vault_keys())
        child.kill()
        self.machine.finish(child)
        self.assert_between_touches(memory.user(user))

    def test_while_a_second_factor_is_enrolled(self):
        """The first key is asked last: while the second one is awaited, nobody has anything of the vault."""
        user = self.machine.add_key()
        spare = self.machine.key("spare")
        spare.plug("never")
        child = self.machine.start("awstap", "factor", "add", "fido2", "--device", "softkey:spare")
        spare.wait_blinking()
        self.assert_nowhere(memory.user(user) | self.vault_keys())
        spare.person("auto")
        check(self.machine.finish(child))
        self.assert_between_touches(memory.user(user))

    def test_a_session_that_expired(self):
        """The agent wipes a session when it ends, whether or not anybody asks."""
        self.machine.add_key()
        session = memory.session(check(self.machine.awstap("get", "work")).json())
        self.wait_idle()
        self.assertTrue(self.finds(session))
        self.machine.clock(12 * 3600 * 1000)
        wait_for(lambda: not self.finds(session), "the session to be wiped")

    def test_lock_while_others_ask(self):
        """lock wipes what is cached, and ends what is waited for."""
        self.machine.add_key()
        self.machine.add_key("other", "bob")
        session = memory.session(check(self.machine.awstap("get", "work")).json())
        self.key.person("never")
        child = self.machine.start("awstap", "get", "other")
        self.key.wait_blinking()
        check(self.machine.awstap("lock"))
        self.assert_nowhere(session)
        self.assert_fails(self.machine.finish(child), 4, "lock")
        self.key.wait_dark()
        self.wait_idle()

    def test_a_client_killed(self):
        """A client that is killed while it waits leaves no helper, no blinking key and no secret."""
        user = self.machine.add_key()
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.key.wait_blinking()
        child.send_signal(signal.SIGKILL)
        self.machine.finish(child)
        self.key.wait_dark()
        self.assert_between_touches(memory.user(user))
        self.key.person("auto")
        check(self.machine.awstap("get", "work"))


class Elsewhere(SecretsCase):
    """Files, arguments, environments, logs."""

    def secrets(self, user, session=None):
        forms = {"secret": user["secret"].encode(), "seed in base32": user["seed_base32"].encode()}
        forms["seed"] = base64.b32decode(user["seed_base32"])
        if session:
            forms |= memory.session(session)
        encoded = {what + " in hex": data.hex().encode() for what, data in forms.items()}
        encoded |= {what + " in base64": base64.b64encode(data)[:-4] for what, data in forms.items()}
        return forms | encoded

    def found_in(self, what, content, secrets):
        return [(what, secret) for secret, form in secrets.items() if form in content]

    def found_in_files(self, secrets):
        found = []
        for folder, folders, names in os.walk(self.machine.folder):
            if folder == self.machine.root:
                folders.remove("softkey")  # that is the security key itself
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        found += self.found_in(path, file.read(), secrets)
        return found

    def found_in_processes(self, secrets):
        found = []
        for pid in self.machine.processes():
            for name in ("cmdline", "environ") if os.geteuid() == 0 else ("cmdline",):
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    found += self.found_in(f"{pid} {name}", file.read(), secrets)
        return found

    def test_files_and_logs(self):
        """Nothing is written that holds a secret or a session: the agent's log and all output included."""
        log = open(os.path.join(self.machine.folder, "log"), "w+b")
        check(self.machine.awstap("lock"))
        os.kill(self.machine.status()["pid"], signal.SIGTERM)
        wait_for(lambda: not self.machine.processes(), "the agent to end")
        self.machine.start("awstap-agent", "--foreground", stdout=log, stderr=log)
        wait_for(lambda: os.path.exists(self.machine.socket), "the agent to listen")
        user = self.machine.add_key()
        said = [check(self.machine.awstap(*words)) for words in
                (["key", "list"], ["key", "show", "work"], ["factor", "list"], ["status"], ["key", "list", "--json"])]
        self.aws.fault("drop-after", on="GetSessionToken")
        said.append(self.assert_fails(self.machine.awstap("get", "work"), 5))
        self.machine.clock(60_000)
        session = check(self.machine.awstap("get", "work")).json()
        said.append(check(self.machine.awstap("status")))
        secrets = self.secrets(user, session)
        self.assertEqual(self.found_in_files(secrets), [])
        for result in said:
            self.assertEqual(self.found_in("output", (result.out + result.err).encode(), secrets), [])
        with open(os.path.join(self.machine.home, "planted"), "wb") as file:
            file.write(b"before" + user["secret"].encode().hex().encode() + b"after")
        self.assertEqual(len(self.found_in_files(secrets)), 1)
        log.close()

    def test_arguments_and_environments(self):
        """While a key waits for its touch no secret is in any argument or environment, ours or the client's."""
        new = self.aws.add_user("bob")
        self.key.person("never")
        child = self.start_key_add(new)
        self.key.wait_blinking()
        secrets = self.secrets(new)
        wait_for(lambda: len(self.machine.processes()) == 6, "the helpers that are done to end")
        self.assertEqual(self.found_in_processes(secrets), [])
        self.assertEqual(self.found_in_files(secrets), [])
        self.key.person("auto")
        check(self.machine.finish(child))


@unittest.skipIf(os.geteuid() != 0, "only root can look into these processes")
class Apart(SecretsCase):
    """What the processes have of each other, and what others can have of them."""

    def setUp(self):
        super().setUp()
        self.machine.add_key()
        os.kill(self.machine.status()["pid"], signal.SIGTERM)
        wait_for(lambda: not self.machine.processes(), "the agent to end")

    def hold(self, env=None, **options):
        """awstap get, waiting for its touch, with an agent of its own starting."""
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work", env=env, **options)
        self.key.wait_blinking()
        wait_for(lambda: len(self.machine.processes("awstap-fido")) == 1, "the look for security keys to end")
        return child

    def proc(self, pid, name):
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()

    def test_exactly_these(self):
        """While a touch is awaited there is one of each, each called by its path and nothing else."""
        self.hold()
        self.assertEqual(self.programs(), sorted(["awstap", *IDLE, "awstap-fido", "awstap-net", "awstap-signer"]))
        for name in ("awstap-signer", "awstap-fido", "awstap-net"):
            for pid in self.machine.processes(name):
                self.assertEqual(self.proc(pid, "cmdline").decode(), self.machine.program(name) + "\0")

    def test_hardened(self):
        """No core and no new privileges. The client has to leave both to the command that it may run."""
        client = self.hold()
        for pid in self.machine.processes():
            self.assertIn(f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}", self.proc(pid, "status").decode())
            if pid != client.pid:
                self.assertRegex(self.proc(pid, "limits").decode(), r"Max core file size +0 +0 ")
                self.assertIn("NoNewPrivs:\t1", self.proc(pid, "status").decode())

    def test_not_to_be_read(self):
        """A program of the same user reads no memory, environment or descriptor of any of them."""
        self.hold()
        pids = [str(pid) for pid in self.machine.processes()]
        said = check(self.machine.run("/usr/bin/python3", "-c", READER, *pids)).out
        child = said.split()[-1]
        self.assertEqual(said.count(f"reads {child} "), 5, "of a process of its own it reads all")
        self.assertEqual(said.count("reads"), 5, said)
        self.assertEqual(said.count("denied"), 5 * len(pids), said)

    def test_environments(self):
        """Each helper gets of the environment what it needs and nothing else, the agent what it needs of the client's environment."""
        proxy = {"no_proxy": "127.0.0.1", "https_proxy": "http://127.0.0.1:9"}
        self.hold(env={"AWS_SECRET_ACCESS_KEY": PLANTED, "FIDO_DEBUG": "1", "SSL_CERT_FILE": "/x", "GCONV_PATH": "/x",
                       **proxy})
        proxies = sorted(f"{name}={value}".encode() for name, value in proxy.items())
        for name, expected in (("awstap-signer", []), ("awstap-fido", []), ("awstap-net", proxies)):
            for pid in self.machine.processes(name):
                self.assertEqual(sorted(self.proc(pid, "environ").split(b"\0")[:-1]), expected, name)
        for pid in self.machine.processes("awstap-watch"):
            names = {variable.split(b"=")[0] for variable in self.proc(pid, "environ").split(b"\0")[:-1]}
            self.assertLessEqual(names, {b"DBUS_SESSION_BUS_ADDRESS", b"DBUS_SYSTEM_BUS_ADDRESS", b"XDG_RUNTIME_DIR"})
        for pid in self.machine.processes("awstap-agent"):
            environment = self.proc(pid, "environ")
            self.assertIn(b"HOME=", environment)
            for name in (PLANTED, "FIDO_DEBUG", "SSL_CERT_FILE", "GCONV_PATH"):
                self.assertNotIn(name.encode(), environment)

    def descriptors(self, pid):
        """What the process has open: {number: what}."""
        folder = f"/proc/{pid}/fd"
        return {int(number): os.readlink(os.path.join(folder, number)) for number in os.listdir(folder)}

    def test_descriptors(self):
        """Nothing of the client's is open in the agent, and no socket or pipe is open in two processes."""
        planted = open(os.path.join(self.machine.folder, "planted"), "w+b")
        read_end, write_end = os.pipe()
        client = self.hold(pass_fds=(planted.fileno(), read_end, write_end))
        owners = {}
        for pid in self.machine.processes():
            if pid == client.pid:
                self.assertIn(planted.name, self.descriptors(pid).values())
                continue
            open_here = self.descriptors(pid)
            self.assertNotIn(planted.name, open_here.values())
            self.assertEqual((open_here[0], open_here[1]), ("/dev/null", "/dev/null"))
            for number, what in open_here.items():
                if number > 2 and what.startswith(("socket:", "pipe:")):
                    self.assertNotIn(what, owners, f"{pid} and {owners.get(what)} share {number}")
                    owners[what] = pid
        self.assertNotIn(f"pipe:[{os.fstat(read_end).st_ino}]", owners)
        planted.close()
        os.close(read_end)
        os.close(write_end)

    def test_helpers_hold_what_they_need(self):
        """A helper has its conversation on 3, and beside it only what its task opens."""
        self.hold()
        clock = self.machine.clock_file
        for name, most in (("awstap-signer", 3), ("awstap-fido", 1), ("awstap-net", 4)):
            (pid,) = self.machine.processes(name)
            more = {number: what for number, what in self.descriptors(pid).items() if number > 2}
            self.assertTrue(more[3].startswith("socket:"), more)
            sockets = [what for what in more.values() if what.startswith("socket:")]
            self.assertLessEqual(len(sockets), most, (name, more))
            for what in more.values():
                self.assertTrue(what.startswith(("socket:", "anon_inode:", "pipe:", self.machine.softkey))
                                or what == clock, (name, more))


if __name__ == "__main__":
    unittest.main()
