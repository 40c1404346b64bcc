# SPDX-License-Identifier: BSD-2-Clause
"""A machine's message buses, by the real dbus-daemon, with the notifier and the logind of tests/watch/fakebus.c on them."""

import os
import pwd
import select
import shutil
import subprocess
import time
import unittest.mock

import world

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""


def prepare(case):
    """Call this before the test makes its machine. dbus-daemon lets in only who has an account: be nobody, who has one."""
    if not shutil.which("dbus-daemon"):
        case.skipTest("no dbus-daemon here")
    if world.USER is not None:
        patch = unittest.mock.patch.object(world, "USER", pwd.getpwnam("nobody").pw_uid)
        patch.start()
        case.addCleanup(patch.stop)


class Bus:
    """One dbus-daemon, at this path."""

    def __init__(self, machine, path):
        config = path + ".conf"
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(path=path))
        self.path = path
        self.daemon = machine.start("dbus-daemon", "--config-file", config, "--nofork", "--print-address",
                                    stderr=subprocess.DEVNULL)
        if not self.daemon.stdout.readline():
            raise AssertionError("dbus-daemon does not start")

    def stop(self):
        self.daemon.kill()
        self.daemon.communicate()
        if os.path.exists(self.path):
            os.unlink(self.path)


class Desktop:
    """Both buses of a machine, a notifier and a logind. What they were asked is in `told`, a line each."""

    def __init__(self, machine, *commands):
        self.machine = machine
        self.program = os.path.join(machine.folder, "fakebus")
        shutil.copy2(os.path.join(world.BUILT, "fakebus"), self.program)
        self.buses = [Bus(machine, machine.session_bus), Bus(machine, machine.system_bus)]
        self.told = []
        self.fake = None
        self.join(*(commands or ("notifier on", "logind on")))

    def join(self, *commands):
        """Start the notifier and the logind."""
        uid = os.geteuid() if world.USER is None else world.USER
        self._unread = b""
        self.fake = self.machine.start(self.program, str(uid), *commands, stdin=subprocess.PIPE, stderr=None)
        for command in commands:
            self.wait("done " + command)

    def leave(self):
        """Let them die."""
        if self.fake:
            self.fake.kill()
            self.fake.communicate()
        self.fake = None

    def close(self):
        self.leave()
        while self.buses:
            self.buses.pop().stop()

    def _line(self, awaited):
        end = time.monotonic() + world.PATIENCE
        while b"\n" not in self._unread:
            if not select.select([self.fake.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"waited in vain for {awaited}; fakebus told {self.told}")
            more = os.read(self.fake.stdout.fileno(), 4096)
            if not more:
                raise AssertionError(f"fakebus ended without {awaited}; it told {self.told}")
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode()

    def wait(self, *beginnings):
        """Read on until lines have begun so, in any order; the last of them."""
        awaited = list(beginnings)
        while awaited:
            line = self._line(awaited)
            if not line.startswith("done "):
                self.told.append(line)
            awaited = [beginning for beginning in awaited if not line.startswith(beginning)]
        return line

    def do(self, command):
        """Have it done; what it told meanwhile is in `told`."""
        os.write(self.fake.stdin.fileno(), command.encode() + b"\n")
        self.wait("done " + command)
