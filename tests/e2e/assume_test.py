# SPDX-License-Identifier: BSD-2-Clause
"""Roles, as a client asks the agent for them: what AWS is asked for, how often, and how often the person."""

import struct
import unittest

import wire
from world import Case, check, wait_for

HOUR = 3600
ACCOUNT = "210987654321"


class Failed(Exception):
    """What a FAILED says: status and text."""


class Session:
    """A SESSION, read."""

    def __init__(self, fields):
        texts = []
        for _ in range(3):
            text, fields = self._text(fields)
            texts.append(text)
        self.access_key_id, self.secret, self.token = texts
        self.expiration = struct.unpack(">Q", fields[:8])[0]
        self.account, fields = self._text(fields[8:])
        self.region, _ = self._text(fields)

    @staticmethod
    def _text(fields):
        size = struct.unpack(">I", fields[:4])[0]
        return fields[4:3 + size].decode(), fields[4 + size:]

    def __eq__(self, other):
        return self.__dict__ == other.__dict__


def read_failed(fields):
    status, size = struct.unpack(">II", fields[:8])
    return status, fields[8:7 + size].decode()


class Roles(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key()
        self.version = self.machine.status()["version"]
        self.touches = self.key.number("touches")

    def role(self, name="admin", **options):
        options.setdefault("trust", [self.alice["arn"]])
        return self.aws.add_role(name, account=ACCOUNT, **options)

    def ask(self, *hops, key="work", duration=0):
        """Send the agent a GET. Returns the conversation."""
        conversation = wire.connect(self.machine.socket)
        self.addCleanup(conversation.close)
        conversation.sendall(wire.hello(self.version) + wire.get(key, duration, hops))
        return conversation

    def answer(self, conversation):
        while True:
            kind, fields = wire.read_frame(conversation)
            if kind == wire.SESSION:
                return Session(fields)
            if kind == wire.FAILED:
                raise Failed(*read_failed(fields))

    def get(self, *hops, **options):
        return self.answer(self.ask(*hops, **options))

    def assert_refused(self, status, *words, hops, **options):
        with self.assertRaises(Failed) as caught:
            self.get(*hops, **options)
        self.assertEqual(caught.exception.args[0], status, caught.exception)
        for word in words:
            self.assertIn(word, caught.exception.args[1])

    def assert_asked(self, touches=None, **actions):
        """So many touches since the beginning, so many requests of each action."""
        if touches is not None:
            self.assertEqual(self.key.number("touches") - self.touches, touches)
        counted = {name: len(self.actions(name)) for name in actions}
        self.assertEqual(counted, actions)

    def session_at_aws(self, access_key_id):
        return next(known for known in self.aws.state()["sessions"] if known["id"] == access_key_id)

    # One role.

    def test_role(self):
        """A role is assumed with the key's session, and both are kept."""
        arn = self.role(require_mfa=True)
        session = self.get("role_arn", arn)
        self.assertEqual(session.account, ACCOUNT)
        self.assertEqual(self.session_at_aws(session.access_key_id)["role"], arn)
        self.assertEqual(self.session_at_aws(session.access_key_id)["name"], "awstap-work")
        self.assertEqual(self.get("role_arn", arn), session)
        self.get()
        self.assert_asked(touches=1, GetSessionToken=1, AssumeRole=1)

    def test_base_session_renews_roles(self):
        """The key's session of twelve hours assumes a role of one hour again and again: one touch."""
        arn = self.role()
        seen = {self.get("role_arn", arn).access_key_id}
        for hour in range(1, 6):
            self.machine.clock(hour * HOUR * 1000)
            seen.add(self.get("role_arn", arn).access_key_id)
        self.assertEqual(len(seen), 6)
        self.assert_asked(touches=1, GetSessionToken=1, AssumeRole=6)

    def test_parameters(self):
        """All that AssumeRole takes reaches AWS as it was said."""
        arn = self.role("deploy", external_id="a/b:c")
        session = self.get(
            "role_arn", arn, "duration_seconds", "1800", "external_id", "a/b:c", "role_session_name", "me@example.com",
            "source_identity", "alice", "policy", '{"Version": "2012-10-17"}',
            "policy_arn", "arn:aws:iam::aws:policy/ReadOnlyAccess", "policy_arn", f"arn:aws:iam::{ACCOUNT}:policy/p",
            "tag_key", "Cost Center", "tag_value", "Zürich & more".replace(" & ", " + "), "tag_key", "Empty",
            "tag_value", "", "transitive_tag", "Cost Center")
        known = self.session_at_aws(session.access_key_id)
        self.assertEqual(known["name"], "me@example.com")
        self.assertEqual(known["details"], {
            "policy": '{"Version": "2012-10-17"}', "external_id": "a/b:c", "source_identity": "alice",
            "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess", f"arn:aws:iam::{ACCOUNT}:policy/p"],
            "tags": {"Cost Center": "Zürich + more", "Empty": ""}, "transitive_tag_keys": ["Cost Center"]})
        self.assertEqual(known["expires_ms"] - known["issued_ms"], 1800 * 1000)

    def test_regions(self):
        """A role is asked for in its own region, and a region changes nothing of what is kept."""
        arn = self.role()
        first = self.get("role_arn", arn, "region", "eu-west-1")
        self.assertEqual(self.get("role_arn", arn, "region", "us-west-2"), first)
        self.assertEqual([request["region"] for request in self.actions("AssumeRole")], ["eu-west-1"])
        self.assertEqual({request["region"] for request in self.actions("GetSessionToken")}, {"us-east-1"})

    def test_chain(self):
        """Each role of a chain is assumed with the session of the one before it, and kept."""
        first = self.role("first")
        second = self.role("second", trust=[first])
        third = self.role("third", trust=[second])
        chain = ["role_arn", first, "role_arn", second, "role_session_name", "me", "role_arn", third]
        session = self.get(*chain)
        self.assertEqual(self.session_at_aws(session.access_key_id)["role"], third)
        self.get(*chain[:2])
        self.get(*chain[:6])
        self.assert_asked(touches=1, GetSessionToken=1, AssumeRole=3)

    def test_other_partition(self):
        """A key of another partition assumes roles of that one, in its regions."""
        self.aws.setup(accounts=[{"id": "123456789012", "partition": "aws-us-gov"}])
        bob = self.machine.add_key("gov", "bob", mfa=False, account="123456789012")
        arn = self.aws.add_role("admin", account="123456789012", trust=[bob["arn"]])
        self.assertTrue(arn.startswith("arn:aws-us-gov:iam::"), arn)
        self.get("role_arn", arn, "region", "us-gov-east-1", key="gov")
        self.assertEqual(self.actions("AssumeRole")[0]["region"], "us-gov-east-1")
        self.assert_refused(2, "region", "aws-us-gov", hops=("role_arn", arn + "x", "region", "eu-west-1"), key="gov")
        self.assert_refused(2, "partition aws ", hops=("role_arn", "arn:aws:iam::123456789012:role/admin"), key="gov")

    # Many at once.

    def test_ten_cold_roles(self):
        """Ten roles of one key, all cold: one touch, one GetSessionToken."""
        arns = [self.role(f"role{i}") for i in range(10)]
        self.key.person("never")
        waiting = [self.ask("role_arn", arn) for arn in arns]
        self.machine.wait_flights(11)
        self.key.person("auto")
        sessions = [self.answer(conversation) for conversation in waiting]
        self.assertEqual([self.session_at_aws(session.access_key_id)["role"] for session in sessions], arns)
        self.assert_asked(touches=1, GetSessionToken=1, AssumeRole=10)

    def test_two_hundred_of_one_role(self):
        """Two hundred ask for one cold role at once: one touch, one GetSessionToken, one AssumeRole."""
        arn = self.role()
        self.key.person("never")
        waiting = [self.ask("role_arn", arn) for _ in range(200)]
        self.key.wait_blinking()
        self.key.person("auto")
        sessions = [self.answer(conversation) for conversation in waiting]
        self.assertEqual(len({session.access_key_id for session in sessions}), 1)
        self.assert_asked(touches=1, GetSessionToken=1, AssumeRole=1)

    # Longer than an hour.

    def test_longer_than_an_hour(self):
        """Such a role is assumed with the long-lived key itself and MFA."""
        arn = self.role(require_mfa=True, max_session_duration=4 * HOUR)
        session = self.get("role_arn", arn, "duration_seconds", str(4 * HOUR))
        known = self.session_at_aws(session.access_key_id)
        self.assertEqual(known["expires_ms"] - known["issued_ms"], 4 * HOUR * 1000)
        self.assertEqual(known["source"], self.alice["access_key_id"])
        self.assertEqual(session.account, ACCOUNT)
        self.assert_asked(touches=1, GetSessionToken=0, AssumeRole=1)

    def test_long_role_first_in_a_chain(self):
        """The first role of a chain may be long, and the next is assumed with its session."""
        first = self.role("first", max_session_duration=4 * HOUR)
        second = self.role("second", trust=[first])
        self.get("role_arn", first, "duration_seconds", "7200", "role_arn", second)
        self.assert_asked(touches=1, GetSessionToken=0, AssumeRole=2)

    def test_long_role_later_in_a_chain(self):
        """AWS allows no more than an hour there: refused before anybody is asked for anything."""
        first = self.role("first")
        second = self.role("second", trust=[first], max_session_duration=4 * HOUR)
        self.assert_refused(2, "1 hour", hops=("role_arn", first, "role_arn", second, "duration_seconds", "7200"))
        self.assert_asked(touches=0, GetSessionToken=0, AssumeRole=0)

    def test_longer_than_the_role_allows(self):
        arn = self.role()
        self.assert_refused(5, "MaxSessionDuration", hops=("role_arn", arn, "duration_seconds", "7200"))

    # What AWS says no to.

    def test_not_allowed(self):
        """AWS's own words, and the key's session is as good as before."""
        arn = self.role(trust=[])
        self.assert_refused(5, f"is not authorized to perform: sts:AssumeRole on resource: {arn}",
                            hops=("role_arn", arn))
        self.get()
        self.assert_asked(touches=1, GetSessionToken=1, AssumeRole=1)

    def test_session_that_aws_forgot(self):
        """AWS no longer takes the key's session: another is asked for, once, and the role comes of it."""
        for code in ("ExpiredToken", "InvalidClientTokenId"):
            with self.subTest(code):
                arn = self.role("role-" + code)
                self.get()
                before = len(self.actions("GetSessionToken"))
                self.aws.fault("error", on="AssumeRole", status=403, code=code, message="The security token is no good")
                self.machine.clock(self.next_step())
                self.get("role_arn", arn)
                self.assertEqual(len(self.actions("GetSessionToken")), before + 1)

    def next_step(self):
        """So far the clock is moved that the next TOTP code is not awaited."""
        self.moved = getattr(self, "moved", 0) + 31000
        return self.moved

    def test_throttled(self):
        arn = self.role()
        self.aws.fault("throttle", on="AssumeRole", count=2)
        self.get("role_arn", arn)
        self.assert_asked(AssumeRole=3)

    def test_clock_wrong(self):
        """AWS's clock, learnt from its refusal, is what the request is signed anew for."""
        arn = self.role()
        self.get()
        self.aws.fault("error", on="AssumeRole", status=403, code="SignatureDoesNotMatch",
                       message="Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z")
        self.get("role_arn", arn)
        self.assert_asked(touches=1, AssumeRole=2)

    def test_answer_lost(self):
        arn = self.role()
        self.get()
        self.aws.fault("drop-after", on="AssumeRole")
        self.assert_refused(5, "run it again", hops=("role_arn", arn))
        self.get("role_arn", arn)

    def test_session_of_another_role(self):
        """What is not the session of the role that was asked for is not believed."""
        arn = self.role()
        self.get()
        for find, put in (("assumed-role/admin/", "assumed-role/other/"), (f"sts::{ACCOUNT}:", "sts::123456789012:"),
                          ("<Arn>[^<]*</Arn>", "")):
            with self.subTest(find):
                self.aws.fault("edit", on="AssumeRole", find=find, put=put)
                self.assert_refused(5, "not as it should be (AssumedRoleUser)", hops=("role_arn", arn))

    def test_what_the_signer_refuses(self):
        """A client is not trusted to have checked anything."""
        arn = self.role()
        self.get()
        for hops in (("role_arn", "arn:aws:iam::1:role/x"), ("role_arn", "arn:aws:iam::210987654321:user/alice"),
                     ("role_arn", arn, "role_session_name", "a b"), ("role_arn", arn, "external_id", "x"),
                     ("role_arn", arn, "region", "evil.example.com/"), ("role_arn", arn, "tag_key", "a&b", "tag_value", ""),
                     ("role_arn", arn, "policy_arn", "arn:aws:iam::210987654321:role/nonsense")):
            with self.subTest(hops=hops):
                self.assert_refused(2, hops=hops)
        self.assert_asked(touches=1, AssumeRole=0)

    def test_removed_key(self):
        """A role's session ends with its key."""
        arn = self.role()
        self.get("role_arn", arn)
        check(self.machine.awstap("key", "remove", "work"))
        wait_for(lambda: not self.machine.status()["sessions"], "the sessions to go")
        self.assert_refused(1, "work", hops=("role_arn", arn))


if __name__ == "__main__":
    unittest.main()
