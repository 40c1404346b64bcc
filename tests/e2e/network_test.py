# SPDX-License-Identifier: BSD-2-Clause
"""The way to AWS: down, cut while the touch is awaited, or leading to somebody else."""

import os
import shutil
import tempfile
import unittest

from fault_case import FaultCase
from relay import Relay
from world import access_key_json, base, check, wait_for

import certificate  # tests/fakeaws, which is on the path once world is imported
import control


class NetworkCase(FaultCase):
    """A relay stands between awstap and its AWS."""

    def prepare(self):
        self.endpoint = self.aws.endpoint
        self.relay = Relay(self.endpoint)
        self.addCleanup(self.relay.close)
        self.aws.endpoint = self.relay.url

    def await_connection(self, accepted):
        """AWS has accepted one more connection than these."""
        wait_for(lambda: self.aws.state()["accepted"] > accepted, "a connection")

    def assert_in_vain(self, *words):
        """Known before the touch, and so without one."""
        self.assert_get_fails(*words, requests=0, touches=0)


class Unreachable(NetworkCase):
    def test_port_closed(self):
        self.relay.shut()
        self.assert_in_vain("cannot reach 127.0.0.1", "Connection refused", "check the network")
        self.relay.open()
        self.assert_recovers()

    def test_dropped_before_the_touch(self):
        for reset in (False, True):
            with self.subTest(reset=reset):
                self.aws.fault("drop-before", on="HEAD", reset=reset)
                self.assert_in_vain("cannot reach 127.0.0.1", "the connection was closed")
                self.assert_recovers()

    def test_silent(self):
        """Whether it takes the request for the time or not even the connection."""
        for what in ("HEAD", "CONNECT"):
            with self.subTest(what):
                self.aws.fault("hang", on=what)
                before = self.counts()
                accepted = self.aws.state()["accepted"]
                child = self.start_get()
                self.await_connection(accepted)
                self.machine.advance(9_000)
                self.assert_spoilt(self.machine.finish(child), "no answer in time", "check the network")
                self.assert_cost(before, requests=0, touches=0)
                self.assert_recovers()

    def test_somebody_else(self):
        self.relay.greeting = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
        self.assert_in_vain("did not answer in HTTP/1.1", "check the endpoint")
        self.relay.greeting = None
        self.assert_recovers()


class WhileTheTouchIsAwaited(NetworkCase):
    """What is connected before the touch may be gone after it."""

    def setUp(self):
        super().setUp()
        self.key.person("never")
        self.before = self.counts()
        self.child = self.start_get()
        self.key.wait_blinking()

    def touch(self):
        self.key.person("auto")

    def assert_session(self, requests=1):
        check(self.machine.finish(self.child))
        self.assert_cost(self.before, requests, touches=1)
        self.assert_unharmed()

    def assert_touched_in_vain(self, *words, requests=0):
        self.assert_spoilt(self.machine.finish(self.child), *words)
        self.assert_cost(self.before, requests, touches=1)

    def test_reset(self):
        self.relay.reset()
        self.touch()
        self.assert_session()

    def test_kept_alive(self):
        """Idle connections are closed by AWS: a HEAD now and then keeps ours, and one serves all."""
        for count in range(2, 4):
            self.machine.advance(5_000)
            self.await_asked("HEAD", count)
        self.touch()
        self.assert_session()
        used = {request["connection"] for request in self.aws.requests(self.since)}
        self.assertEqual(len(used), 1)

    def test_repeated_head_fails(self):
        self.aws.fault("drop-before", on="HEAD")
        self.machine.advance(5_000)
        self.await_asked("HEAD", 2)
        self.touch()
        self.assert_session()

    def test_repeated_head_hangs(self):
        """The request does not wait for it."""
        self.aws.fault("hang", on="HEAD")
        self.machine.advance(5_000)
        self.await_asked("HEAD", 2)
        self.touch()
        self.assert_session()

    def test_clock_corrected(self):
        """AWS's clock is looked at again, and again."""
        self.aws.call("skew", ms=1_200_000)
        self.machine.advance(5_000)
        self.await_asked("HEAD", 2)
        self.machine.advance(5_000)
        self.await_asked("HEAD", 3)
        self.touch()
        self.assert_session()

    def test_network_gone(self):
        self.relay.shut()
        self.touch()
        self.assert_touched_in_vain("cannot reach 127.0.0.1", "Connection refused", "check the network")
        self.relay.open()
        self.assert_recovers()

    def test_stopped_up(self):
        """The request has left, and nobody knows how far it came."""
        self.relay.stop_up()
        self.touch()
        wait_for(lambda: self.relay.held, "the request to be sent")
        self.machine.advance(11_000)
        self.assert_touched_in_vain("did not answer within 10 s", "run it again")
        self.relay.reset()
        self.relay.let_flow()
        self.assert_recovers()


class ClosedWhileIdle(FaultCase):
    def test_by_aws(self):
        """The connection is closed right after the HEAD: the request goes by another one, once."""
        self.aws.fault("close-idle", on="HEAD")
        self.assert_get_works()
        self.assertFalse(self.requests()[-1]["reused"])


class Unresolved(FaultCase):
    def test_name(self):
        """RFC 6761 has a name that never resolves."""
        before = self.counts()
        result = self.machine.awstap("key", "add", "third", "--sts-endpoint-url", "https://sts.invalid",
                                     text='{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": '
                                          '"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}')
        self.assert_fails(result, 5, "cannot reach sts.invalid", "check the network")
        self.assert_cost(before, requests=0, touches=0)
        self.assert_unharmed()


class Tls(NetworkCase):
    """An AWS of our own CA, which the key names; then others in its place."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tls-", dir=base())
        os.chmod(cls.folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.ours = certificate.make(os.path.join(cls.folder, "ours"))
        cls.theirs = certificate.make(os.path.join(cls.folder, "theirs"))
        cls.fake_options = cls.options(cls.ours.good)

    @staticmethod
    def options(pair):
        return ("--tls-cert", pair[0], "--tls-key", pair[1])

    def prepare(self):
        super().prepare()
        self.bundle = os.path.join(self.machine.folder, "ca.pem")
        shutil.copyfile(self.ours.ca, self.bundle)
        self.machine.trust = ("--ca-bundle", self.bundle)

    def test_named_ca(self):
        self.assert_get_works()

    def test_certificates(self):
        for name, pair, reason in (("wrong name", self.ours.wrong_name, "127.0.0.1"),
                                   ("expired", self.ours.expired, "expired"),
                                   ("untrusted", self.theirs.good, "unable to get local issuer certificate")):
            ready = os.path.join(self.machine.folder, name)
            with self.subTest(name), control.FakeAws.start(ready, *self.options(pair)) as other:
                self.relay.lead_to(other.endpoint)
                self.assert_in_vain("the certificate of 127.0.0.1 was refused", reason, "--ca-bundle")
                self.assertEqual(other.requests(), [])
                self.relay.lead_to(self.endpoint)
                self.assert_recovers()

    def test_no_tls_there(self):
        self.relay.greeting = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
        self.assert_in_vain("cannot reach 127.0.0.1", "no TLS 1.2 or later", "check the endpoint")
        self.relay.greeting = None
        self.assert_recovers()

    def test_bundle(self):
        """It is read anew each time, and trusted as it stands then."""
        words = "cannot check the certificate of 127.0.0.1", "--ca-bundle"
        with open(self.bundle, "w", encoding="ascii") as file:
            file.write("no certificate\n")
        self.assert_in_vain(*words)
        os.unlink(self.bundle)
        self.assert_in_vain("--ca-bundle")
        shutil.copyfile(self.theirs.ca, self.bundle)
        self.assert_in_vain("the certificate of 127.0.0.1 was refused", "--ca-bundle")
        shutil.copyfile(self.ours.ca, self.bundle)
        self.assert_recovers()

    def test_key_add_without_the_ca(self):
        """Not trusted unless it is said: the access key is not even used for a signature."""
        user, before = self.aws.add_user("carol"), self.counts()
        result = self.machine.awstap("key", "add", "third", "--sts-endpoint-url", self.aws.endpoint,
                                     text=access_key_json(user))
        self.assert_fails(result, 5, "the certificate of 127.0.0.1 was refused", "--ca-bundle")
        self.assert_cost(before, requests=0, touches=0)
        self.assert_unharmed()


if __name__ == "__main__":
    unittest.main()
