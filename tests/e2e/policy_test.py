# SPDX-License-Identifier: BSD-2-Clause
"""What a key may be used for, and MFA devices whose codes only a person can read."""

import datetime
import os
import unittest

from world import Case, access_key_json, check

import totp  # tests/fakeaws/totp.py, which world made known

HOUR = 3600


class Policy(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.alice = self.machine.add_key()
        self.touches = self.key.number("touches")

    def set(self, *options):
        return self.machine.awstap("key", "set", "work", *options)

    def facts(self):
        listed = check(self.machine.awstap("key", "list", "--json")).json()
        return next(key for key in listed if key["name"] == "work")

    def lifetime(self, result):
        """Of a session that was just printed, in seconds."""
        expires = datetime.datetime.fromisoformat(check(result).json()["Expiration"].replace("Z", "+00:00"))
        return (expires - datetime.datetime.now(datetime.timezone.utc)).total_seconds()

    def test_said_before_it_is_set(self):
        """A dialog says what changes, then a touch; afterwards the key has the policy."""
        check(self.set("touch=use", "max_duration=1h", "lock_on=screen,removal"))
        dialog = self.machine.dialogs()[-1]
        for line in ("policy of the key work", "touch=use instead of session", "duration=1h instead of 12h",
                     "max_duration=1h instead of 36h", "lock_on=sleep,screen,removal instead of sleep"):
            self.assertIn(line, dialog["desc"])
        self.assertEqual(self.key.number("touches"), self.touches + 1)
        check(self.set("touch=use"))
        self.assertEqual(self.key.number("touches"), self.touches + 1, "nothing was to be changed")

    def test_no(self):
        """Who says no at the dialog is not asked for a touch, and nothing changes."""
        self.machine.pinentry("confirm no")
        self.assert_fails(self.set("serve=roles"), 4)
        self.assertEqual(self.key.number("touches"), self.touches)
        check(self.machine.awstap("get", "work"))

    def test_refused_before_anybody_is_asked(self):
        for options, word in ((["touch=always"], "session or use"), (["colour=red"], "colour=red"),
                              (["duration=10m"], "15m"), (["duration=2h", "max_duration=1h"], "max_duration"),
                              (["touch=use", "touch=session"], "twice"), (["rotate_every=1m"], "rotate_every")):
            with self.subTest(options):
                self.assert_fails(self.set(*options), 2, word)
        self.assert_fails(self.machine.awstap("key", "set", "nobody", "touch=use"), 1, "nobody")
        self.assertEqual(self.key.number("touches"), self.touches)
        self.assertEqual(self.machine.dialogs(), [])

    def test_duration(self):
        """The policy's duration is what is asked for where nobody says otherwise."""
        check(self.set("duration=2h"))
        self.assertAlmostEqual(self.lifetime(self.machine.awstap("get", "work")), 2 * HOUR, delta=120)
        self.assertEqual([request["parameters"]["DurationSeconds"] for request in self.actions("GetSessionToken")],
                         ["7200"])

    def test_changed_by_another_agent(self):
        """What the agent remembers of a policy is not what it asks for; equal requests get the same session all the same."""
        check(self.machine.awstap("get", "work"))
        check(self.machine.awstap("key", "set", "work", "duration=15m", "max_duration=15m",
                                  env={"AWSTAP_SOCK": os.path.join(self.machine.run_dir, "second.sock")}))
        self.machine.advance(13 * HOUR * 1000)
        first = check(self.machine.awstap("get", "work"))
        for words in ([], ["--duration-seconds", "900"]):
            self.assertEqual(check(self.machine.awstap("get", "work", *words)).out, first.out)
        self.assertEqual([request["parameters"]["DurationSeconds"] for request in self.actions("GetSessionToken")],
                         ["43200", "900"])

    def test_longest_duration(self):
        """More than the policy allows is refused, and the way to change it is told."""
        check(self.set("max_duration=1h"))
        touches = self.key.number("touches")
        self.assert_fails(self.machine.awstap("get", "work", "--duration-seconds", "7200"), 1, "at most 1 hour",
                          "2 hours are asked for", "awstap key set work max_duration=2h")
        self.assertEqual(self.key.number("touches"), touches)
        check(self.machine.awstap("get", "work"))
        check(self.set("max_duration=2h"))
        self.machine.clock(31000)
        self.assertGreater(self.lifetime(self.machine.awstap("get", "work", "--duration-seconds", "7200")), HOUR)

    def test_longest_duration_of_a_role(self):
        """It holds for what the key's sessions are used for, too."""
        check(self.set("max_duration=30m"))
        arn = self.aws.add_role("admin", account="210987654321", trust=[self.alice["arn"]])
        asked = ["get", "work", "--role-arn", arn, "--duration-seconds"]
        self.assert_fails(self.machine.awstap(*asked, "1801"), 1, "max_duration", "--duration-seconds")
        self.assertEqual(self.actions("AssumeRole"), [])
        check(self.machine.awstap(*asked, "1800"))

    def test_touch_for_each_use(self):
        """touch=use: every answer has a touch of its own, and nothing is kept."""
        check(self.set("touch=use"))
        touches = self.key.number("touches")
        first = check(self.machine.awstap("get", "work"))
        self.machine.clock(31000)
        second = check(self.machine.awstap("get", "work"))
        self.assertNotEqual(first.out, second.out)
        self.assertEqual(self.key.number("touches"), touches + 2)
        self.assertEqual(self.machine.status()["sessions"], [])

    def test_touch_for_each_use_is_alone(self):
        """A key under touch=use shares its touch with nobody."""
        self.machine.add_key("other", "bob")
        check(self.set("touch=use"))
        touches = self.key.number("touches")
        self.key.person("never")
        children = [self.machine.start("awstap", "get", name) for name in ("work", "other")]
        self.machine.wait_flights(2)
        self.key.wait_blinking()
        self.key.person("auto")
        for child in children:
            check(self.machine.finish(child))
        self.assertEqual(self.key.number("touches"), touches + 2)

    def test_roles_only(self):
        """serve=roles: the key's own session is given to nobody, and its roles are."""
        check(self.set("serve=roles"))
        arn = self.aws.add_role("admin", account="210987654321", trust=[self.alice["arn"]])
        self.machine.config(f"[profile admin]\nrole_arn = {arn}\nsource_profile = work\n"
                            "[profile work]\ncredential_process = awstap get work\n")
        check(self.machine.awstap("get", "admin"))
        self.assert_fails(self.machine.awstap("get", "work"), 1, "role")
        lines = check(self.machine.awstap("log")).out.splitlines()
        self.assertRegex(lines[-1], "refused work: this key serves roles only.*asked for by")

    def test_changed_while_a_role_is_assumed(self):
        """A role's session that AWS has yet to answer with is not kept under the new policy, nor served."""
        arn = self.aws.add_role("admin", account="210987654321", trust=[self.alice["arn"]])
        check(self.machine.awstap("get", "work"))
        self.aws.fault("delay", on="AssumeRole", ms=5000)
        child = self.machine.start("awstap", "get", "work", "--role-arn", arn)
        self.aws.wait(action="AssumeRole")
        check(self.set("touch=use"))
        self.assert_fails(self.machine.finish(child), 1, "changed meanwhile")
        status = self.machine.status()
        self.assertEqual((status["waiting"], status["sessions"]), (0, []))


class Phone(Case):
    """The MFA device is a phone: the vault has its serial, and no seed."""

    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.alice = self.aws.add_user("alice")
        words = ["key", "add", "work", "--sts-endpoint-url", self.aws.endpoint, "--mfa-serial", self.alice["serial"]]
        check(self.machine.awstap(*words, text=access_key_json(self.alice)))
        self.touches = self.key.number("touches")

    def code(self, ahead=0):
        """What the phone shows."""
        return totp.code_for(self.alice["seed_base32"], totp.step_at(self.machine.now_ms()) + ahead)

    def test_code_is_asked_for(self):
        """The dialog comes before the touch, and says which device and what for."""
        self.machine.pinentry("pin " + self.code())
        check(self.machine.awstap("get", "work"))
        dialog = self.machine.dialogs()[-1]
        for line in (self.alice["serial"], "Open work: account 123456789012, for 12 hours", "Asked for by"):
            self.assertIn(line, dialog["desc"])
        self.assertEqual(self.key.number("touches"), self.touches + 1)
        request, = self.actions("GetSessionToken")
        self.assertEqual(request["parameters"]["SerialNumber"], self.alice["serial"])
        check(self.machine.awstap("get", "work"))
        self.assertEqual(len(self.machine.dialogs()), 1)

    def test_no_code(self):
        """Six digits, or it is asked for again; three times nothing like it, and it is over. No touch."""
        self.machine.pinentry("pin 12345", "pin 12345x", "pin 1234567")
        self.assert_fails(self.machine.awstap("get", "work"), 4, "MFA code", self.alice["serial"])
        self.assertIn("six digits", self.machine.dialogs()[-1]["error"])
        self.machine.pinentry("cancel")
        self.assert_fails(self.machine.awstap("get", "work"), 4)
        self.assertEqual(self.key.number("touches"), self.touches)
        self.assertEqual(self.actions("GetSessionToken"), [])

    def test_wrong_code(self):
        self.machine.pinentry("pin " + self.code(ahead=20))
        self.assert_fails(self.machine.awstap("get", "work"), 5, "MFA code", "type the next one")
        self.assertEqual(len(self.actions("GetSessionToken")), 1)

    def test_two_sessions_of_one_phone(self):
        """A code is good for one session: the second has a dialog and a touch of its own."""
        self.machine.pinentry("pin " + self.code(), "pin " + self.code(ahead=1))
        children = [self.machine.start("awstap", "get", "work", *words)
                    for words in ([], ["--duration-seconds", "900"])]
        for child in children:
            check(self.machine.finish(child))
        self.assertEqual(len(self.machine.dialogs()), 2)
        self.assertEqual(self.key.number("touches"), self.touches + 2)

    def test_role_of_a_phone(self):
        """A role of more than an hour has the phone's code in its own request."""
        arn = self.aws.add_role("admin", trust=[self.alice["arn"]], require_mfa=True, max_session_duration=7200)
        self.machine.config(f"[profile admin]\nrole_arn = {arn}\nduration_seconds = 7200\nsource_profile = work\n"
                            "[profile work]\ncredential_process = awstap get work\n")
        self.machine.pinentry("pin " + self.code())
        check(self.machine.awstap("get", "admin"))
        self.assertIn(f"Open work: {arn}, for 2 hours", self.machine.dialogs()[-1]["desc"])
        self.assertEqual(self.actions("GetSessionToken"), [])


if __name__ == "__main__":
    unittest.main()
