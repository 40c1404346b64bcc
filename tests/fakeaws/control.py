#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client of the fake AWS's control port, as a module and as a command:
control.py --ready FILE VERB [JSON]"""

import argparse
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "fakeaws.py")
TIMEOUT_S = 60


class Refused(Exception):
    """The control port's answer to a verb or argument that it can't take."""


class FakeAws:
    """A running fake AWS. `endpoint` is the URL for STS and IAM, `control` the other port's."""

    def __init__(self, ready, process=None):
        self.endpoint = ready["endpoint"]
        self.control = ready["control"]
        self.pid = ready["pid"]
        self.process = process

    @classmethod
    def start(cls, ready_file, *arguments, python=sys.executable):
        """Start one, its --ready being `ready_file`; `arguments` are further options. Returns
        when it listens; RuntimeError if it ends before that."""
        command = [python, "-S", PROGRAM, "--ready", ready_file, *arguments]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"fake AWS ended with status {process.wait()}")
        return cls(json.loads(line), process)

    @classmethod
    def attach(cls, ready_file):
        """One that somebody else started; OSError if it does not run."""
        with open(ready_file, encoding="utf-8") as file:
            return cls(json.load(file))

    def stop(self):
        """End it; returns the exit status of one that start() started, else None."""
        if self.process is None:
            return self._stop_other()
        self.process.terminate()
        status = self.process.wait(timeout=10)
        self.process.stdout.close()
        return status

    def _stop_other(self):
        """One that is no child of ours."""
        try:
            process = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        signal.pidfd_send_signal(process, signal.SIGTERM)
        ended = select.select([process], [], [], TIMEOUT_S)[0]
        os.close(process)
        if not ended:
            raise TimeoutError("the fake AWS does not end")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def call(self, verb, **arguments):
        """One verb with its arguments; returns its JSON. Refused if it can't be."""
        connection = http.client.HTTPConnection(urlsplit(self.control).netloc, timeout=TIMEOUT_S)
        try:
            connection.request("POST", f"/{verb}", json.dumps(arguments))
            response = connection.getresponse()
            result = json.load(response)
        finally:
            connection.close()
        if response.status != 200:
            raise Refused(result["error"])
        return result

    def setup(self, **description):
        """Replace the whole world."""
        self.call("setup", **description)

    def add_user(self, name, **options):
        """A new user with a key and an MFA device: a dict with access_key_id, secret, serial,
        seed_base32, arn, account."""
        return self.call("add-user", name=name, **options)

    def add_role(self, name, **options):
        """A new role; returns its ARN."""
        return self.call("add-role", name=name, **options)["arn"]

    def requests(self, since=0, action=None):
        """The logged requests, those of one action only if it is given."""
        found = self.call("requests", since=since)["requests"]
        return [record for record in found if action in (None, record["action"])]

    def wait(self, count=1, since=0, timeout_ms=10_000, **wanted):
        """The requests that have every item of `wanted` (action="HEAD", settled=True, …), once
        there are `count`; TimeoutError when that takes too long."""
        result = self.call("wait", since=since, count=count, timeout_ms=timeout_ms, **wanted)
        if not result["enough"]:
            raise TimeoutError(f"{len(result['requests'])} of {count} requests like {wanted}")
        return result["requests"]

    def fault(self, what, **options):
        """Add one fault rule."""
        self.call("fault", rules=[{"what": what, **options}])

    def snapshot(self, name):
        """Remember the whole world under a name, for restore()."""
        self.call("snapshot", name=name)

    def restore(self, name):
        """Make the world what it was; the log of requests is empty after it."""
        self.call("restore", name=name)

    def audit(self, user, **more):
        """What a user has: its keys, MFA devices (with those of its account that nobody uses) and
        policies."""
        return self.call("audit", user=user, **more)

    def state(self):
        """The whole world, secrets included."""
        return self.call("state")


class Spawner:
    """Starts many, each forked from one process that has loaded the modules. Good for several threads."""

    def __init__(self, python=sys.executable):
        self.process = subprocess.Popen([python, "-S", PROGRAM, "--spawn"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def start(self, ready_file, *arguments):
        """As FakeAws.start()."""
        with self.lock:
            print(json.dumps(["--ready", ready_file, *arguments]), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline().strip()
        if not line:
            raise RuntimeError("the fake AWS did not start")
        return FakeAws(json.loads(line))

    def close(self):
        """No more of them; those that run go on."""
        self.process.communicate()


def main():
    parser = argparse.ArgumentParser(description="tell a running fake AWS what to do")
    parser.add_argument("--ready", metavar="FILE", required=True)
    parser.add_argument("verb")
    parser.add_argument("json", nargs="?", default="{}")
    options = parser.parse_args()
    try:
        aws = FakeAws.attach(options.ready)
        result = aws.call(options.verb, **json.loads(options.json))
    except (OSError, ValueError, TypeError, Refused) as error:
        print(f"control.py: {options.verb}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
