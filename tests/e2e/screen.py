# SPDX-License-Identifier: BSD-2-Clause
"""A person's terminal, as tmux shows it: what stands on the screen, and keys that are pressed."""

import contextlib
import os
import shutil
import subprocess
import termios
import unittest

from world import wait_for

WIDTH, HEIGHT = 80, 24
IUTF8 = 0o40000  # of c_iflag in termios(3): the last thing that tmux sets, if it finds UTF-8


class Screen:
    """A terminal in which a command of the person's runs; sleep does nothing with it."""

    def __init__(self, machine, *command, width=WIDTH, height=HEIGHT, env=None):
        if not shutil.which("tmux"):
            raise unittest.SkipTest("no tmux here; install it")
        self.machine = machine
        self.socket = os.path.join(machine.run_dir, f"tmux-{len(machine.children)}")
        environment = {"SHELL": "/bin/sh", **(env or {})}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height),
                   *(command or ("sleep", "1000")), env=environment)
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self.tty = self._tmux("display-message", "-p", "#{pane_tty}").strip()
        wait_for(lambda: self.settings()[0] & IUTF8, "the terminal to be set up")

    def _tmux(self, *words, env=None):
        done = self.machine.run("tmux", "-u", "-S", self.socket, *words, env=env)
        if done.status != 0:
            raise AssertionError(f"tmux {words}: {done!r}")
        return done.out

    def text(self):
        return self._tmux("capture-pane", "-p", "-J")  # wrapped lines as they were written

    def wait(self, *words):
        """Until all of words stand on the screen; the screen."""
        def shown():
            text = self.text()
            return text if all(word in text for word in words) else None
        try:
            return wait_for(shown, f"{words} on the screen")
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows:\n{self.text().strip()}") from None

    def press(self, *keys):
        """Keys as tmux names them: Enter, Escape, Tab, C-c."""
        self._tmux("send-keys", *keys)

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def settings(self):
        """How the terminal is set: echo, line by line, and the rest."""
        terminal = os.open(self.tty, os.O_RDWR | os.O_NOCTTY)
        try:
            return termios.tcgetattr(terminal)
        finally:
            os.close(terminal)

    def close(self):
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self._tmux("kill-server")
