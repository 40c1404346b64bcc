# SPDX-License-Identifier: BSD-2-Clause
"""Policy documents: what they mean, and what they do to users and roles."""

import json
import unittest
from urllib.parse import unquote

import document
from control import Refused
from running import Running
from signedclient import Keys

ALICE = "arn:aws:iam::123456789012:user/alice"
CONTEXT = {"aws:username": "alice", "aws:MultiFactorAuthPresent": "true",
           "aws:MultiFactorAuthAge": "300", "aws:TokenIssueTime": "2026-01-31T10:00:00Z",
           "aws:PrincipalArn": ALICE}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect="Allow", action="*", resource="*", condition=None, **more):
    made = {"Effect": effect, "Action": action, "Resource": resource, **more}
    if condition is not None:
        made["Condition"] = condition
    return {name: value for name, value in made.items() if value is not None}


class Documents(unittest.TestCase):
    def decided(self, *statements, action="iam:CreateAccessKey", resource=ALICE, without=()):
        context = {key: value for key, value in CONTEXT.items() if key not in without}
        return document.decide([policy(*statements)], "aws", action, resource, context)

    def holds(self, operator, key, value, without=()):
        made = statement(condition={operator: {key: value}})
        return self.decided(made, without=without) == "Allow"

    def test_actions(self):
        for pattern, speaks in (("iam:CreateAccessKey", True), ("IAM:createaccesskey", True),
                                ("iam:*AccessKey", True), ("iam:?reateAccessKey", True),
                                ("iam:Create", False), ("sts:*", False), ("*", True),
                                (["iam:GetUser", "iam:Cr*"], True)):
            self.assertEqual(self.decided(statement(action=pattern)), "Allow" if speaks else None)
            negated = statement(action=None, NotAction=pattern)
            self.assertEqual(self.decided(negated), None if speaks else "Allow", pattern)

    def test_resources(self):
        own = "arn:aws:iam::*:user/${aws:username}"
        self.assertEqual(self.decided(statement(resource=own)), "Allow")
        self.assertIsNone(self.decided(statement(resource=own), resource=ALICE + "2"))
        self.assertIsNone(self.decided(statement(resource=own), resource=ALICE.upper()))
        self.assertIsNone(self.decided(statement(resource=own), without=["aws:username"]))
        others = statement(resource=None, NotResource=own)
        self.assertIsNone(self.decided(others))
        self.assertEqual(self.decided(others, resource=ALICE + "2"), "Allow")
        starred = document.decide([policy(statement(resource=own))], "aws", "iam:GetUser", ALICE,
                                  {"aws:username": "*"})
        self.assertIsNone(starred)

    def test_deny_wins(self):
        both = [statement(), statement("Deny", action="iam:*")]
        self.assertEqual(self.decided(*both), "Deny")
        self.assertEqual(self.decided(*both, action="sts:AssumeRole"), "Allow")
        self.assertIsNone(document.decide([], "aws", "iam:GetUser", ALICE, {}))

    def test_mfa_conditions(self):
        present, age = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge"
        for operator, key, value, there, absent in (
                ("Bool", present, "true", True, False), ("Bool", present, "false", False, False),
                ("BoolIfExists", present, "false", False, True),
                ("BoolIfExists", present, "true", True, True),
                ("Null", present, "true", False, True), ("Null", present, "false", True, False),
                ("NumericLessThan", age, "301", True, False),
                ("NumericLessThan", age, "300", False, False),
                ("NumericLessThanEquals", age, "300", True, False),
                ("NumericGreaterThan", age, "299", True, False),
                ("NumericGreaterThanIfExists", age, "300", False, True),
                ("NumericNotEquals", age, "300", False, True)):
            self.assertEqual(self.holds(operator, key, value), there, (operator, value))
            self.assertEqual(self.holds(operator, key, value, [key]), absent, (operator, value))

    def test_other_conditions(self):
        issued, name, arn = "aws:TokenIssueTime", "aws:username", "aws:PrincipalArn"
        for operator, key, value, expected in (
                ("DateLessThan", issued, "2026-01-31T10:00:01Z", True),
                ("DateLessThan", issued, "2026-01-31T10:00:00Z", False),
                ("DateGreaterThan", issued, "2026-01-31", True),
                ("StringEquals", name, ["bob", "alice"], True),
                ("StringEquals", name, "a*", False), ("StringLike", name, "a*", True),
                ("StringEquals", "AWS:UserName", "alice", True),
                ("StringNotEquals", name, ["bob", "alice"], False),
                ("StringNotLike", name, "b*", True),
                ("StringEqualsIgnoreCase", name, "ALICE", True),
                ("StringEquals", name, "${aws:username}", True),
                ("ArnLike", arn, "arn:aws:iam::*:user/*", True),
                ("ArnLike", arn, "arn:aws:iam::1234:*", False)):
            self.assertEqual(self.holds(operator, key, value), expected, (operator, value))

    def test_what_is_not_understood(self):
        for broken in (statement(condition={"IpAddress": {"aws:SourceIp": "1.2.3.4"}}),
                       statement(condition={"IpAddress": {"aws:username": "1.2.3.4"}}),
                       statement(condition={"Bool": {"aws:SecureTransport": "true"}}),
                       statement(condition={"Bool": {"aws:MultiFactorAuthPresent": True}}),
                       statement(condition={"Bool": {"aws:MultiFactorAuthPresent": "yes"}}),
                       statement(condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "x"}}),
                       statement(condition={"DateLessThan": {"aws:TokenIssueTime": "x"}}),
                       statement(condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*"}}),
                       statement(condition=[]), statement("Maybe"), statement(action="GetUser"),
                       statement(action=None), statement(NotAction="*"), statement(resource="mfa"),
                       statement(resource="arn:aws-cn:iam::*:user/a"), statement(Sid="a b"),
                       statement(resource="arn:aws:*::*:user/a"), statement(Principal="*"),
                       statement(resource="arn:aws:iam::*:user/${aws:PrincipalTag/x}")):
            with self.assertRaises(ValueError, msg=broken):
                document.parse(policy(broken), "aws")
        for text in ("", "[]", '{"Statement":[]}', policy(), policy(*[statement(Sid="a")] * 2),
                     '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
                     policy(statement()).replace("2012", "2008")):
            with self.assertRaises(ValueError, msg=text):
                document.parse(text, "aws")


class Policies(Running):
    def setUp(self):
        super().setUp()
        admin = self.aws.add_user("admin", admin=True, iam_needs_mfa=False)
        self.admin = Keys(admin["access_key_id"], admin["secret"])
        self.session = self.mfa_session()

    def put(self, *statements, name="p", keys=None):
        return self.iam("PutUserPolicy", keys or self.admin, PolicyName=name,
                        PolicyDocument=policy(*statements))

    def test_life_of_a_policy(self):
        self.refused(self.put(statement(), keys=self.session), 403, "AccessDenied",
                     "no identity-based policy allows the iam:PutUserPolicy action")
        self.assertEqual(self.put(statement("Deny", action="iam:List*")).status, 200)
        self.refused(self.iam("ListAccessKeys", self.session), 403, "AccessDenied",
                     "explicit deny")
        self.assertEqual(self.iam("GetUser", self.session).status, 200)
        listed = self.iam("ListUserPolicies", self.admin)
        self.assertIn("<member>p</member>", listed.text)
        got = self.iam("GetUserPolicy", self.admin, PolicyName="p")
        self.assertIn("iam:List*", unquote(got.field("PolicyDocument")))
        self.assertIn("p", self.aws.audit("alice")["policies"])
        named = {"PolicyName": "p"}
        self.assertEqual(self.iam("DeleteUserPolicy", self.admin, **named).status, 200)
        self.refused(self.iam("DeleteUserPolicy", self.admin, **named), 404, "NoSuchEntity")
        self.assertEqual(self.iam("ListAccessKeys", self.session).status, 200)

    def test_refused_documents(self):
        unknown = statement(condition={"IpAddress": {"aws:SourceIp": "1.2.3.4"}})
        self.refused(self.put(unknown), 400, "MalformedPolicyDocument", "no condition key")
        padded = statement(action=["iam:" + "x" * 1000])
        self.assertEqual(self.put(padded).status, 200)
        self.refused(self.put(padded, name="q"), 409, "LimitExceeded", "2048")
        self.assertEqual(self.put(padded).status, 200)
        with self.assertRaises(Refused):
            self.aws.add_user("carol", policies={"p": json.loads(policy(unknown))})

    def test_only_policies(self):
        own = statement(action=["iam:GetUser", "sts:AssumeRole"])
        fresh = statement("Deny", action="sts:AssumeRole", condition={
            "NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "60"}})
        carol = self.aws.add_user("carol", only_policies=True,
                                  policies={"p": policy(own, fresh)})
        keys = Keys(carol["access_key_id"], carol["secret"])
        self.assertEqual(self.iam("GetUser", keys, UserName="carol").status, 200)
        self.refused(self.iam("ListAccessKeys", keys, UserName="carol"), 403, "AccessDenied",
                     "no identity-based policy allows")
        self.assertEqual(self.call("GetSessionToken", keys).status, 200)
        role = {"RoleArn": self.aws.add_role("r", trust=["arn:aws:iam::123456789012:root"]),
                "RoleSessionName": "test"}
        self.refused(self.call("AssumeRole", keys, **role), 403, "AccessDenied", "explicit deny")
        self.alice = carol
        self.assertEqual(self.call("AssumeRole", keys, **role, **self.mfa()).status, 200)

    def test_trust_in_the_account_is_not_enough(self):
        carol = self.aws.add_user("carol", only_policies=True)
        keys = Keys(carol["access_key_id"], carol["secret"])
        for trust, status in (("arn:aws:iam::123456789012:root", 403), (carol["arn"], 200)):
            role = self.aws.add_role("r", trust=[trust])
            reply = self.call("AssumeRole", keys, RoleArn=role, RoleSessionName="test")
            self.assertEqual(reply.status, status, reply.text)

    def role_call(self, action, keys=None, **parameters):
        return self.client.call(keys or self.admin, action, service="iam", RoleName="new",
                                **parameters)

    def test_trust_by_a_call(self):
        def trust(*arns, **more):
            return policy({"Effect": "Allow", "Action": "sts:AssumeRole",
                           "Principal": {"AWS": list(arns)}, **more})

        def assumes():
            return self.call("AssumeRole", self.session, RoleArn=arn, RoleSessionName="test").status
        admin = "arn:aws:iam::123456789012:user/admin"
        made = {"AssumeRolePolicyDocument": trust(admin)}
        self.refused(self.role_call("CreateRole", self.session, **made), 403, "AccessDenied")
        arn = self.role_call("CreateRole", **made).field("Arn")
        self.assertEqual(assumes(), 403)
        self.refused(self.role_call("CreateRole", **made), 409, "EntityAlreadyExists")
        changed = {"PolicyDocument": trust(admin, ALICE)}
        self.refused(self.role_call("UpdateAssumeRolePolicy", self.session, **changed), 403,
                     "AccessDenied")
        self.assertEqual(self.role_call("UpdateAssumeRolePolicy", **changed).status, 200)
        self.assertEqual(assumes(), 200)
        for text in ("", "{}", policy(statement()), trust(ALICE, Condition={}),
                     trust(ALICE, Effect="Deny")):
            self.assertEqual(self.role_call("UpdateAssumeRolePolicy", PolicyDocument=text).status,
                             400, text)

    def deny_before(self):
        """Deny what was issued until now, which is 5 s after the test began."""
        self.move_clock(5000)
        stamp = self.aws.state()["now_ms"] // 1000
        return statement("Deny", condition={"DateLessThan": {"aws:TokenIssueTime": str(stamp)}})

    def test_sessions_issued_before(self):
        role = self.aws.add_role("r", trust=[self.alice["arn"]], allow_iam=True)
        assume = {"RoleArn": role, "RoleSessionName": "test"}
        taken = self.call("AssumeRole", self.session, **assume).keys()
        deny = self.deny_before()
        self.assertEqual(self.put(deny).status, 200)
        reply = self.client.call(self.admin, "PutRolePolicy", service="iam", RoleName="r",
                                 PolicyName="p", PolicyDocument=policy(deny))
        self.assertEqual(reply.status, 200, reply.text)
        for old in (self.session, taken):
            self.refused(self.iam("GetUser", old), 403, "AccessDenied", "explicit deny")
            self.refused(self.call("AssumeRole", old, **assume), 403, "AccessDenied")
            self.assertEqual(self.call("GetCallerIdentity", old).status, 200)
        new = self.call("GetSessionToken", **self.mfa(1)).keys()
        self.assertEqual(self.iam("GetUser", new).status, 200)
        taken = self.call("AssumeRole", **assume).keys()
        self.assertEqual(self.iam("GetUser", taken).status, 200)
        reply = self.client.call(self.admin, "DeleteRolePolicy", service="iam", RoleName="r",
                                 PolicyName="p")
        self.assertEqual(reply.status, 200, reply.text)
