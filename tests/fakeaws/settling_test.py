# SPDX-License-Identifier: BSD-2-Clause
"""Eventual consistency, snapshots and audits, seen from the client's end."""

from control import Refused
from running import Running
from signedclient import Keys

DENY_ALL = ('{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*",'
            '"Resource":"*"}}')


class Settling(Running):
    def setUp(self):
        super().setUp()
        self.session = self.mfa_session()

    def test_lists(self):
        self.aws.call("propagation", ms=10_000, late_lists=True)
        made = self.iam("CreateAccessKey", self.session).keys()
        self.assertNotIn(made.id, self.iam("ListAccessKeys", self.session).text)
        self.refused(self.iam("CreateAccessKey", self.session), 409, "LimitExceeded")
        self.move_clock(11_000)
        self.assertIn(made.id, self.iam("ListAccessKeys", self.session).text)
        self.iam("DeleteAccessKey", self.session, AccessKeyId=made.id)
        self.assertIn(made.id, self.iam("ListAccessKeys", self.session).text)
        self.assertEqual([key["id"] for key in self.aws.audit("alice")["keys"]], [self.keys.id])

    def test_flapping(self):
        self.aws.call("propagation", ms=10_000, flapping=True)
        made = self.iam("CreateAccessKey", self.session).keys()
        statuses = [self.call("GetCallerIdentity", made).status for _ in range(4)]
        self.assertEqual(statuses, [200, 403, 200, 403])
        self.move_clock(11_000)
        statuses = [self.call("GetCallerIdentity", made).status for _ in range(3)]
        self.assertEqual(statuses, [200, 200, 200])

    def test_status_and_policies(self):
        admin = self.aws.add_user("admin", admin=True, iam_needs_mfa=False)
        admin = Keys(admin["access_key_id"], admin["secret"])
        self.aws.call("propagation", ms=10_000)
        self.iam("PutUserPolicy", admin, PolicyName="no", PolicyDocument=DENY_ALL)
        self.iam("UpdateAccessKey", self.session, AccessKeyId=self.keys.id, Status="Inactive")
        self.assertEqual(self.call("GetCallerIdentity").status, 200)
        self.assertEqual(self.iam("GetUser", self.session).status, 200)
        self.move_clock(11_000)
        self.refused(self.call("GetCallerIdentity"), 403, "InvalidClientTokenId")
        self.refused(self.iam("GetUser", self.session), 403, "AccessDenied", "explicit deny")

    def test_snapshot(self):
        code = self.mfa(1)
        self.aws.snapshot("here")
        made = self.iam("CreateAccessKey", self.session).keys()
        self.assertEqual(self.call("GetSessionToken", **code).status, 200)
        for _ in range(2):
            self.aws.restore("here")
            self.assertEqual(self.aws.requests(), [])
            self.refused(self.call("GetCallerIdentity", made), 403, "InvalidClientTokenId")
            self.assertEqual(self.iam("ListAccessKeys", self.session).status, 200)
            self.assertEqual(self.call("GetSessionToken", **code).status, 200)
            self.refused(self.call("GetSessionToken", **code), 403, "AccessDenied")
        with self.assertRaises(Refused):
            self.aws.restore("nowhere")

    def test_audit(self):
        found = self.aws.audit("alice")
        self.assertEqual((found["keys"][0]["id"], found["keys"][0]["secret"]),
                         (self.keys.id, self.keys.secret))
        self.assertEqual(found["mfa"][0], {"serial": self.alice["serial"], "enabled": True,
                                           "seed_base32": self.alice["seed_base32"]})
        self.assertEqual(self.aws.audit(self.alice["arn"]), found)
        with self.assertRaises(Refused):
            self.aws.audit("nobody")
