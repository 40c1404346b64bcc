# SPDX-License-Identifier: BSD-2-Clause
"""Roles and chains as people ask for them: profiles and options, get and exec, the AWS CLI and boto3, all day long."""

import datetime
import json
import os
import unittest

import tools
import wire
from world import Case, check

MINUTE = 60
ACCOUNT = "210987654321"


class Roles(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key()
        self.touches = self.key.number("touches")
        self.admin = self.aws.add_role("admin", account=ACCOUNT, trust=[self.alice["arn"]], require_mfa=True,
                                       external_id="theirs")
        self.deploy = self.aws.add_role("deploy", account=ACCOUNT, trust=[self.admin])
        self.configure()

    def profile(self, name, *lines):
        return "\n".join([f"[profile {name}]", "region = us-east-1", f"endpoint_url = {self.aws.endpoint}", *lines, ""])

    def process(self, words):
        return f"credential_process = {self.machine.program('awstap')} get {words}"

    def configure(self):
        self.machine.config(
            self.profile("work", self.process("work")) +
            self.profile("admin", f"role_arn = {self.admin}", "source_profile = work", "external_id = theirs",
                         f"mfa_serial = {self.alice['serial']}") +
            self.profile("deploy", f"role_arn = {self.deploy}", "source_profile = admin", "role_session_name = me@desk"))

    def assert_asked(self, **actions):
        """One touch, and so many requests of each action."""
        self.assertEqual(self.key.number("touches"), self.touches + 1)
        self.assertEqual({name: len(self.actions(name)) for name in actions}, actions)

    def at_aws(self, access_key_id):
        return next(known for known in self.aws.state()["sessions"] if known["id"] == access_key_id)


class Get(Roles):
    def get(self, *words):
        return check(self.machine.awstap("get", *words)).json()

    def test_role(self):
        session = self.get("admin")
        self.assertEqual(session["AccountId"], ACCOUNT)
        self.assertEqual(self.at_aws(session["AccessKeyId"])["role"], self.admin)
        self.assertEqual(self.get("admin"), session)
        self.assert_asked(GetSessionToken=1, AssumeRole=1)

    def test_chain(self):
        session = self.at_aws(self.get("deploy")["AccessKeyId"])
        self.assertEqual((session["role"], session["name"]), (self.deploy, "me@desk"))
        self.get("admin")
        self.assert_asked(GetSessionToken=1, AssumeRole=2)

    def test_by_options(self):
        """Without any profile, as far as a chain; the options are the last role's."""
        session = self.get("work", "--role-arn", self.admin, "--external-id", "theirs")
        self.assertEqual(self.get("admin"), session)
        session = self.at_aws(self.get("admin", "--role-arn", self.deploy, "--tag", "team=a b", "--transitive-tag", "team",
                                       "--source-identity", "alice", "--duration-seconds", "900",
                                       "--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess")["AccessKeyId"])
        self.assertEqual(session["role"], self.deploy)
        self.assertEqual(session["details"], {"tags": {"team": "a b"}, "transitive_tag_keys": ["team"],
                                              "source_identity": "alice",
                                              "policy_arns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]})
        self.assertEqual(session["expires_ms"] - session["issued_ms"], 900_000)
        self.assert_asked(GetSessionToken=1, AssumeRole=2)

    def test_region(self):
        """The region of the profile or the environment is where the role is asked for, and costs no new session."""
        first = self.get("admin", "--region", "eu-west-1")
        result = self.machine.awstap("get", "admin", env={"AWS_REGION": "eu-central-1"})
        self.assertEqual(check(result).json(), first)
        self.assertEqual([request["region"] for request in self.actions("AssumeRole")], ["eu-west-1"])

    def test_refused_by_aws(self):
        self.assert_fails(self.machine.awstap("get", "work", "--role-arn", self.deploy), 5, "get work: ",
                          "not authorized to perform: sts:AssumeRole", self.deploy)

    def test_unknown_source(self):
        self.machine.config(self.profile("admin", f"role_arn = {self.admin}", "source_profile = nobody"))
        self.assert_fails(self.machine.awstap("get", "admin"), 1, "nobody")

    def test_status(self):
        self.get("admin")
        sessions = {session["role_arn"]: session for session in self.machine.status()["sessions"]}
        self.assertEqual(set(sessions), {"", self.admin})
        self.assertEqual({session["key"] for session in sessions.values()}, {"work"})
        self.assertIn(self.admin, check(self.machine.awstap("status")).out)


class Exec(Roles):
    def test_role(self):
        """The command finds the role's session, and its account, not the key's."""
        out = check(self.machine.awstap("exec", "admin", "--region", "eu-central-1", "--", "/usr/bin/env")).out
        found = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        self.assertEqual(found["AWS_ACCOUNT_ID"], ACCOUNT)
        self.assertEqual(found["AWS_REGION"], "eu-central-1")
        self.assertEqual(self.at_aws(found["AWS_ACCESS_KEY_ID"])["role"], self.admin)

    def test_two_hundred_at_once(self):
        self.key.person("never")
        children = [self.machine.start("awstap", "exec", "admin", "--", "true")]
        self.key.wait_blinking()
        self.machine.clock(-600_000)  # however slow this machine is: the limit of the touch is far
        children += [self.machine.start("awstap", "exec", "admin", "--", "true") for _ in range(199)]
        self.key.person("auto")
        for child in children:
            result = check(self.machine.finish(child))
            self.assertEqual((result.out, result.err), ("", ""))
        self.assert_asked(GetSessionToken=1, AssumeRole=1)


class Sdk(Roles):
    def setUp(self):
        self.tools = tools.place()
        super().setUp()

    def caller(self, profile):
        result = self.machine.run(self.tools + "/bin/aws", "--profile", profile, "sts", "get-caller-identity",
                                  env={"AWS_PAGER": ""})
        return check(result).json()["Arn"]

    def test_role_by_awstap(self):
        """The profile that the CLI is given runs awstap for a profile that has the role."""
        self.configure()
        path = os.path.join(self.machine.home, ".aws/config")
        with open(path, "a", encoding="utf-8") as file:
            file.write(self.profile("admin-tap", self.process("admin")) + self.profile("deploy-tap", self.process("deploy")))
        self.assertIn(":assumed-role/admin/awstap-work", self.caller("admin-tap"))
        self.assertTrue(self.caller("deploy-tap").endswith(":assumed-role/deploy/me@desk"))
        self.assert_asked(GetSessionToken=1, AssumeRole=2)

    def test_role_by_the_cli(self):
        """The CLI assumes the role itself, with what awstap gives for its source_profile."""
        role = self.aws.add_role("own", account=ACCOUNT, trust=[self.alice["arn"]], require_mfa=True)
        self.machine.config(self.profile("work", self.process("work")) +
                            self.profile("own", f"role_arn = {role}", "source_profile = work"))
        self.assertIn(":assumed-role/own/botocore-session-", self.caller("own"))
        self.assertIn(":assumed-role/own/awstap-work", self.get_arn("own"))

    def get_arn(self, name):
        """Who the session is of that awstap gives for the same profile."""
        out = check(self.machine.awstap("exec", name, "--", self.tools + "/bin/aws", "--endpoint-url", self.aws.endpoint,
                                        "sts", "get-caller-identity", env={"AWS_PAGER": ""})).out
        return json.loads(out)["Arn"]

    def test_boto3(self):
        script = ("import boto3; session = boto3.Session(profile_name='tap')\n"
                  "print(session.client('sts').get_caller_identity()['Arn'])")
        self.machine.config(self.profile("work", self.process("work")) +
                            self.profile("tap", self.process(f"work --role-arn {self.admin} --external-id theirs")))
        result = check(self.machine.run(tools.PYTHON, "-c", script, env={"PYTHONPATH": self.tools}))
        self.assertIn(":assumed-role/admin/awstap-work", result.out)


class Late(Roles):
    """Who comes while the key blinks for another."""

    def ask(self, version, key, hops=()):
        conversation = wire.connect(self.machine.socket)
        self.addCleanup(conversation.close)
        conversation.sendall(wire.hello(version) + wire.get(key, 0, hops))
        return conversation

    def answer(self, conversation):
        kind, fields = wire.read_frame(conversation)
        return (kind, fields) if kind != wire.HELLO else self.answer(conversation)

    def test_told_of_the_touch(self):
        """For a role of the same key, and for another key, that rides on the same touch."""
        self.machine.add_key("other", "bob")
        version = self.machine.status()["version"]
        self.key.person("never")
        first = self.ask(version, "work")
        self.assertIn(b"touch", self.answer(first)[1])
        for late in (self.ask(version, "work", ("role_arn", self.admin, "external_id", "theirs")),
                     self.ask(version, "other")):
            kind, fields = self.answer(late)
            self.assertEqual(kind, wire.PROGRESS)
            self.assertIn(b"touch", fields)

    def test_endless_arn(self):
        """It is refused, and whoever waits for the touch waits on."""
        version = self.machine.status()["version"]
        self.key.person("never")
        child = self.machine.start("awstap", "get", "work")
        self.key.wait_blinking()
        kind, fields = self.answer(self.ask(version, "work", ("role_arn", self.admin + "x" * 2000)))
        self.assertEqual((kind, wire.number_and_text(fields)[0]), (wire.FAILED, 2))
        self.key.person("auto")
        check(self.machine.finish(child))


class Day(Roles):
    def ask(self, version):
        """One GET for the role, as the client would send it: the access key id and the end of the session."""
        with wire.connect(self.machine.socket) as conversation:
            conversation.sendall(wire.hello(version) + wire.get("work", 0, ("role_arn", self.admin, "external_id", "theirs")))
            while (answer := wire.read_frame(conversation))[0] != wire.SESSION:
                self.assertIn(answer[0], (wire.HELLO, 4), answer)
        fields = answer[1]
        values = []
        for _ in range(3):
            size = int.from_bytes(fields[:4], "big")
            values.append(fields[4:3 + size].decode())
            fields = fields[4 + size:]
        return values[0], int.from_bytes(fields[:8], "big")

    def test_working_day(self):
        """Who asks every minute is touched for once in twelve hours, and never has less than 15 minutes left."""
        version = self.machine.status()["version"]
        begun = datetime.datetime.now(datetime.timezone.utc).timestamp()
        seen = set()
        for minute in range(11 * 60):
            self.machine.clock(minute * MINUTE * 1000)
            access_key_id, expiration = self.ask(version)
            self.assertGreater(expiration - (begun + minute * MINUTE), 15 * MINUTE - 5, minute)
            seen.add(access_key_id)
        self.assertEqual(len(seen), len(self.actions("AssumeRole")))
        self.assertLessEqual(len(seen), 11 * 60 // 40 + 1)  # an hour each, of which 20 minutes are for renewal
        self.assertEqual(len(self.actions("GetSessionToken")), 1)
        self.assertEqual(self.key.number("touches"), self.touches + 1)


if __name__ == "__main__":
    unittest.main()
