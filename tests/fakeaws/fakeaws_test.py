#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The fake AWS, tested over its own ports: answers, refusals, faults and the command line."""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import unittest

import certificate
import sigv4
import totp
from control import HERE, FakeAws, Refused
from http1 import Request
from running import Running
from signedclient import Client, Keys

MISMATCH = "The request signature we calculated does not match"
ROLE_NAME = {"RoleSessionName": "test"}


class Vectors(unittest.TestCase):
    def test_rfc6238(self):
        seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
            self.assertEqual(totp.code_for(seed, seconds // 30), code)

    def test_published_signature(self):
        headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                   ("host", "iam.amazonaws.com"), ("x-amz-date", "20150830T123600Z"),
                   ("authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,"
                    " SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d92"
                    "79b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")]
        request = Request("GET", "/", "Action=ListUsers&Version=2010-05-08", headers, True)
        signature = sigv4.parse(request)
        sigv4.check_signature(request, signature, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


class Authentication(Running):
    def test_identity(self):
        reply = self.call("GetCallerIdentity")
        self.assertEqual(reply.field("Arn"), "arn:aws:iam::123456789012:user/alice")
        self.assertEqual(reply.field("Account"), "123456789012")
        self.assertIn('xmlns="https://sts.amazonaws.com/doc/2011-06-15/"', reply.text)
        self.assertEqual(reply.headers["Content-Type"], "text/xml")
        self.assertEqual(reply.headers["x-amzn-RequestId"], reply.field("RequestId"))

    def test_unsigned(self):
        reply = self.client.send("HEAD")
        self.assertEqual(reply.status, 302)
        self.assertIn("GMT", reply.headers["Date"])
        self.assertFalse(self.aws.call("requests")["api"])
        self.assertEqual(self.aws.requests()[0]["action"], "HEAD")
        form = {"content-type": "application/x-www-form-urlencoded"}
        self.refused(self.client.send("POST", "Action=GetCallerIdentity", form), 403,
                     "MissingAuthenticationToken", "Request is missing Authentication Token")

    def test_malformed_header(self):
        form = {"content-type": "application/x-www-form-urlencoded"}
        for header in ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "AWS4-HMAC-SHA256 nonsense",
                       "Bearer x=y"):
            reply = self.client.send("POST", "", {**form, "authorization": header})
            self.refused(reply, 400, "IncompleteSignature")

    def test_keys(self):
        unknown = Keys("AKIAAAAAAAAAAAAAAAAA", self.keys.secret)
        text = "The security token included in the request is invalid."
        self.refused(self.call("GetCallerIdentity", unknown), 403, "InvalidClientTokenId", text)
        wrong = Keys(self.keys.id, "x" * 40)
        self.refused(self.call("GetCallerIdentity", wrong), 403, "SignatureDoesNotMatch", MISMATCH)
        self.aws.call("set-key", id=self.keys.id, status="Inactive")
        self.refused(self.call("GetCallerIdentity"), 403, "InvalidClientTokenId", text)

    def test_what_is_signed(self):
        for signing, text in (({"drop": ["host"]}, "'Host'"), ({"drop": ["x-amz-date"]},
                              "x-amz-date"), ({"scope_service": "s3"}, "correct service: 'sts'")):
            reply = self.call("GetCallerIdentity", signing=signing)
            self.refused(reply, 403, "SignatureDoesNotMatch", text)
        reply = self.call("GetCallerIdentity", region="mars-1")
        self.refused(reply, 403, "SignatureDoesNotMatch", "valid region, not 'mars-1'")
        reply = self.iam("GetUser", self.keys, region="eu-west-1")
        self.refused(reply, 403, "SignatureDoesNotMatch", "valid region, not 'eu-west-1'")

    def test_clock(self):
        self.aws.call("skew", ms=20 * 60 * 1000)
        self.refused(self.call("GetCallerIdentity"), 403, "SignatureDoesNotMatch",
                     "Signature expired: ")
        self.aws.call("skew", ms=-20 * 60 * 1000)
        self.refused(self.call("GetCallerIdentity"), 403, "SignatureDoesNotMatch",
                     "Signature not yet current: ")
        self.aws.call("skew", ms=14 * 60 * 1000)
        self.assertEqual(self.call("GetCallerIdentity").status, 200)
        self.aws.call("skew", ms=0)
        self.move_clock(3_600_000)
        self.assertEqual(self.call("GetCallerIdentity", signing=self.on_time()).status, 200)

    def test_disabled_region(self):
        self.aws.call("disable-region", region="eu-west-1")
        self.refused(self.call("GetSessionToken", region="eu-west-1"), 403,
                     "RegionDisabledException", "123456789012")
        self.assertEqual(self.call("GetCallerIdentity", region="eu-west-1").status, 200)

    def test_no_such_action(self):
        self.refused(self.call("MakeTea"), 400, "InvalidAction")


class Sessions(Running):
    def test_code_is_single_use(self):
        invalid = "MultiFactorAuthentication failed with invalid MFA one time pass code."
        code = self.mfa()
        self.assertEqual(self.call("GetSessionToken", **code).status, 200)
        self.refused(self.call("GetSessionToken", **code), 403, "AccessDenied", invalid)
        self.refused(self.call("GetSessionToken", **self.mfa(-1)), 403, "AccessDenied", invalid)
        self.assertEqual(self.call("GetSessionToken", **self.mfa(1)).status, 200)
        self.refused(self.call("GetSessionToken", **self.mfa(3)), 403, "AccessDenied", invalid)
        self.assertEqual([record["totp_offset"] for record in self.aws.requests()],
                         [0, 0, -1, 1, 3])

    def test_wrong_mfa(self):
        other = {**self.mfa(), "SerialNumber": "arn:aws:iam::123456789012:mfa/bob"}
        self.refused(self.call("GetSessionToken", **other), 403, "AccessDenied",
                     "MultiFactorAuthentication failed, unable to validate MFA code.  Please"
                     " verify your MFA serial number is valid")
        self.refused(self.call("GetSessionToken", TokenCode="123456"), 403, "AccessDenied",
                     "must provide both")

    def test_validation(self):
        reply = self.call("GetSessionToken", DurationSeconds=600)
        self.refused(reply, 400, "ValidationError", "1 validation error detected: Value '600' at"
                     " 'durationSeconds' failed to satisfy constraint: Member must have value"
                     " greater than or equal to 900")
        reply = self.call("GetSessionToken", SerialNumber="short", TokenCode="12x456")
        self.refused(reply, 400, "ValidationError", "2 validation errors detected")

    def test_session_use(self):
        session = self.mfa_session(DurationSeconds=900)
        self.assertTrue(session.id.startswith("ASIA"))
        self.assertEqual((len(session.secret), len(session.token)), (40, 600))
        self.assertEqual(self.iam("ListAccessKeys", session).field("AccessKeyId"), self.keys.id)
        self.refused(self.call("GetSessionToken", session), 403, "AccessDenied",
                     "Cannot call GetSessionToken with session credentials")
        mixed = Keys(session.id, session.secret, "x" * 600)
        self.refused(self.call("GetCallerIdentity", mixed), 403, "InvalidClientTokenId")
        self.move_clock(901_000)
        self.refused(self.call("GetCallerIdentity", session, signing=self.on_time()), 403,
                     "ExpiredToken")

    def test_without_mfa(self):
        self.refused(self.iam("ListAccessKeys", self.keys), 403, "AccessDenied",
                     "User: arn:aws:iam::123456789012:user/alice is not authorized to perform:"
                     " iam:ListAccessKeys on resource: user alice with an explicit deny")
        session = self.call("GetSessionToken").keys()
        self.refused(self.iam("ListAccessKeys", session), 403, "InvalidClientTokenId")
        self.assertEqual(self.call("GetCallerIdentity", session).status, 200)

    def test_root(self):
        key = {"id": "AKIAROOTROOTROOTROOT", "secret": "r" * 40}
        self.aws.setup(accounts=[{"id": "210987654321", "root": {"keys": [key]}}])
        reply = self.call("GetCallerIdentity", Keys(**key))
        self.assertEqual(reply.field("Arn"), "arn:aws:iam::210987654321:root")

    def test_assume_role(self):
        arn = self.aws.add_role("deploy", trust=[self.alice["arn"]], require_mfa=True,
                                external_id="ext", max_session_duration=7200)
        role = {"RoleArn": arn, "ExternalId": "ext", **ROLE_NAME}
        denied = f"is not authorized to perform: sts:AssumeRole on resource: {arn}"
        self.refused(self.call("AssumeRole", **role), 403, "AccessDenied", denied)
        session = self.mfa_session()
        self.refused(self.call("AssumeRole", session, RoleArn=arn, **ROLE_NAME), 403,
                     "AccessDenied", denied)
        self.refused(self.call("AssumeRole", session, DurationSeconds=7200, **role), 400,
                     "ValidationError", "1 hour session limit")
        reply = self.call("AssumeRole", session, **role)
        self.assertEqual(self.call("GetCallerIdentity", reply.keys()).field("Arn"),
                         "arn:aws:sts::123456789012:assumed-role/deploy/test")
        long = self.call("AssumeRole", DurationSeconds=7200, **role, **self.mfa(1))
        self.assertEqual(long.status, 200, long.text)

    def test_role_chain(self):
        first = self.aws.add_role("first", trust=[self.alice["arn"]])
        second = self.aws.add_role("second", trust=[first])
        keys = self.call("AssumeRole", RoleArn=first, **ROLE_NAME).keys()
        reply = self.call("AssumeRole", keys, RoleArn=second, **ROLE_NAME)
        self.assertEqual(reply.status, 200, reply.text)
        self.refused(self.call("AssumeRole", RoleArn=second, **ROLE_NAME), 403, "AccessDenied")


    def test_what_a_chain_hands_on(self):
        first = self.aws.add_role("first", trust=[self.alice["arn"]])
        second = self.aws.add_role("second", trust=[first])
        tags = {"Tags.member.1.Key": "a", "Tags.member.1.Value": "1", "Tags.member.2.Key": "b",
                "Tags.member.2.Value": "2", "TransitiveTagKeys.member.1": "a"}
        keys = self.call("AssumeRole", RoleArn=first, SourceIdentity="me", **tags, **ROLE_NAME).keys()
        reply = self.call("AssumeRole", keys, RoleArn=second, **ROLE_NAME)
        self.assertEqual(reply.field("SourceIdentity"), "me", reply.text)
        session = self.aws.state()["sessions"][-1]
        self.assertEqual(session["details"]["tags"], {"a": "1"})


class AccessKeys(Running):
    def setUp(self):
        super().setUp()
        self.session = self.mfa_session()

    def test_life_of_a_key(self):
        made = self.iam("CreateAccessKey", self.session).keys()
        self.assertEqual(self.call("GetCallerIdentity", made).status, 200)
        self.refused(self.iam("CreateAccessKey", self.session), 409, "LimitExceeded",
                     "Cannot exceed quota for AccessKeysPerUser: 2")
        named = {"AccessKeyId": made.id}
        reply = self.iam("GetAccessKeyLastUsed", self.session, **named)
        self.assertEqual(reply.field("ServiceName"), "sts")
        reply = self.iam("UpdateAccessKey", self.session, Status="Inactive", **named)
        self.assertEqual(reply.status, 200, reply.text)
        self.assertIn("<Status>Inactive</Status>", self.iam("ListAccessKeys", self.session).text)
        self.refused(self.call("GetCallerIdentity", made), 403, "InvalidClientTokenId")
        self.assertEqual(self.iam("DeleteAccessKey", self.session, **named).status, 200)
        self.refused(self.iam("DeleteAccessKey", self.session, **named), 404, "NoSuchEntity",
                     f"The Access Key with id {made.id} cannot be found.")

    def test_propagation(self):
        self.aws.call("propagation", ms=60_000)
        made = self.iam("CreateAccessKey", self.session).keys()
        self.refused(self.call("GetCallerIdentity", made), 403, "InvalidClientTokenId")
        self.iam("DeleteAccessKey", self.session, AccessKeyId=self.keys.id)
        self.assertEqual(self.call("GetCallerIdentity").status, 200)
        self.move_clock(61_000)
        self.assertEqual(self.call("GetCallerIdentity", made).status, 200)
        self.refused(self.call("GetCallerIdentity"), 403, "InvalidClientTokenId")

    def test_other_lists(self):
        reply = self.iam("ListMFADevices", self.session)
        self.assertEqual(reply.field("SerialNumber"), self.alice["serial"])
        self.assertEqual(self.iam("GetUser", self.session).field("UserName"), "alice")
        self.refused(self.client.call(self.session, "ListAccessKeys", service="iam"), 400,
                     "ValidationError", "Must specify userName")


class CommandLine(Running):
    def control(self, *arguments):
        return subprocess.run(
            [sys.executable, os.path.join(HERE, "control.py"), "--ready",
             os.path.join(self.folder, "ready"), *arguments],
            capture_output=True, text=True, check=False)

    def test_control(self):
        made = json.loads(self.control("add-user", '{"name": "bob"}').stdout)
        keys = Keys(made["access_key_id"], made["secret"])
        self.assertEqual(self.call("GetCallerIdentity", keys).status, 200)
        refused = self.control("make-tea")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("no verb /make-tea", refused.stderr)
        with self.assertRaises(Refused):
            self.aws.fault("melt")

    def test_log_file(self):
        self.call("GetSessionToken", **self.mfa())
        self.aws.wait(action="GetSessionToken", settled=True)
        self.client.send("HEAD")
        with open(self.log_file, encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        record = [record for record in records if record["action"] == "GetSessionToken"][-1]
        self.assertEqual((record["code"], record["access_key_id"], record["totp_offset"]),
                         ("OK", self.keys.id, 0))
        self.assertGreater(record["server_us"], 0)

    def test_end(self):
        ready = os.path.join(self.folder, "second")
        second = FakeAws.start(ready)
        held = http.client.HTTPConnection(second.endpoint.split("/")[2])
        held.request("HEAD", "/")
        self.assertEqual(held.getresponse().status, 302)
        self.assertEqual(second.stop(), 0)
        held.close()
        self.assertFalse(os.path.exists(ready))


class Tls(unittest.TestCase):
    def test_certificates(self):
        folder = tempfile.mkdtemp(prefix="fakeaws-test-")
        self.addCleanup(shutil.rmtree, folder)
        made = certificate.make(os.path.join(folder, "certificates"))
        for pair, trusted, complaint in ((made.good, made.ca_folder, None),
                                         (made.good, made.empty_folder, "unable to get local"),
                                         (made.expired, made.ca_folder, "has expired"),
                                         (made.wrong_name, made.ca_folder, "mismatch")):
            with FakeAws.start(os.path.join(folder, "ready"), "--tls-cert", pair[0],
                               "--tls-key", pair[1]) as aws:
                client = Client(aws.endpoint, trusted)
                if complaint is None:
                    self.assertEqual(client.send("HEAD").status, 302)
                else:
                    with self.assertRaisesRegex(ssl.SSLError, complaint):
                        client.send("HEAD")
                client.close()


if __name__ == "__main__":
    unittest.main(module=None, argv=[sys.argv[0], "discover", "-s", HERE, "-p", "*_test.py",
                                     *sys.argv[1:]])
