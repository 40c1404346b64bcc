# SPDX-License-Identifier: BSD-2-Clause
"""Where one run of the matrix happens: a machine that is put back, in a moment, to how it was before the command."""

import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "e2e"))

import world  # noqa: E402  (tests/e2e/world.py)
from points import Points  # noqa: E402
from command import known  # noqa: E402

PATIENCE_S = 60


class Stage:
    """A machine, its fault points, and the beginnings (bases) from which operations start."""

    def __init__(self):
        self.machine = world.Machine()
        self.aws = self.machine.aws
        self.points = Points(self.machine)
        self.bases = {}
        self.base = None
        self.aws.snapshot("nothing")

    def _places(self, name):
        """What is kept of a base, and where: (kept, in use)."""
        kept = os.path.join(self.machine.folder, "base-" + name)
        return [(os.path.join(kept, "home"), self.machine.home), (os.path.join(kept, "softkey"), self.machine.softkey)]

    def begin(self, base):
        """Put everything back to this base, a function that gets the stage and makes it (once)."""
        self.base = base.__name__
        if self.base not in self.bases:
            self._make(base)
        self._empty()
        for kept, used in self._places(self.base):
            shutil.rmtree(used)
            subprocess.run(["cp", "-a", kept, used], check=True)
        self.aws.restore(self.base)
        self.machine.clock(self.bases[self.base]["clock_ms"])

    @property
    def facts(self):
        """What the function that made the base has returned."""
        return self.bases[self.base]["facts"]

    @property
    def knew(self):
        """What the base's vault knows of what is at AWS."""
        return self.bases[self.base]["knew"]

    def now_s(self):
        """The time by the clocks of awstap and of AWS."""
        return self.machine.now_ms() / 1000

    def _make(self, base):
        self._empty()
        for _, used in self._places(self.base):
            self._wipe(used)
        self.aws.restore("nothing")
        self.machine.clock(0)
        facts = base(self)
        self.stop()
        for kept, used in self._places(self.base):
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            subprocess.run(["cp", "-a", used, kept], check=True)
        self.aws.snapshot(self.base)
        self.bases[self.base] = {"clock_ms": self.machine.clock_moved(), "facts": facts, "knew": known(self)}

    def _empty(self):
        """No process, no fault, nothing in the runtime folder, no answers for dialogs."""
        self.kill()
        self.points.clear()
        self.aws.call("clear-faults")
        self.aws.call("propagation", ms=0)
        self.aws.call("reset-log")
        self._wipe(self.machine.run_dir)
        self.machine.pinentry()

    @staticmethod
    def _wipe(folder):
        for entry in os.scandir(folder):
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)

    def signal(self, number):
        for pid in self.machine.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill(self):
        """SIGKILL to every awstap process, until there is none."""
        end = time.monotonic() + PATIENCE_S
        while self.machine.processes():
            self.signal(signal.SIGKILL)
            if time.monotonic() > end:
                raise AssertionError("processes that can't be killed")
        self.points.clear()  # nobody waits any more where the last one did
        self._reap()

    def stop(self, patience_s=PATIENCE_S):
        """Have the agent end, and all with it. What is still there after the wait: a list of programs."""
        self.points.plan("")
        for pid in self.machine.processes("awstap-agent"):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        return self.await_end(patience_s)

    def await_end(self, patience_s=PATIENCE_S):
        end = time.monotonic() + patience_s
        while self.machine.processes() and time.monotonic() < end:
            self.points.hurry()
            time.sleep(0.005)
        left = [name for name in world.PROGRAMS for _ in self.machine.processes(name)]
        if left:
            self.kill()
        self._reap()
        return left

    def _reap(self):
        """Children that have been waited for are no longer the machine's to close."""
        for child in self.machine.children:
            if child.poll() is not None:
                for stream in filter(None, (child.stdin, child.stdout, child.stderr)):
                    stream.close()
        self.machine.children = [child for child in self.machine.children if child.poll() is None]

    def close(self):
        self.kill()
        self.machine.close()
        shutil.rmtree(world.base())  # ours alone: each worker is a process
