# SPDX-License-Identifier: BSD-2-Clause
"""One person's machine: a copy of the test root, a HOME, security keys to plug in, a fake AWS, and the real programs.

Run by root, the programs run as an unprivileged user all the same, so that what only their owner may do is
really tried by their owner, and root is left for looking into memory."""

import atexit
import functools
import itertools
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(TOP, "tests", "fakeaws"))

import control  # noqa: E402  (tests/fakeaws/control.py)

SANITIZED = os.environ.get("AWSTAP_SANITIZED") == "1"
BUILT = os.path.join(TOP, "build", "testroot-sanitized" if SANITIZED else "testroot")
PROGRAMS = ("awstap", "awstap-agent", "awstap-signer", "awstap-fido", "awstap-net", "awstap-prompt", "awstap-watch")
USER = 61234 if os.geteuid() == 0 else None  # no such account is needed
PATIENCE = 60  # seconds that an event may take on a slow machine; nothing is asserted about time
LEAKS_EACH = int(os.environ.get("AWSTAP_LEAKS_EACH", "4"))  # machine has sanitized programs that look for leaks: it is slow
SERIAL = "arn:aws:iam::123456789012:mfa/alice"

# The person's Python, which may be another than ours: ours may lie where only we can read.
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable

# What LeakSanitizer says when a thread ends while it looks: no finding.
ENDING_THREAD = re.compile(r"==\d+==Unable to get registers from thread \d+\.|\s*")

# A shell that runs the tests in the background has it ignored, and so would every program of a test.
signal.signal(signal.SIGINT, signal.default_int_handler)

_base = None
_numbers = itertools.count()


def base():
    """A copy of the test root that the unprivileged user can reach, made once; machines link to its files."""
    global _base
    if _base is None:
        _base = tempfile.TemporaryDirectory(prefix="awstap-e2e-")
        os.chmod(_base.name, 0o755)
        os.mkdir(os.path.join(_base.name, "root"))
        for name in PROGRAMS:
            shutil.copy2(os.path.join(BUILT, name), os.path.join(_base.name, "root", name))
    return _base.name


def wait_for(condition, what, patience=PATIENCE):
    """The first true value of condition(), asked again and again; a failure that says what was awaited."""
    end, pause = time.monotonic() + patience, 0.004
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(pause)
        pause = min(pause * 1.3, 0.03)  # what is asked about may be all processes: that is no work to do without end


@functools.cache
def spawner():
    """Where the fake AWSs of all machines come from."""
    made = control.Spawner()
    atexit.register(made.close)
    return made


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"status {self.status}\nstdout: {self.out}\nstderr: {self.err}"

    def json(self):
        return json.loads(self.out)


class Key:
    """A security key, as the files of tests/softkey say."""

    def __init__(self, folder, name, owner):
        self.path = os.path.join(folder, name)
        self.owner = owner

    def _write(self, ending, text, flags):
        fd = os.open(self.path + ending, os.O_WRONLY | flags, 0o600)
        if self.owner is not None:
            os.fchown(fd, self.owner, self.owner)
        os.write(fd, text.encode())
        os.close(fd)

    def configure(self, *lines):
        self._write(".conf", "".join(line + "\n" for line in lines), os.O_CREAT | os.O_TRUNC)

    def plug(self, touch="auto"):
        self._write(".touch", touch, os.O_CREAT | os.O_EXCL)

    def person(self, touch):
        """What the person does from now on: auto, after MS, never, deny."""
        self._write(".touch", touch, os.O_TRUNC)

    def unplug(self):
        os.unlink(self.path + ".touch")

    def state(self):
        try:
            with open(self.path + ".state", encoding="ascii") as file:
                return dict(line.split(" ", 1) for line in file.read().splitlines() if " " in line)
        except FileNotFoundError:
            return {}

    def number(self, name):
        return int(self.state().get(name, 0))

    def blinks(self):
        """The process that a touch is awaited by, or 0."""
        return self.number("waiting")

    def wait_blinking(self):
        return wait_for(self.blinks, "the key to blink")

    def wait_dark(self):
        wait_for(lambda: not self.blinks(), "the key to stop blinking")


class Machine:
    def __init__(self, *fake_options):
        self.folder = tempfile.mkdtemp(prefix="machine-", dir=base())
        os.chmod(self.folder, 0o755)
        self.root = self._make("root")
        self.home, self.run_dir = self._make("home", 0o700), self._make("run", 0o700)
        self.softkey = self._make("root/softkey", 0o700)
        self.reports = self._make("root/sanitizer", 0o700)
        if next(_numbers) % LEAKS_EACH:
            self._write("root/no-leaks", "", 0o644)
        for name in PROGRAMS:
            os.link(os.path.join(base(), "root", name), os.path.join(self.root, name))
        self.clock_file = os.path.join(self.root, "clock")
        with open(self.clock_file, "w", encoding="ascii") as file:
            file.write("0")
        self._install_pinentry()
        self.children = []
        self.aws = spawner().start(os.path.join(self.folder, "aws.json"), "--clock", self.clock_file,
                                         *fake_options)
        self.user = None

    def _make(self, name, mode=0o755):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        os.chmod(path, mode)
        if USER is not None and mode == 0o700:
            os.chown(path, USER, USER)
        return path

    def _install_pinentry(self):
        """The pinentry of tests (tests/e2e/pinentry), where awstap-prompt looks first."""
        script = self.program("pinentry.py")
        shutil.copy2(os.path.join(HERE, "pinentry"), script)
        self._write("root/pinentry", f'#!/bin/sh\nexec {PYTHON} -I {script} "$@"\n', 0o755)
        for name in ("answers", "log"):
            self._write("root/pinentry." + name, "", 0o600)

    def _write(self, name, text, mode):
        """A file of the person's, which is there at once with all of its text."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        if USER is not None:
            os.chown(path + ".new", USER, USER)
        os.rename(path + ".new", path)

    # The programs.

    def program(self, name):
        return os.path.join(self.root, name)

    def put_program(self, name, text):
        """A script in the place of one of the programs."""
        os.unlink(self.program(name))
        with open(self.program(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.program(name), 0o755)

    def environment(self, **more):
        return {"HOME": self.home, "XDG_RUNTIME_DIR": self.run_dir, "PATH": self.root + ":/usr/bin:/bin",
                "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + self.system_bus,
                "LANG": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", **more}

    def start(self, *command, env=None, **options):
        """Start a command as the person; a bare name is a program of the test root."""
        path = self.program(command[0]) if command[0] in PROGRAMS else command[0]
        if USER is not None:
            options.update(user=USER, group=USER, extra_groups=[])
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        child = subprocess.Popen([path, *command[1:]], env=self.environment(**(env or {})), cwd=self.home,
                                 text=True, start_new_session=True, **options)
        self.children.append(child)
        return child

    def finish(self, child, text=None):
        out, err = child.communicate(text, timeout=PATIENCE * 2)
        return Result(child.returncode, out, err)

    def run(self, *command, text=None, env=None, **options):
        if text is not None:
            options["stdin"] = subprocess.PIPE
        return self.finish(self.start(*command, env=env, **options), text)

    def awstap(self, *arguments, text=None, **options):
        return self.run("awstap", *arguments, text=text, **options)

    def on_terminal(self, *command, env=None):
        """Start a command on a terminal of its own. Returns the child and the master's descriptor."""
        master, slave = pty.openpty()
        if USER is not None:
            os.fchown(slave, USER, USER)

        def own_terminal():
            import fcntl
            import termios
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        child = self.start(*command, env=env, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal)
        os.close(slave)
        return child, master

    def status(self):
        """What the agent says of itself."""
        return check(self.awstap("status", "--json")).json()

    def wait_flights(self, count):
        wait_for(lambda: self.status()["waiting"] == count, f"{count} sessions to be waited for")

    def wait_clients(self, count):
        """Until as many conversations are open at the agent's socket, by the kernel's own list."""
        def conversations():
            with open("/proc/net/unix", encoding="ascii", errors="replace") as file:
                rows = [line.split() for line in file if line.endswith(" " + self.socket + "\n")]
            return sum(row[5] == "03" for row in rows)
        wait_for(lambda: conversations() == count, f"{count} conversations with the agent")

    # The person at the dialog.

    def pinentry(self, *lines):
        """What is answered to the dialogs that come, as tests/e2e/pinentry says; in place of what was left."""
        self._write("root/pinentry.answers", "".join(line + "\n" for line in lines), 0o600)

    def pinentry_log(self):
        """All that the pinentry was told, in order."""
        with open(self.program("pinentry.log"), encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().splitlines()]

    def dialogs(self):
        """What the dialogs so far have shown: question (GETPIN or CONFIRM), title, desc, prompt, error, options, …"""
        return [entry for entry in self.pinentry_log() if "question" in entry]

    def wait_dialog(self, count=1):
        """Until as many dialogs have been shown; the last of them."""
        return wait_for(lambda: len(self.dialogs()) >= count and self.dialogs()[-1], f"{count} dialogs")

    # What they leave in the world.

    def processes(self, name=None):
        """The ids of the processes that run from this machine's folder."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                path = os.readlink(f"/proc/{pid}/exe")
            except OSError:
                path = self._command_path(pid)
            if os.path.dirname(path) == self.root and name in (None, os.path.basename(path)):
                found.append(int(pid))
        return found

    def wait_no_signer(self):
        """Until what a command started has ended: the log's anchor is written when the person has the session already."""
        wait_for(lambda: not self.processes("awstap-signer"), "the signer to end")

    @staticmethod
    def _command_path(pid):
        """Unprivileged, the exe link of a process that is not dumpable can't be read; what it was called by can."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return file.read().split(b"\0")[0].decode(errors="replace")
        except OSError:
            return ""

    def key(self, name="yubi"):
        return Key(self.softkey, name, USER)

    def clock(self, milliseconds):
        """Move the clocks of awstap and of the fake AWS, to so far from the real one."""
        with open(self.clock_file, "r+b") as file:
            file.write(b"%-20d" % milliseconds)

    def clock_moved(self):
        """How far they are from it, in milliseconds."""
        with open(self.clock_file, encoding="ascii") as file:
            return int(file.read())

    def advance(self, milliseconds):
        """So much time passes."""
        self.clock(self.clock_moved() + milliseconds)

    def now_ms(self):
        """The time by their clocks."""
        return time.time_ns() // 1_000_000 + self.clock_moved()

    @property
    def vault(self):
        return os.path.join(self.home, ".local/share/awstap/vault")

    @property
    def state(self):
        return os.path.join(self.home, ".local/state/awstap")

    @property
    def session_bus(self):
        return os.path.join(self.run_dir, "bus")

    @property
    def system_bus(self):
        return os.path.join(self.run_dir, "system_bus")

    @property
    def socket(self):
        return os.path.join(self.run_dir, "awstap/agent.sock")

    def config(self, text):
        folder = os.path.join(self.home, ".aws")
        os.makedirs(folder, exist_ok=True)
        if USER is not None:
            os.chown(folder, USER, USER)  # the AWS CLI keeps a cache in it
        with open(os.path.join(folder, "config"), "w", encoding="utf-8") as file:
            file.write(text)

    # The usual beginnings.

    def enrol(self, name="yubi"):
        """A plugged-in, enrolled security key, which is touched at once."""
        key = self.key(name)
        key.plug()
        check(self.awstap("factor", "add", "fido2", "--label", name))
        return key

    def add_key(self, name="work", user="alice", mfa=True, **facts):
        """An IAM user at the fake AWS, its access key and MFA seed sealed. Returns the user's facts."""
        user = self.aws.add_user(user, **facts)
        words = ["key", "add", name, "--sts-endpoint-url", self.aws.endpoint,
                 "--iam-endpoint-url", self.aws.endpoint, *self.trust]
        check(self.awstap(*words, text=access_key_json(user)))
        if mfa:
            check(self.awstap("mfa", "import", name, "--mfa-serial", user["serial"], text=user["seed_base32"]))
        return user

    trust = ()  # more options of key add, for a fake AWS with TLS

    def give(self, path, content, mode=0o600):
        """A file of the person's in the home folder, with the folders that it needs; replaced in place."""
        made, folder = [path], os.path.dirname(path)
        while not os.path.exists(folder):
            made, folder = [*made, folder], os.path.dirname(folder)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        if USER is not None:
            for each in made:
                os.chown(each, USER, USER)

    def key_of(self, other, name="yubi"):
        """The other machine's security key, which works here too, plugged in."""
        with open(os.path.join(other.softkey, name + ".state"), "rb") as file:
            self.give(os.path.join(self.softkey, name + ".state"), file.read())
        key = self.key(name)
        key.plug()
        return key

    def copied(self):
        """Another machine, with a copy of this one's vault, its security key and its time."""
        other = Machine()
        os.unlink(other.clock_file)
        os.link(self.clock_file, other.clock_file)
        with open(self.vault, "rb") as file:
            other.give(other.vault, file.read())
        other.key_of(self)
        return other

    def _end(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.communicate()
            for stream in filter(None, (child.stdin, child.stdout, child.stderr)):
                stream.close()
        self._end(signal.SIGTERM)
        try:
            wait_for(lambda: not self.processes(), "the machine's processes to end", 5)
        except AssertionError:
            self._end(signal.SIGKILL)  # one that a test has stopped
            wait_for(lambda: not self.processes(), "the machine's processes to die")
        self.aws.stop()
        reports = []
        for name in os.listdir(self.reports):
            with open(os.path.join(self.reports, name), encoding="utf-8") as file:
                reports += [line for line in file.read().splitlines() if not ENDING_THREAD.fullmatch(line)]
        shutil.rmtree(self.folder)
        if reports:
            raise AssertionError("a sanitizer found:\n" + "\n".join(reports))


def access_key_json(user):
    return json.dumps({"AccessKeyId": user["access_key_id"], "SecretAccessKey": user["secret"]})


def check(result, status=0):
    if result.status != status:
        raise AssertionError(f"expected status {status}, got {result!r}")
    return result


def read_until(descriptor, text, patience=PATIENCE):
    """Read from a terminal until text has come; all that came."""
    raw, end = b"", time.monotonic() + patience
    while text not in (seen := raw.decode(errors="replace")):
        if not select.select([descriptor], [], [], max(0, end - time.monotonic()))[0]:
            raise AssertionError(f"waited in vain for {text!r}, saw {seen!r}")
        try:
            raw += os.read(descriptor, 4096)
        except OSError:
            raise AssertionError(f"ended without {text!r}, saw {seen!r}") from None
    return seen


class Case(unittest.TestCase):
    """A test with a machine of its own."""

    fake_options = ()
    maxDiff = None

    def setUp(self):
        self.machine = Machine(*self.fake_options)
        self.addCleanup(self.machine.close)
        self.aws = self.machine.aws

    def assert_fails(self, result, status, *words):
        """It failed with this status, and with one line that says all of words."""
        self.assertEqual(result.status, status, result)
        self.assertEqual(result.out, "", result)
        self.assertEqual(result.err.count("\n"), 1, result)
        self.assertTrue(result.err.startswith("awstap: "), result)
        for word in words:
            self.assertIn(word, result.err)
        return result

    def actions(self, name):
        """The requests of this action that AWS got."""
        return [request for request in self.aws.requests() if request["action"] == name]
