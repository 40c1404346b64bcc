# SPDX-License-Identifier: BSD-2-Clause
"""The leak drill: the stolen key and what was got with it end, the owner goes on; wherever it is cut short, it goes on."""

import concurrent.futures
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import unittest

import tools
from world import PATIENCE, SANITIZED, SERIAL, Case, Machine, Result, base, check, wait_for  # first: it knows fakeaws

import signedclient
import totp
from points import Points

PASSPHRASE = "seven yellow bicycles sing"

STEPS = 10
REQUESTS = 21  # of a whole drill; test_the_order holds it to that
AT_ONCE = 4  # machines: they mostly wait
EACH = 5 if SANITIZED else 1  # of the requests that it is cut short at


class Person:
    """At a terminal; where a command waits for time to pass, that passes at once."""

    def __init__(self, machine):
        self.machine, self.points = machine, Points(machine)

    def start(self, *words, env=None):
        return self.machine.on_terminal("awstap", *words, env={"TZ": "UTC", **(env or {})})

    def read(self, terminal, until=None):
        """What comes, up to `until` or the end."""
        return self.points.read(terminal, until)

    def run(self, *words, answer=None, env=None):
        """A command to its end; answer: a question, and what is typed."""
        child, terminal = self.start(*words, env=env)
        text = ""
        if answer:
            text = self.read(terminal, answer[0])
            os.write(terminal, answer[1].encode() + b"\n")
        text += self.read(terminal)
        os.close(terminal)
        return Result(child.wait(PATIENCE), text, "")


def keys_of(user):
    return signedclient.Keys(user["access_key_id"], user["secret"])


def session_keys(result):
    """What `awstap get` printed, for the thief."""
    got = check(result).json()
    return signedclient.Keys(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])


class Drill(Case):
    mfa = True
    user_facts = {}

    def setUp(self):
        super().setUp()
        self.person = Person(self.machine)
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key(mfa=self.mfa, **self.user_facts)
        self.first = self.alice["access_key_id"]
        self.client = signedclient.Client(self.aws.endpoint)
        self.addCleanup(self.client.close)

    def revoke(self, *options, **more):
        return self.person.run("revoke", "work", *options, **more)

    def call(self, keys, action, service="iam", **parameters):
        signing = {"now_s": self.machine.now_ms() / 1000}
        return self.client.call(keys, action, service=service, signing=signing, **parameters)

    def outcome(self, keys, action="ListAccessKeys", service="iam", **parameters):
        """What AWS answers: OK or its code. Where nothing else is said, to a call that a user may make about itself."""
        if action == "ListAccessKeys":
            parameters = {"UserName": "alice"}
        reply = self.call(keys, action, service, **parameters)
        return "OK" if reply.status == 200 else reply.field("Code")

    def administrator(self):
        return self.aws.add_user("admin", admin=True, iam_needs_mfa=False)

    def profile(self, name, user):
        with open(os.path.join(self.machine.home, ".aws", "config"), "a", encoding="utf-8") as file:
            file.write(f"[profile {name}]\nregion = us-east-1\naws_access_key_id = {user['access_key_id']}\n"
                       f"aws_secret_access_key = {user['secret']}\n")

    def with_aws(self):
        """An environment with the real AWS CLI, and an administrator's profile."""
        path = os.path.join(tools.place(), "bin") + ":" + self.machine.environment()["PATH"]
        self.machine.config("")
        self.profile("boss", self.administrator())
        return {"PATH": path}

    def facts(self):
        return check(self.machine.awstap("key", "show", "work", "--json")).json()

    def keys(self):
        """The user's access keys at AWS: id → whether it is active."""
        return {key["id"]: key["status"] == "Active" for key in self.aws.audit("alice")["keys"]}

    def policy(self):
        return json.loads(self.aws.audit("alice")["policies"]["awstap-deny-sessions-before"])

    def get(self):
        """A session that is asked for anew."""
        check(self.machine.awstap("lock"))
        self.machine.advance(60_000)
        return self.machine.awstap("get", "work")

    def assert_over(self):
        """The vault has another access key, alone at AWS, and it works."""
        facts = self.facts()
        self.assertNotEqual(facts["access_key_id"], self.first)
        self.assertEqual(self.keys(), {facts["access_key_id"]: True})
        self.assertEqual((facts["task"], facts["strangers"]), ("", []))
        self.assertEqual(self.outcome(keys_of(self.alice), "GetCallerIdentity", "sts"), "InvalidClientTokenId")
        check(self.get())

    def numbered(self, text):
        """The lines of the plan: number → what stands there of the time, and the rest."""
        return {int(number): (when, rest) for number, when, rest in
                re.findall(r"^ ?(\d+)  (to do|earlier|[-\dTZ:]+) +(.*)$", text, re.M)}

    def printed(self, text, action):
        """The commands in the output that do so."""
        return re.findall(rf"^aws .*{action}.*$", text, re.M)


class Whole(Drill):
    def test_the_order(self):
        """Each request in its place; IAM is never asked with a long-lived key."""
        check(self.machine.awstap("get", "work"))
        before, touches = self.aws.requests()[-1]["index"] + 1, self.key.number("touches")
        result = check(self.revoke())
        log = [request for request in self.aws.requests(before) if request["api"]]
        second = self.facts()["access_key_id"]
        lists = ("ListAccessKeys", "OK"), ("ListMFADevices", "OK")  # before each step that can't be taken back
        self.assertEqual([(request["action"], request["code"]) for request in log], [
            ("GetSessionToken", "OK"), *lists, ("CreateAccessKey", "OK"), *3 * [("GetCallerIdentity", "OK")],
            ("GetSessionToken", "OK"), *lists, ("UpdateAccessKey", "OK"),
            *3 * [("GetCallerIdentity", "InvalidClientTokenId")], ("GetSessionToken", "OK"),
            ("GetAccessKeyLastUsed", "OK"), *lists, ("DeleteAccessKey", "OK"), *lists])
        self.assertEqual(len(log), REQUESTS)
        tokens = [request["access_key_id"] for request in log if request["action"] == "GetSessionToken"]
        self.assertEqual(tokens, [self.first, second, second])
        for request in log:
            if request["service"] == "iam":
                self.assertTrue(request["access_key_id"].startswith("ASIA"), request)
        self.assertEqual(self.key.number("touches") - touches, 2)
        self.assert_over()
        self.assertIn(f"{self.first} was last used at 20", result.out)

    def test_numbered_on_a_terminal(self):
        result = check(self.revoke())
        steps, second = self.numbered(result.out), self.facts()["access_key_id"]
        self.assertEqual(list(steps), list(range(1, STEPS + 1)), result)
        self.assertEqual([number for number, (when, _) in steps.items() if when == "to do"], [7, 8, 10])
        for number, (when, _) in steps.items():
            if number not in (7, 8, 10):
                self.assertRegex(when, r"^\d\d:\d\d:\d\d$")
        for number, word in ((2, second), (3, second), (4, self.first), (5, self.first), (6, second), (9, self.first)):
            self.assertIn(word, steps[number][1])
        self.assertEqual(len(self.printed(result.out, "put-user-policy")), 1)
        self.assertIn("aws --region us-east-1 cloudtrail lookup-events --lookup-attributes "
                      f"AttributeKey=AccessKeyId,AttributeValue={self.first}\n", result.out)

    def test_plain_on_a_pipe(self):
        self.machine.advance(60_000)
        child = self.machine.start("awstap", "revoke", "work")
        wait_for(lambda: child.poll() is not None or self.person.points.hurry(), "its end")
        result = check(self.machine.finish(child))
        self.assertEqual(result.err, "")
        steps = self.numbered(result.out)
        self.assertEqual(list(steps), list(range(1, STEPS + 1)), result)
        self.assertRegex(steps[4][0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertNotIn("\x1b", result.out)
        self.assert_over()

    def test_dry_run(self):
        self.aws.call("reset-log")
        touches = self.key.number("touches")
        result = check(self.machine.awstap("revoke", "work", "--dry-run"))
        self.assertEqual(self.aws.requests(), [])
        self.assertEqual(self.key.number("touches"), touches)
        steps = self.numbered(result.out)
        self.assertEqual(list(steps), list(range(1, STEPS + 1)))
        self.assertEqual({when for when, _ in steps.values()}, {"to do"})
        self.assertEqual(self.facts()["access_key_id"], self.first)

    def test_unknown_key(self):
        self.assert_fails(self.machine.awstap("revoke", "nobody"), 1, "no such key is in the vault")

    def test_nobody_touches(self):
        self.key.person("deny")
        result = self.revoke()
        self.assertEqual(result.status, 4, result)
        self.assertEqual(self.keys(), {self.first: True})
        self.assertNotIn("goes on from here", result.out)


class Stolen(Drill):
    """What a thief has from before: the key, a session of its own, a role's session."""

    def setUp(self):
        super().setUp()
        self.role = self.aws.add_role("deploy", trust=[self.alice["arn"]], allow_iam=True)
        self.env = self.with_aws()
        self.session = session_keys(self.machine.awstap("get", "work"))
        self.role_session = session_keys(self.machine.awstap("get", "work", "--role-arn", self.role))
        for keys in (self.session, self.role_session):
            self.assertEqual(self.outcome(keys), "OK")

    def shell(self, command, profile="boss"):
        done = subprocess.run(["sh", "-c", command.replace("aws ", f"aws --profile {profile} ", 1)], check=False,
                              env=self.machine.environment(**self.env), capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done)

    def test_the_printed_commands_end_it(self):
        result = check(self.revoke())
        self.assert_over()
        self.assertEqual(self.outcome(self.session), "OK")  # as AWS has it: a session outlives its key
        [command] = self.printed(result.out, "put-user-policy")
        self.shell(command)
        self.assertEqual(self.outcome(self.session), "AccessDenied")
        self.assertEqual(self.outcome(self.session, "AssumeRole", "sts", RoleArn=self.role, RoleSessionName="thief"),
                         "AccessDenied")
        self.assertEqual(self.outcome(self.role_session), "OK")
        [command, template] = self.printed(result.out, "put-role-policy")
        self.assertIn("\n# account 123456789012\n" + command, result.out)
        self.assertIn("--role-name ROLE ", template)
        self.assertNotIn("#", command)
        self.shell(command)
        self.assertEqual(self.outcome(self.role_session), "AccessDenied")
        self.assertEqual(self.outcome(session_keys(self.get())), "OK")

    def test_roles_past_the_log(self):
        """The AWS CLI takes roles by itself, and a thief does: the log alone never says that there are none."""
        self.aws.add_role("byhand", trust=[self.alice["arn"]])
        with open(os.path.join(self.machine.home, ".aws", "config"), "a", encoding="utf-8") as file:
            for name, role, source in (("cli", "byhand", "work"), ("second", "further", "cli"), ("others", "foreign", "boss")):
                file.write(f"[profile {name}]\nrole_arn = arn:aws:iam::210987654321:role/{role}\nsource_profile = {source}\n")
        result = check(self.revoke())
        self.assertEqual(self.numbered(result.out)[8][0], "to do")
        roles = [command.split("--role-name ")[1].split()[0] for command in self.printed(result.out, "put-role-policy")]
        self.assertEqual(roles, ["deploy", "byhand", "further", "ROLE"])
        self.assertIn("# account 210987654321\n", result.out)
        [command] = self.printed(result.out, "AssumeRole")
        self.assertIn("AttributeKey=Username,AttributeValue=alice --query 'Events[?EventName==`\"AssumeRole\"`]", command)

    def test_by_an_administrator(self):
        """The real AWS CLI puts the policy. What the owner has had since the drill goes on to work."""
        result = check(self.revoke("--admin", "boss", env=self.env))
        self.assertEqual(self.printed(result.out, "put-user-policy"), [])
        self.assertIn("are denied", self.numbered(result.out)[7][1])
        self.assertEqual(self.outcome(self.session), "AccessDenied")
        log = [request for request in self.aws.requests() if request["api"] and request["code"] == "OK"]
        names = [request["action"] for request in log]
        self.assertLess(names.index("PutUserPolicy"), names.index("DeleteAccessKey"))
        self.assertEqual(log[names.index("DeleteAccessKey")]["access_key_id"][:4], "ASIA")
        self.assert_over()
        self.assertEqual(self.outcome(session_keys(self.get())), "OK")

    def test_the_boundary(self):
        """The session of the new key's proof, from before the old one was off, is denied; the one after it is not."""
        check(self.revoke("--admin", "boss", env=self.env))
        sessions = [session for session in self.aws.state()["sessions"]
                    if session["source"] == self.facts()["access_key_id"]]
        proof, renewed = (signedclient.Keys(session["id"], session["secret"], session["token"]) for session in sessions)
        self.assertEqual(self.outcome(proof), "AccessDenied")
        self.assertEqual(self.outcome(renewed), "OK")

    def test_gone_on_with_at_its_end(self):
        """The old access key could not be deleted. The next run does that, and denies the same sessions as before."""
        self.aws.fault("error", on="DeleteAccessKey", status=400, code="ValidationError", message="no", count=1)
        self.assertEqual(self.revoke("--admin", "boss", env=self.env).status, 5)
        denied = self.policy()
        self.assertEqual(self.outcome(self.session), "AccessDenied")
        self.machine.advance(60_000)
        check(self.revoke("--admin", "boss", env=self.env))
        self.assertEqual(self.policy(), denied)
        self.assertEqual(self.outcome(self.session), "AccessDenied")
        self.assert_over()

    def test_what_the_agent_holds_is_forgotten(self):
        """What was served before the drill is served no more, and nobody had to lock it."""
        check(self.revoke("--admin", "boss", env=self.env))
        for words, before in (((), self.session), (("--role-arn", self.role), self.role_session)):
            self.machine.advance(60_000)
            after = session_keys(self.machine.awstap("get", "work", *words))
            self.assertNotEqual(after, before)
            self.assertEqual(self.outcome(after), "OK")

    def test_one_who_may_not(self):
        """The old key stays, switched off; another run with a profile that may goes on without a touch."""
        self.profile("clerk", self.aws.add_user("clerk", iam_needs_mfa=False))
        result = self.revoke("--admin", "clerk", env=self.env)
        self.assertEqual(result.status, 5, result)
        for words in ("`aws --profile clerk iam put-user-policy` ended with status", "AccessDenied",
                      f"{self.first} stays off", "awstap revoke work goes on from here"):
            self.assertIn(words, result.out)
        second = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {self.first: False, second: True})
        self.assertIn("awstap revoke work goes on", self.facts()["task"])
        touches = self.key.number("touches")
        result = check(self.revoke("--admin", "boss", env=self.env))
        self.assertEqual([number for number, (when, _) in self.numbered(result.out).items() if when == "earlier"],
                         [2, 3, 4, 5, 6])
        self.assertEqual(self.key.number("touches"), touches)
        self.assertEqual(self.outcome(self.session), "AccessDenied")
        self.assert_over()

    def test_of_another_account(self):
        self.profile("other", self.aws.add_user("root", admin=True, iam_needs_mfa=False, account="210987654321"))
        result = self.revoke("--admin", "other", env=self.env)
        self.assertEqual(result.status, 1, result)
        self.assertIn("the profile other is of account 210987654321, and the key of account 123456789012", result.out)
        self.assertEqual([request for request in self.aws.requests() if request["action"] == "PutUserPolicy"], [])
        # Without --admin it comes to its end, and the command is printed.
        result = check(self.revoke())
        self.assertEqual(len(self.printed(result.out, "put-user-policy")), 1)
        self.assert_over()

    def test_no_aws_cli(self):
        result = self.machine.awstap("revoke", "work", "--admin", "boss", env={"PATH": "/nowhere"})
        self.assert_fails(result, 1, "no `aws` is in PATH")
        self.assertEqual(self.keys(), {self.first: True})


class TwoKeys(Drill):
    def setUp(self):
        super().setUp()
        session = session_keys(self.machine.awstap("get", "work"))
        self.other = self.call(session, "CreateAccessKey", UserName="alice").keys().id
        self.machine.advance(60_000)

    def test_refused_on_a_pipe(self):
        result = self.machine.awstap("revoke", "work")
        self.assertEqual(result.status, 5, result)
        for word in (self.first, self.other, f"awstap revoke work --discard {self.other}"):
            self.assertIn(word, result.err)
        self.assertEqual(self.keys(), {self.first: True, self.other: True})
        self.assertEqual(self.facts()["strangers"], [self.other])

    def test_asked_on_a_terminal(self):
        question = f"Delete {self.other} first, for good? Type yes: "
        result = self.revoke(answer=(question, "no"))
        self.assertEqual(result.status, 5, result)
        self.assertEqual(self.keys(), {self.first: True, self.other: True})
        self.machine.advance(60_000)
        check(self.revoke(answer=(question, "yes")))
        self.assert_over()

    def test_named(self):
        result = check(self.revoke("--discard", self.other))
        self.assertIn(f"AttributeKey=AccessKeyId,AttributeValue={self.other}\n", result.out)
        self.assert_over()

    def test_the_dialog_names_it(self):
        """What is deleted is said before; in the first dialog, as it is gone by the second."""
        self.machine.pinentry("always pin " + PASSPHRASE)
        check(self.machine.awstap("factor", "add", "passphrase"))
        self.key.unplug()
        self.machine.advance(60_000)
        check(self.revoke("--discard", self.other))
        said = [self.other in dialog["desc"] for dialog in self.machine.dialogs() if "The leak drill" in dialog.get("desc", "")]
        self.assertEqual(said, [True] + [False] * (len(said) - 1))

    def test_the_one_in_the_vault_is_never_discarded(self):
        result = self.revoke("--discard", self.first)
        self.assertEqual(result.status, 1, result)
        self.assertIn(f"{self.first} is in the vault", result.out)
        self.assertEqual(self.keys(), {self.first: True, self.other: True})


class Others(Drill):
    """Somebody else is at it, too."""

    def test_switched_off_already(self):
        """Nobody can log in with it; what it gave is still to be denied."""
        self.with_aws()
        session = session_keys(self.machine.awstap("get", "work"))
        self.aws.call("set-key", id=self.first, status="Inactive")
        self.machine.advance(60_000)
        result = self.revoke()
        self.assertEqual(result.status, 5, result)
        for words in (f"AWS refuses {self.first} already", "have an administrator make a new access key for alice",
                      "awstap key remove work", "awstap key add work"):
            self.assertIn(words, result.out)
        [command] = self.printed(result.out, "put-user-policy")
        words = shlex.split(command)
        admin = keys_of(self.aws.add_user("boss", admin=True, iam_needs_mfa=False))
        self.assertEqual(self.outcome(admin, "PutUserPolicy", UserName="alice", PolicyName="deny",
                                      PolicyDocument=words[words.index("--policy-document") + 1]), "OK")
        self.assertEqual(self.outcome(session), "AccessDenied")
        self.assertEqual(self.facts()["task"], "")

    def test_deleted_during_the_drill(self):
        env = self.with_aws()
        self.profile("clerk", self.aws.add_user("clerk", iam_needs_mfa=False))
        self.assertEqual(self.revoke("--admin", "clerk", env=env).status, 5)
        self.aws.call("set-key", id=self.first, status="Deleted")
        check(self.revoke())
        self.assert_over()

    def test_thief_deletes_the_new_key(self):
        """Before the old one is off: that one is all there is, and the drill does not take it from the owner."""
        self.aws.fault("error", on="UpdateAccessKey", status=400, code="ValidationError", message="no", count=1)
        self.assertEqual(self.revoke().status, 5)
        second = self.facts()["access_key_id"]
        self.aws.call("set-key", id=second, status="Deleted")
        self.machine.advance(60_000)
        result = self.revoke()
        self.assertEqual(result.status, 5)
        self.assertIn(f"awstap revoke work --discard {second}", result.out)
        self.assertEqual(self.keys(), {self.first: True})
        self.machine.advance(60_000)
        check(self.revoke("--discard", second))
        self.assert_over()

    def test_on_another_machine(self):
        """A copy of the vault goes on with no drill: that is for the machine whose vault it is."""
        self.aws.fault("error", on="DeleteAccessKey", status=400, code="ValidationError", message="no", count=0)
        self.assertEqual(self.revoke().status, 5)
        self.aws.call("clear-faults")
        other = self.machine.copied()
        self.addCleanup(other.close)
        result = Person(other).run("revoke", "work")
        self.assertEqual(result.status, 1, result)
        self.assertIn("awstap vault adopt", result.out)
        self.assertIn(self.first, self.keys())
        check(self.revoke())

    def test_new_key_given_up_at_the_end(self):
        """Somebody deletes it, and switches the old one on again: what the refusal advises leads out."""
        self.aws.fault("error", on="DeleteAccessKey", status=400, code="ValidationError", message="no", count=1)
        self.assertEqual(self.revoke().status, 5)
        second = self.facts()["access_key_id"]
        self.aws.call("set-key", id=self.first, status="Active")
        self.aws.call("set-key", id=second, status="Deleted")
        check(self.machine.awstap("lock"))
        self.machine.advance(60_000)
        result = self.revoke()
        self.assertEqual(result.status, 5)
        self.assertIn(f"awstap revoke work --discard {second}", result.out)
        self.machine.advance(60_000)
        check(self.revoke("--discard", second))
        self.assert_over()

    def test_the_last_list_fails(self):
        """The drill is over by then, and another would replace the new access key."""
        self.aws.fault("error", on="ListMFADevices", nth=self.lists(), count=0, status=400, code="ValidationError",
                       message="no list")
        result = check(self.revoke())
        self.assertIn("no list", result.out)
        self.assertIn("look at what was done with " + self.first, result.out)
        self.aws.call("clear-faults")
        self.assert_over()

    def lists(self):
        """How many lists of MFA devices a whole drill takes: the last of them is behind its end."""
        with contextlib.closing(Machine()) as like:
            like.enrol()
            like.add_key()
            check(Person(like).run("revoke", "work"))
            return sum(request["action"] == "ListMFADevices" for request in like.aws.requests())

    def test_a_rotation_whose_old_key_waits(self):
        """The key in use is the one that is replaced; the one before it goes first."""
        check(self.person.run("key", "rotate", "work"))
        second = self.facts()["access_key_id"]
        self.assertEqual(self.keys(), {self.first: False, second: True})
        self.machine.advance(60_000)
        check(self.revoke())
        self.assertNotIn(second, self.keys())
        self.assert_over()

    def test_strangers_are_told(self):
        """A thief had made a device of his own."""
        session = session_keys(self.machine.awstap("get", "work"))
        self.call(session, "CreateVirtualMFADevice", VirtualMFADeviceName="alice-too")
        serial = SERIAL + "-too"
        seed = next(device["seed_base32"] for device in self.aws.audit("alice")["mfa"] if device["serial"] == serial)
        self.machine.advance(60_000)
        step = totp.step_at(self.aws.state()["now_ms"])
        self.assertEqual(self.outcome(session, "EnableMFADevice", UserName="alice", SerialNumber=serial,
                                      AuthenticationCode1=totp.code_for(seed, step - 1),
                                      AuthenticationCode2=totp.code_for(seed, step)), "OK")
        result = check(self.revoke())
        self.assertIn(f"# {serial} belongs to the user too", result.out)


class Unproven(Drill):
    """A rotation waits for the touch that proves its new access key: the drill begins there."""

    def setUp(self):
        super().setUp()
        self.key.person("after 1")
        child, terminal = self.person.start("key", "rotate", "work")
        self.aws.wait(action="CreateAccessKey", settled=True, timeout_ms=PATIENCE * 1000)
        self.key.person("deny")
        self.person.read(terminal)
        os.close(terminal)
        self.assertEqual(child.wait(PATIENCE), 4)
        self.key.person("auto")
        self.second = self.facts()["access_key_id"]
        self.machine.advance(60_000)

    def test_whole(self):
        result = check(self.revoke())
        self.assertIn(f"the old access key {self.first} is off", result.out)
        self.assertNotIn(f"access key {self.second} is off", result.out)
        self.assert_over()
        self.assertEqual(self.facts()["access_key_id"], self.second)

    def test_dialog(self):
        self.machine.pinentry("always pin " + PASSPHRASE)
        check(self.machine.awstap("factor", "add", "passphrase"))
        self.key.unplug()
        check(self.revoke())
        said = [dialog["desc"] for dialog in self.machine.dialogs() if "The leak drill" in dialog.get("desc", "")]
        self.assertTrue(said)
        for text in said:
            self.assertIn(f"its access key {self.first} is replaced", text)


class UnprovenWithoutMfa(Unproven):
    mfa = False
    user_facts = {"with_mfa": False, "iam_needs_mfa": False}


class Slowly(Drill):
    def test_ten_seconds_late(self):
        self.aws.call("propagation", ms=10000)
        result = check(self.revoke())
        self.assertIn("waiting for AWS to refuse the access key", result.out)
        self.machine.advance(15_000)
        self.assert_over()

    def test_by_turns(self):
        self.aws.call("propagation", ms=10000, flapping=True)
        check(self.revoke())
        self.machine.advance(15_000)
        self.assert_over()

    def test_never_refused(self):
        """A minute is not enough: the next run goes on."""
        child, terminal = self.person.start("revoke", "work")
        text = self.person.read(terminal, "the vault is open")
        self.key.person("never")
        text += self.person.read(terminal, "to prove the new access key")
        self.aws.call("propagation", ms=600000)
        self.key.person("auto")
        text += self.person.read(terminal, "waiting for AWS to refuse the access key")
        self.machine.advance(60_000)
        text += self.person.read(terminal)
        os.close(terminal)
        self.assertEqual(child.wait(PATIENCE), 5, text)
        self.assertIn(f"AWS still takes the access key {self.first}, a minute after", text)
        self.assertEqual([number for number, (when, _) in self.numbered(text).items() if when == "to do"],
                         [5, 6, 7, 8, 9, 10])
        self.machine.advance(600_000)
        check(self.revoke())
        self.machine.advance(600_000)
        self.assert_over()


class WithoutMfa(Drill):
    mfa = False
    user_facts = {"with_mfa": False, "iam_needs_mfa": False}

    def test_whole(self):
        touches = self.key.number("touches")
        check(self.revoke())
        self.assertEqual(self.key.number("touches") - touches, 2)
        self.assert_over()
        for request in self.aws.requests():
            self.assertNotIn("TokenCode", request["parameters"] or {})


class Typed(Drill):
    """The device is a phone: a code for each session, typed."""

    mfa = False

    def setUp(self):
        super().setUp()
        check(self.machine.awstap("key", "remove", "work"))
        check(self.machine.awstap("key", "add", "work", "--mfa-serial", self.alice["serial"], "--sts-endpoint-url",
                                  self.aws.endpoint, "--iam-endpoint-url", self.aws.endpoint,
                                  text=json.dumps({"AccessKeyId": self.first, "SecretAccessKey": self.alice["secret"]})))

    def type_code(self, count):
        """Into the dialog of this number."""
        self.machine.wait_dialog(count)
        code = totp.code_for(self.alice["seed_base32"], totp.step_at(self.aws.state()["now_ms"]))
        self.machine.pinentry(f"pin {code}", "wait")

    def get(self):
        check(self.machine.awstap("lock"))
        self.machine.advance(60_000)
        child = self.machine.start("awstap", "get", "work")
        self.type_code(4)
        return self.machine.finish(child)

    def test_three_codes(self):
        self.machine.pinentry("wait")
        child, terminal = self.person.start("revoke", "work")
        for count in (1, 2, 3):
            self.machine.wait_dialog(count)
            self.machine.advance(60_000)  # a code is good once
            self.type_code(count)
        text = self.person.read(terminal)
        os.close(terminal)
        self.assertEqual(child.wait(PATIENCE), 0, text)
        self.assert_over()


def kill_all(machine):
    """Every process of awstap's ends, as if the power failed."""
    def gone():
        for pid in machine.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not machine.processes()
    wait_for(gone, "the machine's processes to die")


def cut_short(nth, acted):
    """A drill that is killed when its nth request is on its way; the next run, and what is wrong in the end, or None."""
    machine = Machine()
    try:
        person = Person(machine)
        machine.enrol()
        first = machine.add_key()["access_key_id"]
        machine.aws.fault("hang", on="*", nth=nth, act=acted)
        since = machine.aws.requests()[-1]["index"] + 1
        child, terminal = person.start("revoke", "work")
        with concurrent.futures.ThreadPoolExecutor(1) as reader:
            reading = reader.submit(person.read, terminal)
            at = machine.aws.wait(count=nth, since=since, api=True, timeout_ms=PATIENCE * 1000)[-1]
            wait_for(lambda: not acted or machine.aws.requests(at["index"])[0]["acted"], "AWS to act")
            kill_all(machine)
            text = reading.result()
        os.close(terminal)
        child.wait(PATIENCE)
        machine.aws.call("clear-faults")
        person.machine.advance(60_000)
        orphan = acted and at["action"] == "CreateAccessKey"  # a key whose secret nobody has: the person is asked
        result = person.run("revoke", "work", answer=("first, for good? Type yes: ", "yes") if orphan else None)
        return verdict(machine, person, first, at, text, result)
    finally:
        machine.close()


def verdict(machine, person, first, at, text, result):
    facts = check(machine.awstap("key", "show", "work", "--json")).json()
    keys = {key["id"]: key["status"] for key in machine.aws.audit("alice")["keys"]}
    person.machine.advance(60_000)
    got = machine.awstap("get", "work")
    wrong = [word for word, is_so in {
        "the next run failed": result.status != 0, "the key does not work": got.status != 0,
        "the old key is in use": facts["access_key_id"] == first and at["action"] != "DeleteAccessKey",
        "there is another key": keys != {facts["access_key_id"]: "Active"},
        "something is unfinished": facts["task"] != "", "strangers": facts["strangers"] != []}.items() if is_so]
    return wrong and f"{at['action']} ({at['index']}): {wrong}\n{text}\n{result}\n{keys}\n{facts}\n{got}"


class CutShort(unittest.TestCase):
    def all(self, acted):
        base()  # made once, before there are threads
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            verdicts = list(pool.map(lambda nth: cut_short(nth, acted), range(1, REQUESTS + 1, EACH)))
        self.assertEqual([verdict for verdict in verdicts if verdict], [])

    def test_before_each_request(self):
        self.all(False)

    def test_after_each_request(self):
        """AWS has acted, and nobody heard of it."""
        self.all(True)


if __name__ == "__main__":
    unittest.main()
