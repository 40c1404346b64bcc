# SPDX-License-Identifier: BSD-2-Clause
"""What the tests share: a fake AWS that runs, one user, and a connection to it."""

import os
import shutil
import tempfile
import time
import unittest

import totp
from control import FakeAws
from signedclient import Client, Keys


class Running(unittest.TestCase):
    """A fake AWS with one user, alice, and a connection to it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="fakeaws-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.clock_file = os.path.join(cls.folder, "clock")
        cls.log_file = os.path.join(cls.folder, "log")
        cls.aws = FakeAws.start(os.path.join(cls.folder, "ready"), "--clock", cls.clock_file,
                                "--log", cls.log_file)
        cls.addClassCleanup(cls.aws.stop)

    def setUp(self):
        for verb, arguments in (("setup", {}), ("clear-faults", {}), ("reset-log", {}),
                                ("skew", {"ms": 0}), ("delay", {"ms": 0})):
            self.aws.call(verb, **arguments)
        # 10 s into a TOTP step, so that no test crosses into the next one by accident.
        self.base_ms = 10_000 - int(time.time() * 1000) % totp.STEP_MS
        self.move_clock(0)
        self.alice = self.aws.add_user("alice")
        self.keys = Keys(self.alice["access_key_id"], self.alice["secret"])
        self.client = Client(self.aws.endpoint)
        self.addCleanup(self.client.close)

    def move_clock(self, ms):
        """Set the clock `ms` ahead of where the test began."""
        self.offset_ms = self.base_ms + ms
        with open(self.clock_file, "w", encoding="utf-8") as file:
            file.write(f"{self.offset_ms}\n")

    def on_time(self):
        """For `signing`: sign with the time of the moved clock."""
        return {"now_s": time.time() + self.offset_ms / 1000}

    def call(self, action, keys=None, **more):
        return self.client.call(keys or self.keys, action, **more)

    def iam(self, action, keys, **more):
        more.setdefault("UserName", "alice")
        return self.client.call(keys, action, service="iam", **more)

    def code(self, ahead=0):
        now_ms = self.aws.state()["now_ms"]
        return totp.code_for(self.alice["seed_base32"], totp.step_at(now_ms) + ahead)

    def mfa(self, ahead=0):
        return {"SerialNumber": self.alice["serial"], "TokenCode": self.code(ahead)}

    def mfa_session(self, **more):
        reply = self.call("GetSessionToken", **self.mfa(), **more)
        self.assertEqual(reply.status, 200, reply.text)
        return reply.keys()

    def refused(self, reply, status, code, text=""):
        self.assertEqual((reply.status, reply.field("Code")), (status, code), reply.text)
        self.assertIn(text, reply.field("Message").replace("&lt;", "<"))
