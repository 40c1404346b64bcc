# SPDX-License-Identifier: BSD-2-Clause
"""The fault points that a machine's programs pass (tests/faultpoint), and the plan for one of them."""

import os
import select
import time

import world

RECORD_SIZE = 128  # tests/faultpoint/README.md


class Points:
    """Made before the programs are started: they open the files when they begin."""

    def __init__(self, machine):
        self.machine = machine
        self.passed_path, self.plan_path = machine.program("faultpoints"), machine.program("faultplan")
        self.hurried = None  # for which wait the clock was moved last
        for path in (self.passed_path, self.plan_path):
            with open(path, "wb"):
                pass
            if world.USER is not None:
                os.chown(path, world.USER, world.USER)
            os.chmod(path, 0o600)

    def clear(self):
        self.hurried = None
        self.plan("")
        os.truncate(self.passed_path, 0)

    def plan(self, text):
        """What is to happen; the file is replaced in place, by one write."""
        with open(self.plan_path, "r+b", buffering=0) as file:
            file.truncate(0)
            file.write(text.encode())

    def passed(self):
        """The points so far: (program, kind, name)."""
        with open(self.passed_path, "rb") as file:
            lines = file.read().decode(errors="replace").splitlines()
        return [(*line[:28].split(), line[38:].rstrip()) for line in lines if len(line) == RECORD_SIZE - 1]

    def wait(self):
        """For how many milliseconds a signer waits, and by which point: (its number, the milliseconds), or None."""
        points = self.passed()
        for number in reversed(range(len(points))):
            program, kind, text = points[number]
            if program == "awstap-signer":
                return (number, int(text)) if kind == "wait" else None
        return None

    def hurry(self):
        """Where a signer waits for time to pass, that passes: once, and just that, as others have deadlines by the clock."""
        waits = self.wait()
        if waits and waits[0] != self.hurried:
            self.hurried = waits[0]
            self.machine.advance(waits[1] + 1)

    def read(self, terminal, until=None, patience=2 * world.PATIENCE):
        """What is shown, up to `until` or the end, while time passes so."""
        raw, end = b"", time.monotonic() + patience
        while until is None or until not in raw.decode(errors="replace"):
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain, saw {raw.decode(errors='replace')}")
            self.hurry()
            if not select.select([terminal], [], [], 0.02)[0]:
                continue
            try:
                more = os.read(terminal, 4096)
            except OSError:
                break
            if not more:
                break
            raw += more
        return raw.decode(errors="replace").replace("\r", "")

    def count(self, program, kind):
        return sum((program, kind) == point[:2] for point in self.passed())
