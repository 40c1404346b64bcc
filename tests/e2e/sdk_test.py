# SPDX-License-Identifier: BSD-2-Clause
"""The real AWS CLI and boto3 through credential_process, and moto as a second opinion on our signatures."""

import json
import subprocess
import unittest
import urllib.request
from urllib.parse import urlencode

import tools
from world import PATIENCE, Case, access_key_json, check

MINUTE_MS = 60_000


class Sdk(Case):
    def setUp(self):
        self.tools = tools.place()
        super().setUp()
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key()

    def profile(self, name, *lines):
        return "\n".join([f"[profile {name}]", "region = us-east-1", f"endpoint_url = {self.aws.endpoint}", *lines, ""])

    def process(self, words):
        return f"credential_process = {self.machine.program('awstap')} get {words}"

    def start_aws(self, profile, *words):
        return self.machine.start(self.tools + "/bin/aws", "--profile", profile, *words, env={"AWS_PAGER": ""})

    def run_aws(self, *words):
        return self.machine.finish(self.start_aws(*words))


class Cli(Sdk):
    def setUp(self):
        super().setUp()
        self.machine.config(self.profile("work", self.process("work")))

    def test_one_touch_for_many_commands(self):
        touches = self.key.number("touches")
        identity = check(self.run_aws("work", "sts", "get-caller-identity")).json()
        self.assertEqual(identity["Arn"], self.alice["arn"])
        listed = check(self.run_aws("work", "iam", "list-access-keys", "--user-name", "alice")).json()
        self.assertEqual([key["AccessKeyId"] for key in listed["AccessKeyMetadata"]], [self.alice["access_key_id"]])
        self.assertEqual(self.key.number("touches"), touches + 1)
        self.assertEqual(len(self.actions("GetSessionToken")), 1)

    def test_many_at_once(self):
        touches = self.key.number("touches")
        children = [self.start_aws("work", "sts", "get-caller-identity") for _ in range(4)]
        for child in children:
            self.assertEqual(check(self.machine.finish(child)).json()["Arn"], self.alice["arn"])
        self.assertEqual(self.key.number("touches"), touches + 1)

    def test_without_mfa(self):
        """The other way to see that it is MFA that opens IAM: a key whose seed the vault does not have."""
        self.machine.add_key("plain", "bob", mfa=False)
        self.machine.config(self.profile("plain", self.process("plain")))
        check(self.run_aws("plain", "sts", "get-caller-identity"))
        result = self.run_aws("plain", "iam", "list-access-keys", "--user-name", "bob")
        self.assertNotEqual(result.status, 0)
        self.assertIn("InvalidClientTokenId", result.err)

    def test_role_of_the_clis_own(self):
        """A role profile without awstap in it, whose source is a profile with."""
        role = self.aws.add_role("deploy", trust=[self.alice["arn"]], require_mfa=True)
        self.machine.config(self.profile("work", self.process("work")) +
                            self.profile("deploy", f"role_arn = {role}", "source_profile = work"))
        identity = check(self.run_aws("deploy", "sts", "get-caller-identity")).json()
        self.assertIn(":assumed-role/deploy/", identity["Arn"])

    def assert_cli_says(self, *words):
        """What the CLI shows of a failure is our line."""
        result = self.run_aws("work", "sts", "get-caller-identity")
        self.assertNotEqual(result.status, 0)
        lines = [line for line in result.err.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, result)
        for word in ("awstap: get work: ", *words):
            self.assertIn(word, lines[0])

    def test_refusal(self):
        self.key.person("deny")
        self.assert_cli_says("refused on the security key", "run it again")

    def test_foreign_security_key(self):
        self.key.unplug()
        self.machine.key("foreign").plug()
        self.assert_cli_says("not a key enrolled for this vault", "plug in one that is")

    def test_wrong_profile(self):
        self.machine.config(self.profile("work", self.process("work --region")))
        result = self.run_aws("work", "sts", "get-caller-identity")
        self.assertIn("--region needs a value", result.err)

    def test_exec(self):
        """exec leaves nothing of the config file's profile between the CLI and the session."""
        result = self.machine.awstap("exec", "work", "--", self.tools + "/bin/aws", "--endpoint-url", self.aws.endpoint,
                                     "sts", "get-caller-identity", env={"AWS_PAGER": "", "AWS_PROFILE": "nonsense"})
        self.assertEqual(check(result).json()["Arn"], self.alice["arn"])


class Boto(Sdk):
    SCRIPT = """
import sys, boto3
session = boto3.Session(profile_name="work")
sts = session.client("sts")
for _ in sys.stdin:
    print(sts.get_caller_identity()["Arn"], session.get_credentials().get_frozen_credentials().access_key, flush=True)
"""

    def test_refreshes_by_itself(self):
        """A program that runs on gets a new session in time. boto3 asks again below 15 minutes, here always."""
        self.machine.config(self.profile("work", self.process("work --duration-seconds 900")))
        child = self.machine.start(tools.PYTHON, "-c", self.SCRIPT, stdin=subprocess.PIPE, env={"PYTHONPATH": self.tools})

        def call():
            child.stdin.write("go\n")
            child.stdin.flush()
            return child.stdout.readline().split()
        first = call()
        self.assertEqual(first[0], self.alice["arn"])
        self.assertEqual(call(), first)
        self.machine.clock(11 * MINUTE_MS)
        second = call()
        self.assertEqual(second[0], self.alice["arn"])
        self.assertNotEqual(second[1], first[1])
        self.assertEqual(self.actions("GetCallerIdentity")[-1]["access_key_id"], second[1])
        child.stdin.close()
        self.assertEqual(child.wait(PATIENCE), 0)


class Moto(Case):
    """moto knows nothing of our fake AWS: where both take our signatures, AWS will."""

    POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}

    def setUp(self):
        tools.place()
        super().setUp()
        self.machine.enrol()
        server = tools.moto(self.machine)
        self.url = server.__enter__()
        self.addCleanup(server.__exit__, None, None, None)
        self.call("CreateUser", UserName="alice")
        self.call("PutUserPolicy", UserName="alice", PolicyName="all", PolicyDocument=json.dumps(self.POLICY))
        made = self.call("CreateAccessKey", UserName="alice")["CreateAccessKeyResponse"]["CreateAccessKeyResult"]
        self.user = {"access_key_id": made["AccessKey"]["AccessKeyId"], "secret": made["AccessKey"]["SecretAccessKey"]}
        self.post("/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})

    def post(self, path, body, headers):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=PATIENCE) as reply:
            return reply.read()

    def call(self, action, **parameters):
        body = urlencode({"Action": action, "Version": "2010-05-08", "ContentType": "JSON", **parameters}).encode()
        scope = "Credential=x/20260101/us-east-1/iam/aws4_request"
        return json.loads(self.post("/", body, {"Authorization": f"AWS4-HMAC-SHA256 {scope}"}))

    def add(self, secret):
        user = {**self.user, "secret": secret}
        return self.machine.awstap("key", "add", "work", "--sts-endpoint-url", self.url, text=access_key_json(user))

    def test_right_secret(self):
        check(self.add(self.user["secret"]))
        shown = check(self.machine.awstap("key", "show", "work", "--json")).json()
        self.assertEqual(shown["arn"], "arn:aws:iam::123456789012:user/alice")
        self.assertEqual(check(self.machine.awstap("get", "work")).json()["AccountId"], "123456789012")

    def test_role(self):
        """AssumeRole with all that can be said but blanks, which moto writes anew before it checks."""
        policy = json.dumps(self.POLICY, separators=(",", ":"))
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*",
                                                         "Principal": {"AWS": "arn:aws:iam::123456789012:user/alice"}}]}
        check(self.add(self.user["secret"]))
        self.post("/moto-api/reset-auth", b"9", {"Content-Type": "text/plain"})
        self.call("CreateRole", RoleName="admin", AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=7200)
        self.post("/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})
        words = ["--role-arn", "arn:aws:iam::123456789012:role/admin", "--duration-seconds", "7200", "--external-id", "a/b:c",
                 "--role-session-name", "me@example.com", "--source-identity", "alice", "--tag", "City=Zürich+1",
                 "--tag", "Empty=", "--transitive-tag", "Empty", "--policy", policy]
        self.assertEqual(check(self.machine.awstap("get", "work", *words)).json()["AccountId"], "123456789012")

    def test_wrong_secret(self):
        self.assert_fails(self.add("x" * 40), 5, self.user["access_key_id"])
        self.assertEqual(check(self.machine.awstap("key", "list", "--json")).json(), [])


if __name__ == "__main__":
    unittest.main()
