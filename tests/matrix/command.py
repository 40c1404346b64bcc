# SPDX-License-Identifier: BSD-2-Clause
"""A command on a terminal, with a person who answers its questions and, instead of waiting, moves the clock."""

import json
import os
import pty
import re
import select
import subprocess
import time

import world

TICK_S = 0.01
PATIENCE_S = 90


class Command:
    """A running command. `shown` is all that stood on its terminal, `status` its end (negative: the signal)."""

    def __init__(self, stage, words, text=None, answers=(), env=None):
        self.stage = stage
        self.words = words
        self.answers = [(re.compile(pattern), reply) for pattern, reply in answers]
        self.answered = 0
        self.shown = ""
        self.status = None
        self.began = time.monotonic()
        self.master = self._start(text, env)

    def _start(self, text, env):
        master, slave = pty.openpty()
        if world.USER is not None:
            os.fchown(slave, world.USER, world.USER)
        name = os.ttyname(slave)
        stdin = slave if text is None else subprocess.PIPE
        self.child = self.stage.machine.start("/bin/sh", "-c", 'exec 3<>"$0"; exec "$@" 3>&-', name,
                                              self.stage.machine.program("awstap"), *self.words, stdin=stdin,
                                              stdout=slave, stderr=slave, env=env)
        os.close(slave)
        if text is not None:
            self.child.stdin.write(text)
            self.child.stdin.close()
            self.child.stdin = None
        return master

    def _read(self):
        """What has come to the terminal. Whether it is still open."""
        if not select.select([self.master], [], [], TICK_S)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def _answer(self):
        for pattern, reply in self.answers:
            if found := pattern.search(self.shown, self.answered):
                self.answered = found.end()
                os.write(self.master, reply.encode())

    def tick(self):
        """Let a hundredth of a second pass. Whether the command goes on."""
        terminal = self._read()
        self._answer()
        self.stage.points.hurry()
        if not terminal:
            time.sleep(TICK_S)
        return self.child.poll() is None

    def until(self, condition, patience_s=PATIENCE_S):
        """Go on until the condition holds, or the command has ended. Whether it holds."""
        end = time.monotonic() + patience_s
        while not condition():
            if not self.tick():
                return bool(condition())
            if time.monotonic() > end:
                return False
        return True

    def finish(self, patience_s=PATIENCE_S):
        """Wait for its end; one that never ends is killed. Itself."""
        if not self.until(lambda: self.child.poll() is not None, patience_s):
            self.shown += f"\n[it did not end within {patience_s} s]"
            self.child.kill()
        self.status = self.child.wait()
        while select.select([self.master], [], [], 0)[0] and self._read():
            pass
        os.close(self.master)
        self.seconds = time.monotonic() - self.began
        return self

    def json(self):
        """What it has printed as JSON, below the lines for the person; None where there is none."""
        begin = re.search(r"^[\[{]", self.shown, re.M)
        try:
            return json.loads(self.shown[begin.start():]) if begin else None
        except ValueError:
            return None

    def __repr__(self):
        shown = re.sub(r"^([\[{].{,80}).*", r"\1…", self.shown.strip(), flags=re.M)
        return f"awstap {' '.join(self.words)}: status {self.status}\n{shown}"


def run(stage, *words, text=None, answers=()):
    """A command from beginning to end."""
    return Command(stage, words, text, answers).finish()


def known(stage):
    """The access key ids and serials that the vault lists; nothing where there is no vault."""
    listed = run(stage, "key", "list", "--json").json() or []
    return {key[what] for key in listed for what in ("access_key_id", "mfa_serial") if key[what]}


def must(stage, *words, text=None, answers=()):
    """A command that has to succeed."""
    done = run(stage, *words, text=text, answers=answers)
    if done.status != 0:
        raise AssertionError(repr(done))
    return done
