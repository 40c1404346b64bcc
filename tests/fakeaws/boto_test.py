# SPDX-License-Identifier: BSD-2-Clause
"""The fake AWS as boto3, a real client, sees it. Skipped where boto3 can't be imported."""

import json
import unittest

from running import Running

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    boto3 = None


@unittest.skipIf(boto3 is None, "boto3 is not installed")
class Boto(Running):
    def boto(self, service, key_id=None, secret=None, token=None):
        client = boto3.client(
            service, region_name="us-east-1", endpoint_url=self.aws.endpoint,
            aws_access_key_id=key_id or self.keys.id, aws_session_token=token,
            aws_secret_access_key=secret or self.keys.secret,
            config=Config(retries={"total_max_attempts": 1}))
        self.addCleanup(client.close)
        return client

    def with_mfa(self, service):
        credentials = self.boto("sts").get_session_token(**self.mfa())["Credentials"]
        return self.boto(service, credentials["AccessKeyId"], credentials["SecretAccessKey"],
                         credentials["SessionToken"])

    def fails(self, code, function, **arguments):
        with self.assertRaises(ClientError) as caught:
            function(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response["Error"]["Message"]

    def test_mfa_session(self):
        code = self.mfa()
        sts = self.boto("sts")
        credentials = sts.get_session_token(**code)["Credentials"]
        self.assertEqual(credentials["Expiration"].tzname(), "UTC")
        self.assertIn("invalid MFA one time", self.fails("AccessDenied", sts.get_session_token,
                                                         **code))

    def test_iam(self):
        message = self.fails("AccessDenied", self.boto("iam").list_access_keys)
        self.assertIn("explicit deny", message)
        iam = self.with_mfa("iam")
        keys = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
        self.assertEqual([key["AccessKeyId"] for key in keys], [self.keys.id])
        made = iam.create_access_key(UserName="alice")["AccessKey"]
        self.fails("LimitExceeded", iam.create_access_key, UserName="alice")
        identity = self.boto("sts", made["AccessKeyId"], made["SecretAccessKey"])
        self.assertEqual(identity.get_caller_identity()["Arn"], self.alice["arn"])
        named = {"UserName": "alice", "AccessKeyId": made["AccessKeyId"]}
        used = iam.get_access_key_last_used(AccessKeyId=named["AccessKeyId"])
        self.assertEqual(used["AccessKeyLastUsed"]["ServiceName"], "sts")
        iam.update_access_key(Status="Inactive", **named)
        iam.delete_access_key(**named)
        self.fails("NoSuchEntity", iam.delete_access_key, **named)
        self.assertEqual(iam.get_user(UserName="alice")["User"]["Arn"], self.alice["arn"])
        devices = iam.list_mfa_devices(UserName="alice")["MFADevices"]
        self.assertEqual(devices[0]["SerialNumber"], self.alice["serial"])

    def test_mfa_devices(self):
        bob = self.aws.add_user("bob", with_mfa=False)
        iam = self.boto("iam", bob["access_key_id"], bob["secret"])
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName="bob")["VirtualMFADevice"]
        self.assertEqual(made["QRCodePNG"][:4], b"\x89PNG")
        seed, serial = made["Base32StringSeed"].decode(), made["SerialNumber"]
        self.assertIn(serial, str(iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")))
        self.alice = {"seed_base32": seed, "serial": serial}
        codes = {"AuthenticationCode1": self.code(-1), "AuthenticationCode2": self.code()}
        iam.enable_mfa_device(UserName="bob", SerialNumber=serial, **codes)
        credentials = self.boto("sts", bob["access_key_id"], bob["secret"]).get_session_token(
            **self.mfa(1))["Credentials"]
        iam = self.boto("iam", credentials["AccessKeyId"], credentials["SecretAccessKey"],
                        credentials["SessionToken"])
        devices = iam.list_mfa_devices(UserName="bob")["MFADevices"]
        self.assertEqual([device["SerialNumber"] for device in devices], [serial])
        self.fails("DeleteConflict", iam.delete_virtual_mfa_device, SerialNumber=serial)
        iam.deactivate_mfa_device(UserName="bob", SerialNumber=serial)
        iam.delete_virtual_mfa_device(SerialNumber=serial)

    def test_policies(self):
        admin = self.aws.add_user("admin", admin=True, iam_needs_mfa=False)
        iam = self.boto("iam", admin["access_key_id"], admin["secret"])
        document = {"Version": "2012-10-17",
                    "Statement": [{"Effect": "Deny", "Action": "iam:List*", "Resource": "*"}]}
        named = {"UserName": "alice", "PolicyName": "p"}
        iam.put_user_policy(PolicyDocument=json.dumps(document), **named)
        self.assertEqual(iam.list_user_policies(UserName="alice")["PolicyNames"], ["p"])
        self.assertEqual(iam.get_user_policy(**named)["PolicyDocument"], document)
        self.fails("AccessDenied", self.with_mfa("iam").list_access_keys, UserName="alice")
        self.fails("MalformedPolicyDocument", iam.put_user_policy, PolicyDocument="{}", **named)
        iam.delete_user_policy(**named)

    def test_implicit_user_name(self):
        key = {"id": self.keys.id, "secret": self.keys.secret}
        device = {"serial": self.alice["serial"], "seed_base32": self.alice["seed_base32"]}
        user = {"name": "alice", "keys": [key], "mfa": [device]}
        self.aws.setup(accounts=[{"id": self.alice["account"], "users": [user]}],
                       implicit_user_name=True)
        keys = self.with_mfa("iam").list_access_keys()["AccessKeyMetadata"]
        self.assertEqual(keys[0]["UserName"], "alice")

    def test_refusals(self):
        self.fails("SignatureDoesNotMatch", self.boto("sts", secret="x" * 40).get_caller_identity)
        self.fails("InvalidClientTokenId",
                   self.boto("sts", key_id="AKIAAAAAAAAAAAAAAAAA").get_caller_identity)
        self.aws.fault("throttle")
        self.fails("Throttling", self.boto("sts").get_caller_identity)

    def test_assume_role(self):
        arn = self.aws.add_role("deploy", trust=[self.alice["arn"]])
        tags = [{"Key": "team", "Value": "a b/c+d"}]
        reply = self.boto("sts").assume_role(RoleArn=arn, RoleSessionName="boto", Tags=tags,
                                             SourceIdentity="alice")
        self.assertEqual(reply["SourceIdentity"], "alice")
        self.assertEqual(self.aws.state()["sessions"][0]["details"]["tags"], {"team": "a b/c+d"})
