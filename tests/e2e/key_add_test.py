# SPDX-License-Identifier: BSD-2-Clause
"""Access keys that do not go into the vault: each is refused with its reason, and nothing is written."""

import json
import unittest

from fault_case import FaultCase
from world import access_key_json, check

ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
GOOD = json.dumps({"AccessKeyId": ID, "SecretAccessKey": SECRET})
ACCOUNT = "210987654321"


class KeyAddCase(FaultCase):
    def assert_refused(self, status, *words, text=GOOD, options=(), name="third", requests=0):
        """key add fails in one line with all of words, without a touch."""
        before = self.counts()
        endpoint = () if "--sts-endpoint-url" in options else ("--sts-endpoint-url", self.aws.endpoint)
        result = self.machine.awstap("key", "add", name, *endpoint, *options, text=text)
        self.assert_fails(result, status, "awstap: key add", *words)
        self.assertNotIn(SECRET, result.err)
        self.assert_cost(before, requests, touches=0)
        self.assert_unharmed()
        names = [key["name"] for key in check(self.machine.awstap("key", "list", "--json")).json()]
        self.assertEqual(sorted(names), ["other", "work"])


class Proof(KeyAddCase):
    """AWS is asked whose key it is."""

    def test_secret_wrong(self):
        user = self.aws.add_user("carol")
        text = json.dumps({"AccessKeyId": user["access_key_id"], "SecretAccessKey": SECRET})
        self.assert_refused(5, "SignatureDoesNotMatch", user["access_key_id"], text=text, requests=1)

    def test_unknown(self):
        self.assert_refused(5, "InvalidClientTokenId", ID, requests=1)

    def test_inactive(self):
        user = self.aws.add_user("carol")
        self.aws.call("set-key", id=user["access_key_id"], status="Inactive")
        self.assert_refused(5, "InvalidClientTokenId", "inactive", text=access_key_json(user), requests=1)

    def test_root(self):
        self.aws.setup(accounts=[{"id": ACCOUNT, "root": {"keys": [{"id": ID, "secret": SECRET}]}}])
        self.assert_refused(1, "root user", ACCOUNT, "IAM user", requests=1)

    def test_region_of_another_partition(self):
        user = self.aws.add_user("carol")
        for region in ("cn-north-1", "us-gov-west-1", "eusc-de-east-1"):
            with self.subTest(region):
                self.assert_refused(2, region, "partition, aws", "us-east-1", text=access_key_json(user),
                                    options=("--region", region), requests=1)

    def test_denied(self):
        for code in ("AccessDenied", "RegionDisabledException"):
            self.aws.fault("error", on="GetCallerIdentity", status=403, code=code, message="said AWS")
            self.assert_refused(5, requests=1)

    def test_no_answer(self):
        for what in ("drop-before", "drop-after", "cut"):
            self.aws.fault(what, on="GetCallerIdentity")
            self.assert_refused(5, "closed the connection", "run it again", requests=1)

    def test_hostile_identity(self):
        for field, text in (("Account", "12345"), ("Account", ""), ("Arn", ""), ("Arn", "x" * 5000),
                            ("Arn", "arn:aws:iam::123456789012:user/"),
                            ("Arn", "arn:aws:iam::999999999999:user/x")):
            with self.subTest(field, text=text[:40]):
                user = self.aws.add_user("carol")
                self.aws.fault("edit", on="GetCallerIdentity", find=f"<{field}>[^<]*<",
                               put=f"<{field}>{text}<")
                self.assert_refused(5, "not as it should be", field, text=access_key_json(user), requests=1)


class Words(KeyAddCase):
    """What can be known from the words alone costs no request."""

    def test_temporary(self):
        for text in (GOOD.replace("AKIA", "ASIA"), GOOD.replace("}", ', "SessionToken": "x"}')):
            self.assert_refused(1, "temporary", text=text)

    def test_malformed(self):
        for text in ("", "{", "{}", "[]", "null", "AccessKeyId", GOOD[:-1], GOOD + "}", GOOD + GOOD,
                     GOOD.replace(ID, "AKIA"), GOOD.replace(SECRET, SECRET[:20]), GOOD.replace(SECRET, ""),
                     GOOD.replace(ID, ID.lower()), GOOD.replace("SecretAccessKey", "Secret"), "\0" + GOOD,
                     GOOD.replace(SECRET, SECRET + "\n"), GOOD.replace("{", "{" * 1000), "x" * 100_000):
            with self.subTest(text[:40]):
                self.assert_refused(1, text=text)

    def test_name(self):
        self.assert_refused(1, "there is a key work already", name="work")
        for name in ("", "a b", "a/b", "x" * 65, "caf\u00e9"):
            self.assert_refused(2, "name", name=name)

    def test_region(self):
        for region in ("mars-1", "us-east", "us-east-1.evil.com", "US-EAST-1"):
            self.assert_refused(2, region, "region", options=("--region", region))

    def test_endpoint(self):
        for url in ("http://sts.amazonaws.com", "http://127.0.0.1.example.com",
                    "http://localhost.example.com", "http://192.168.0.1:8080", "http://[fe80::1]"):
            self.assert_refused(2, "not encrypted", "https://", options=("--sts-endpoint-url", url))
            self.assert_refused(2, "not encrypted", "https://", options=("--iam-endpoint-url", url))
        for url in ("ftp://127.0.0.1", "https://user@127.0.0.1", "http://127.0.0.1@example.com",
                    "https://127.0.0.1/path", "https://127.0.0.1:99999", "https://", "sts.amazonaws.com",
                    "https://127.0.0.1?x", "https://a b"):
            self.assert_refused(2, "endpoint URL", options=("--sts-endpoint-url", url))

    def test_mfa_serial(self):
        self.assert_refused(2, "FIDO device", "virtual MFA device",
                            options=("--mfa-serial", "arn:aws:iam::123456789012:u2f/user/alice/key-ABC"))
        self.assert_refused(2, "MFA serial", options=("--mfa-serial", "a b"))

    def test_bundle(self):
        self.assert_refused(2, "--ca-bundle", options=("--ca-bundle", "ca.pem"))


if __name__ == "__main__":
    unittest.main()
