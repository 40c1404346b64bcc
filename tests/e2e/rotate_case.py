# SPDX-License-Identifier: BSD-2-Clause
"""A key whose access key is replaced, and the person, the timer and the administrator who see to it."""

import fcntl
import json
import os
import pty
import select
import termios

from world import PATIENCE, USER, Case, check  # before the next: it knows where tests/fakeaws is

import signedclient
from points import Points

MINUTE = 60000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Rotation(Case):
    mfa = True
    user_facts = {}

    def setUp(self):
        super().setUp()
        self.points = {self.machine: Points(self.machine)}
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key(mfa=self.mfa, **self.user_facts)
        self.first = self.alice["access_key_id"]
        self.touches = self.key.number("touches")

    def start(self, *options, machine=None):
        """Begin a rotation, on a terminal that shows what is being waited for."""
        master, slave = pty.openpty()
        if USER is not None:
            os.fchown(slave, USER, USER)
        self.machine.advance(MINUTE)
        child = (machine or self.machine).start("awstap", "key", "rotate", *options,
                                                preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        child.terminal = master, slave
        return child

    def finish(self, child, machine=None):
        """Where it waits for time to pass, that passes."""
        points = self.points[machine or self.machine]
        while child.poll() is None:
            points.hurry()
            if select.select([child.terminal[0]], [], [], 0.02)[0]:
                os.read(child.terminal[0], 4096)
        for descriptor in child.terminal:
            os.close(descriptor)
        return self.machine.finish(child)

    def rotate(self, *options, machine=None):
        return self.finish(self.start(*options, machine=machine), machine)

    def facts(self, machine=None):
        return check((machine or self.machine).awstap("key", "show", "work", "--json")).json()

    def keys(self):
        """The user's access keys at AWS: id → whether it is active."""
        return {key["id"]: key["status"] == "Active" for key in self.aws.audit("alice")["keys"]}

    def get(self, machine=None):
        self.machine.advance(MINUTE)
        return check((machine or self.machine).awstap("get", "work")).json()

    def due(self, *options):
        """What the timer's unit runs, and what it printed."""
        return check(self.rotate("--due", *options)).out

    def overdue(self):
        """The key is to be rotated by itself, and its time has come."""
        check(self.machine.awstap("key", "set", "work", "rotate_every=30d", "duration=36h"))
        self.machine.advance(31 * DAY)

    def works(self):
        """A session that is asked for anew is had."""
        check(self.machine.awstap("lock"))
        return self.get()

    def administrator(self, action, **parameters):
        """What somebody else does at AWS, about alice."""
        admin = self.aws.add_user("admin", admin=True, iam_needs_mfa=False)
        client = signedclient.Client(self.aws.endpoint)
        reply = client.call(signedclient.Keys(admin["access_key_id"], admin["secret"]), action, service="iam",
                            signing={"now_s": self.machine.now_ms() / 1000}, UserName="alice", **parameters)
        client.close()
        self.assertEqual(reply.status, 200, reply.text)
        return reply

    def deny(self, action, **condition):
        document = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": action, "Resource": "*", **condition}]}
        self.administrator("PutUserPolicy", PolicyName="no", PolicyDocument=json.dumps(document))

    def touched(self):
        return self.key.number("touches") - self.touches

    def unproven(self):
        """A rotation up to the touch that proves it."""
        self.key.person("after 1")
        child = self.start("work")
        self.aws.wait(action="CreateAccessKey", settled=True, timeout_ms=PATIENCE * 1000)
        self.key.person("deny")
        self.assert_fails(self.finish(child), 4)
        self.key.person("auto")
