# SPDX-License-Identifier: BSD-2-Clause
"""The people and things of the virtual machine: who sits at its seat, and the security keys plugged in there."""

import fcntl
import glob
import os
import pwd
import subprocess
import sys
import termios

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "e2e"))

from world import Key, Result, access_key_json, check, read_until, wait_for  # noqa: E402

SOFTKEY = "/opt/awstap/softkey-uhid"
KEYS = "/run/softkeys"
PATIENCE = 120  # seconds that a command may take; nothing is asserted about time
RULES = "/etc/udev/rules.d"


def system(*command):
    """What a command of root's prints; it must succeed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}: {done.stdout.strip()}")
    return done.stdout


class Terminal:
    """A command on a terminal of its own, and the person before it."""

    def __init__(self, person, command):
        self.master, slave = os.openpty()
        os.fchown(slave, person.account.pw_uid, person.account.pw_gid)
        self.child = person.start(*command, stdin=slave, stdout=slave, stderr=slave,
                                  preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        os.close(slave)

    def wait_for(self, text):
        """Wait until the screen shows the text; all that was shown since the last time."""
        return read_until(self.master, text)

    def answer(self, question, keys):
        """Wait until the screen shows the question, then press the keys."""
        seen = self.wait_for(question)
        os.write(self.master, keys.encode())
        return seen

    def finish(self):
        """The exit status, and all that was shown since the last answer."""
        shown = bytearray()
        while True:
            try:
                shown += os.read(self.master, 4096)
            except OSError:  # nobody has the terminal open any more
                break
        os.close(self.master)
        return Result(self.child.wait(PATIENCE), shown.decode(errors="replace"), "")


class Person:
    """A user of this machine, by what a login puts into the environment."""

    def __init__(self, name):
        self.account = pwd.getpwnam(name)
        self.name, self.home, self.run_dir = name, self.account.pw_dir, f"/run/user/{self.account.pw_uid}"
        self.environment = {"HOME": self.home, "USER": name, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
                            "XDG_RUNTIME_DIR": self.run_dir, "TERM": "linux",
                            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.run_dir}/bus"}

    def start(self, *command, **options):
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.DEVNULL if stream == "stdin" else subprocess.PIPE)
        return subprocess.Popen(command, env=self.environment, cwd=self.home, text=True, start_new_session=True,
                                user=self.account.pw_uid, group=self.account.pw_gid, extra_groups=[], **options)

    @staticmethod
    def finish(child, text=None):
        try:
            out, err = child.communicate(text, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise
        return Result(child.returncode, out, err)

    def run(self, *command, text=None):
        return self.finish(self.start(*command, stdin=subprocess.DEVNULL if text is None else subprocess.PIPE), text)

    def awstap(self, *words, text=None):
        return self.run("awstap", *words, text=text)

    def systemctl(self, *words):
        return self.run("systemctl", "--user", *words)

    def status(self):
        return check(self.awstap("status", "--json")).json()

    def sessions(self):
        """The names of the keys that the agent holds a session of."""
        return sorted({session["key"] for session in self.status()["sessions"]})

    def on_terminal(self, *command):
        return Terminal(self, command)

    def processes(self, name="awstap"):
        """The process ids of this person's awstap programs, or of those whose name begins so."""
        return [int(pid) for pid in filter(str.isdigit, os.listdir("/proc")) if self._is_ours(pid, name)]

    def _is_ours(self, pid, name):
        try:
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines())
        except (FileNotFoundError, ProcessLookupError):
            return False
        return status["Name"].startswith(name) and status["Uid"].split()[0] == str(self.account.pw_uid)


class UsbKey(Key):
    """A security key in a socket of this machine."""

    def __init__(self, name):
        super().__init__(KEYS, name, None)
        self.name, self.process = name, None

    def plug(self, touch="auto"):
        """Returns the path of its device, when udev is done with it."""
        super().plug(touch)
        self.process = subprocess.Popen([SOFTKEY, KEYS, self.name], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.node, "the kernel to find the security key")
        system("udevadm", "settle")
        return self.node()

    def unplug(self):
        super().unplug()
        self.process.wait(PATIENCE)
        wait_for(lambda: not self.node(), "the security key's device to vanish")

    def node(self):
        for uevent in glob.glob("/sys/class/hidraw/*/device/uevent"):
            with open(uevent, encoding="ascii") as file:
                if f"HID_UNIQ={self.name}" in file.read().split("\n"):
                    return "/dev/" + uevent.split("/")[4]
        return None


def users_of(node):
    """The names of the users that the device's ACL lets in."""
    lines = system("getfacl", "--absolute-names", "--omit-header", node).splitlines()
    return [line.split(":")[1] for line in lines if line.startswith("user:") and not line.startswith("user::")]


def seat_session():
    return system("loginctl", "show-seat", "seat0", "-p", "ActiveSession", "--value").strip()


def switch_terminal(number):
    """What Ctrl-Alt-F1 and its like do at a real seat."""
    system("busctl", "call", "org.freedesktop.login1", "/org/freedesktop/login1/seat/seat0",
           "org.freedesktop.login1.Seat", "SwitchTo", "u", str(number))


class without_rules:
    """In this block udev does not know these rules."""

    def __init__(self, *names):
        self.names = names

    def __enter__(self):
        os.makedirs(RULES, exist_ok=True)
        for name in self.names:
            os.symlink("/dev/null", os.path.join(RULES, name))
        system("udevadm", "control", "--reload")

    def __exit__(self, *_):
        for name in self.names:
            os.unlink(os.path.join(RULES, name))
        system("udevadm", "control", "--reload")
