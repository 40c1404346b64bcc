# SPDX-License-Identifier: BSD-2-Clause
"""What `awstap iam-policy` prints, given to the fake AWS, which evaluates it: the user can go on, the thief can't."""

import base64
import json
import os
import pty
from types import SimpleNamespace

from world import SERIAL, Case, check, read_until  # before the next: it knows where tests/fakeaws is

import document
import signedclient
import totp
from signedclient import Keys

HOUR = 3600
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OWN_ARN = "arn:aws:iam::123456789012:user/alice"
FURTHER = SERIAL.replace("alice", "alice-awstap")


class PolicyCase(Case):
    """alice may do what her policies say and nothing else; an administrator puts them."""

    def setUp(self):
        super().setUp()
        self.client = signedclient.Client(self.aws.endpoint)
        self.addCleanup(self.client.close)
        self.admin = self.keys_of(self.aws.add_user("admin", admin=True, iam_needs_mfa=False))

    @staticmethod
    def keys_of(user):
        return Keys(user["access_key_id"], user["secret"])

    def make_user(self, **facts):
        self.user = self.aws.add_user("alice", only_policies=True, **facts)
        self.stolen_key = self.keys_of(self.user)

    def put(self, *options, name="awstap"):
        """What the administrator does with the command's output, as it stands."""
        printed = check(self.machine.awstap("iam-policy", *options))
        self.assertEqual(printed.err, "")
        self.put_text(name, printed.out)

    def put_text(self, name, text):
        self.works(self.call(self.admin, "PutUserPolicy", UserName="alice", PolicyName=name, PolicyDocument=text))

    def call(self, keys, action, service="iam", **parameters):
        signing = {"now_s": self.machine.now_ms() / 1000}
        return self.client.call(keys, action, service=service, signing=signing, **parameters)

    def works(self, reply):
        self.assertEqual(reply.status, 200, reply.text)
        return reply

    def denied(self, reply):
        self.assertEqual((reply.status, reply.field("Code")), (403, "AccessDenied"), reply.text)

    def code(self, seed, ahead=0):
        return totp.code_for(seed, totp.step_at(self.aws.state()["now_ms"]) + ahead)

    def session(self, seed=None, serial=SERIAL):
        """A session with MFA, by a step that is not used yet."""
        self.machine.advance(60_000)
        return self.works(self.call(self.stolen_key, "GetSessionToken", service="sts", SerialNumber=serial,
                                    TokenCode=self.code(seed or self.user["seed_base32"]))).keys()

    def make_device(self, keys, serial=SERIAL):
        """Make a virtual device; the reply, and the seed where it worked."""
        reply = self.call(keys, "CreateVirtualMFADevice", VirtualMFADeviceName=serial.split("/")[1])
        seed = reply.field("Base32StringSeed")
        return reply, seed and base64.b64decode(seed).decode()

    def enable(self, keys, seed, serial=SERIAL):
        return self.call(keys, "EnableMFADevice", UserName="alice", SerialNumber=serial,
                         AuthenticationCode1=self.code(seed, -1), AuthenticationCode2=self.code(seed))

    def look(self, keys, serial=SERIAL):
        """Whether there is such a device, as awstap mfa add asks: the code of AWS's refusal."""
        return self.call(keys, "EnableMFADevice", UserName="alice", SerialNumber=serial,
                         AuthenticationCode1="000000", AuthenticationCode2="111111").field("Code")

    def attempts(self, keys):
        """What a thief tries: to stay (keys, devices, policies) and to look around."""
        alice, own = {"UserName": "alice"}, {"AccessKeyId": self.user["access_key_id"]}
        return SimpleNamespace(
            keys=[self.call(keys, "CreateAccessKey", **alice),
                  self.call(keys, "UpdateAccessKey", Status="Active", **alice, **own),
                  self.call(keys, "DeleteAccessKey", **alice, AccessKeyId="AKIAAAAAAAAAAAAAAAAA")],
            others_keys=[self.call(keys, "CreateAccessKey", UserName="admin")],
            devices=[self.make_device(keys, FURTHER)[0],
                     self.call(keys, "DeactivateMFADevice", SerialNumber=SERIAL, **alice),
                     self.call(keys, "DeleteVirtualMFADevice", SerialNumber=SERIAL)],
            policies=[self.call(keys, "DeleteUserPolicy", PolicyName="awstap", **alice),
                      self.call(keys, "PutUserPolicy", PolicyName="x", PolicyDocument=json.dumps(EVERYTHING), **alice)],
            looks=[self.call(keys, "GetUser", **alice), self.call(keys, "ListAccessKeys", **alice),
                   self.call(keys, "ListMFADevices", **alice), self.call(keys, "GetAccessKeyLastUsed", **own),
                   self.call(keys, "GetUserPolicy", PolicyName="awstap", **alice),
                   self.call(keys, "ListVirtualMFADevices")],
            trusts=[self.call(keys, "CreateRole", RoleName="thiefs", AssumeRolePolicyDocument=self.trust()),
                    self.call(keys, "UpdateAssumeRolePolicy", RoleName="deploy", PolicyDocument=self.trust()),
                    self.call(keys, "PutRolePolicy", RoleName="deploy", PolicyName="x", PolicyDocument=json.dumps(EVERYTHING))],
            roles=[self.call(keys, "AssumeRole", service="sts", RoleArn=self.role, RoleSessionName="thief")])

    def trust(self):
        """A role's trust in alice."""
        return json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": self.user["arn"]}}]})

    @property
    def role(self):
        return self.aws.add_role("deploy", trust=[self.user["arn"]])

    def assert_nothing_changed(self):
        found = self.aws.audit("alice")
        self.assertEqual([key["id"] for key in found["keys"]], [self.user["access_key_id"]])
        self.assertEqual([device["serial"] for device in found["mfa"] if device["serial"] != SERIAL], [])
        self.assertEqual(len(self.aws.audit("admin")["keys"]), 1)
        self.assertIn("awstap", found["policies"])
        self.assertNotIn("x", found["policies"])

    def rotate(self, keys):
        """The calls of a rotation; the new key."""
        alice, old = {"UserName": "alice"}, {"AccessKeyId": self.user["access_key_id"]}
        self.works(self.call(keys, "ListAccessKeys", **alice))
        self.works(self.call(keys, "ListMFADevices", **alice))
        self.works(self.call(keys, "GetAccessKeyLastUsed", **old))
        made = self.works(self.call(keys, "CreateAccessKey", **alice)).keys()
        self.works(self.call(made, "GetCallerIdentity", service="sts"))
        self.works(self.call(keys, "UpdateAccessKey", Status="Inactive", **alice, **old))
        self.works(self.call(keys, "DeleteAccessKey", **alice, **old))
        return made


class Printed(PolicyCase):
    FORMS = ((), ("--bootstrap",), ("--unattended-rotation",), ("--bootstrap", "--unattended-rotation"))

    def test_one_document(self):
        for form in self.FORMS:
            printed = check(self.machine.awstap("iam-policy", *form))
            document = json.loads(printed.out)
            self.assertEqual(list(document), ["Version", "Statement"])
            self.assertLess(len(json.dumps(document, separators=(",", ":"))), 2048)
            self.assertEqual(printed.err, "")
            for kind in ("LoginProfile", "SSHPublicKey", "ServiceSpecificCredential", "SigningCertificate"):
                self.assertIn(f"iam:*{kind}", document["Statement"][3]["Action"])
        self.assertEqual(self.aws.requests(), [])

    def test_partitions(self):
        user = {"name": "alice", "only_policies": True, "keys": [{"id": "AKIAALICEALICEALICEA", "secret": "a" * 40}]}
        for partition in ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b"):
            for form in self.FORMS:
                text = check(self.machine.awstap("iam-policy", "--partition", partition, *form)).out
                self.assertLess(document.size(text), 2048)  # AWS's limit for all inline policies of a user
                self.aws.setup(accounts=[{"id": "123456789012", "partition": partition,
                                          "users": [{**user, "policies": {"awstap": text}}]}])
        self.assert_fails(self.machine.awstap("iam-policy", "--partition", "mars"), 2, "--partition", "aws-cn")

    def test_costs_are_told_to_people(self):
        """On a terminal stderr says what a looser form costs; stdout is the document alone."""
        for form, costs in (((), ""), (("--bootstrap",), "add the first MFA device"),
                            (("--unattended-rotation",), "mint, switch off and delete")):
            ours, theirs = pty.openpty()
            child = self.machine.start("awstap", "iam-policy", *form, stderr=theirs)
            out = child.communicate()[0]
            self.assertEqual(child.returncode, 0)
            json.loads(out)
            if costs:
                read_until(ours, costs)
            os.close(theirs)
            os.close(ours)


class Final(PolicyCase):
    def setUp(self):
        super().setUp()
        self.make_user()
        self.put()

    def test_the_user_goes_on(self):
        session = self.session()
        self.works(self.call(session, "GetUser", UserName="alice"))
        self.machine.advance(20 * 60 * 1000)
        self.stolen_key = self.rotate(session)
        fresh = self.session()
        self.works(self.call(fresh, "DeactivateMFADevice", UserName="alice", SerialNumber=SERIAL))
        self.works(self.call(fresh, "DeleteVirtualMFADevice", SerialNumber=SERIAL))
        for serial in (SERIAL, FURTHER):
            self.assertEqual(self.look(fresh, serial), "NoSuchEntity")
            reply, seed = self.make_device(fresh, serial)
            self.works(reply)
            self.works(self.enable(fresh, seed, serial))

    def test_a_path_is_no_hindrance(self):
        self.make_user(path="/people/")
        self.put()
        self.rotate(self.session())

    def test_others_are_out_of_reach(self):
        session = self.session()
        self.denied(self.call(session, "ListAccessKeys", UserName="admin"))
        self.denied(self.call(session, "CreateAccessKey", UserName="admin"))
        self.denied(self.make_device(session, SERIAL.replace("alice", "admin"))[0])
        for reply in self.attempts(session).policies:
            self.denied(reply)

    def test_stolen_key(self):
        """Whatever else the user may, the key alone can do nothing."""
        self.put_text("everything", json.dumps(EVERYTHING))
        for group in vars(self.attempts(self.stolen_key)).values():
            for reply in group:
                self.denied(reply)
        without_mfa = self.works(self.call(self.stolen_key, "GetSessionToken", service="sts")).keys()
        for group in vars(self.attempts(without_mfa)).values():
            for reply in group:
                self.assertEqual(reply.status, 403, reply.text)
        leftover = SERIAL.replace("alice", "leftover")
        seed = self.make_device(self.admin, leftover)[1]
        self.denied(self.enable(self.stolen_key, seed, leftover))
        self.denied(self.enable(self.stolen_key, "A" * 32, "GAHT12345678"))
        self.works(self.call(self.admin, "DeleteVirtualMFADevice", SerialNumber=leftover))
        self.assert_nothing_changed()

    def test_stolen_session(self):
        """Five hours after the touch, a session of a user who may do everything can look, but not stay."""
        self.put_text("everything", json.dumps(EVERYTHING))
        stolen = self.session()
        self.machine.advance(5 * HOUR * 1000)
        tried = self.attempts(stolen)
        for reply in tried.keys + tried.others_keys + tried.devices + tried.policies + tried.trusts:
            self.denied(reply)
        for reply in tried.looks + tried.roles:
            self.works(reply)
        self.denied(self.enable(stolen, "A" * 32, "GAHT12345678"))
        self.assert_nothing_changed()

    def through_a_role(self, keys):
        """A thief's way round: a role of his own making, which may do everything, makes a key for alice."""
        made = self.call(keys, "CreateRole", RoleName="thiefs", AssumeRolePolicyDocument=self.trust())
        if made.status != 200:
            return made
        self.works(self.call(keys, "PutRolePolicy", RoleName="thiefs", PolicyName="x", PolicyDocument=json.dumps(EVERYTHING)))
        role = self.works(self.call(keys, "AssumeRole", service="sts", RoleArn=made.field("Arn"), RoleSessionName="thief"))
        return self.call(role.keys(), "CreateAccessKey", UserName="alice")

    def test_stolen_session_through_a_role(self):
        self.put_text("everything", json.dumps(EVERYTHING))
        stolen = self.session()
        self.machine.advance(40 * 60 * 1000)
        self.denied(self.through_a_role(stolen))
        self.assert_nothing_changed()
        self.works(self.through_a_role(self.session()))

    def test_what_wants_fresh_mfa(self):
        """Whatever changes what somebody may do; to look, and what the user's work may need beside it, does not."""
        text = check(self.machine.awstap("iam-policy")).out
        old = {"aws:username": "alice", "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "1801"}

        def decided(action):
            return document.decide([text, json.dumps(EVERYTHING)], "aws", "iam:" + action, OWN_ARN, old)
        for kind in ("User", "Role", "Group"):
            for verb in ("Attach", "Detach", "Put", "Delete"):
                self.assertEqual(decided(f"{verb}{kind}Policy"), "Deny")
            self.assertEqual(decided(f"Get{kind}Policy"), "Allow")
            self.assertEqual(decided(f"List{kind}Policies"), "Allow")
        for action in ("AddUserToGroup", "RemoveUserFromGroup", "CreatePolicyVersion", "SetDefaultPolicyVersion", "CreateRole",
                       "UpdateAssumeRolePolicy", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary",
                       "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"):
            self.assertEqual(decided(action), "Deny", action)
        for action in ("GetRole", "GetPolicyVersion", "ListRoles", "CreateServiceLinkedRole", "PassRole", "TagRole"):
            self.assertEqual(decided(action), "Allow", action)

    def test_just_too_old(self):
        session = self.session()
        self.machine.advance(29 * 60 * 1000)
        self.works(self.call(session, "CreateAccessKey", UserName="alice"))
        self.machine.advance(2 * 60 * 1000)
        self.denied(self.call(session, "DeleteAccessKey", UserName="alice", AccessKeyId=self.user["access_key_id"]))


class UnattendedRotation(PolicyCase):
    def setUp(self):
        super().setUp()
        self.make_user()
        self.put("--unattended-rotation")
        self.put_text("everything", json.dumps(EVERYTHING))

    def test_rotation(self):
        session = self.session()
        self.machine.advance(5 * HOUR * 1000)
        self.rotate(session)

    def test_what_it_costs(self):
        """An old session mints a key, but no more than that; and that key is nothing without MFA."""
        stolen = self.session()
        self.machine.advance(5 * HOUR * 1000)
        tried = self.attempts(stolen)
        self.works(tried.keys[0])
        for reply in tried.others_keys + tried.devices + tried.policies + tried.trusts:
            self.denied(reply)
        minted = tried.keys[0].keys()
        self.machine.advance(36 * HOUR * 1000)
        self.works(self.call(minted, "GetCallerIdentity", service="sts"))
        for group in vars(self.attempts(minted)).values():
            for reply in group:
                self.denied(reply)

    def test_stolen_key(self):
        for group in vars(self.attempts(self.stolen_key)).values():
            for reply in group:
                self.denied(reply)
        self.assert_nothing_changed()


class Bootstrap(PolicyCase):
    def setUp(self):
        super().setUp()
        self.make_user(with_mfa=False)
        self.put("--bootstrap")

    def add_device(self):
        reply, seed = self.make_device(self.stolen_key)
        self.works(reply)
        self.works(self.enable(self.stolen_key, seed))
        return seed

    def test_first_device(self):
        """An interrupted attempt can be cleaned up, and the rest of the life begins with the first MFA session."""
        self.works(self.call(self.stolen_key, "ListMFADevices", UserName="alice"))
        self.assertEqual(self.look(self.stolen_key), "NoSuchEntity")
        self.works(self.make_device(self.stolen_key)[0])
        self.assertEqual(self.look(self.stolen_key), "InvalidAuthenticationCode")
        self.works(self.call(self.stolen_key, "DeleteVirtualMFADevice", SerialNumber=SERIAL))
        session = self.session(self.add_device())
        self.stolen_key = self.rotate(session)
        self.put()
        self.works(self.call(session, "ListAccessKeys", UserName="alice"))

    def test_nothing_else(self):
        for reply in (self.call(self.stolen_key, "CreateAccessKey", UserName="alice"),
                      self.call(self.stolen_key, "ListAccessKeys", UserName="alice"),
                      self.make_device(self.stolen_key, FURTHER)[0],
                      self.make_device(self.stolen_key, SERIAL.replace("alice", "admin"))[0]):
            self.denied(reply)

    def test_no_second_device(self):
        """With the first device there, the key alone adds none and takes none away, though the final policy is late."""
        seed = self.add_device()
        key = self.stolen_key
        reply = self.make_device(key)[0]
        self.assertEqual(reply.field("Code"), "EntityAlreadyExists", reply.text)
        reply = self.call(key, "DeleteVirtualMFADevice", SerialNumber=SERIAL)
        self.assertEqual(reply.field("Code"), "DeleteConflict", reply.text)
        self.machine.advance(90_000)
        self.assertEqual(self.enable(key, seed).field("Code"), "EntityAlreadyExists")
        self.denied(self.call(key, "DeactivateMFADevice", UserName="alice", SerialNumber=SERIAL))
        self.denied(self.make_device(key, FURTHER)[0])
        self.denied(self.call(key, "CreateAccessKey", UserName="alice"))
        stolen = self.session(seed)
        self.machine.advance(5 * HOUR * 1000)
        for reply in (self.call(stolen, "CreateAccessKey", UserName="alice"), self.make_device(stolen, FURTHER)[0],
                      self.call(stolen, "DeactivateMFADevice", UserName="alice", SerialNumber=SERIAL)):
            self.denied(reply)
        self.assert_nothing_changed()
