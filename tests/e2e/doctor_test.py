# SPDX-License-Identifier: BSD-2-Clause
"""awstap doctor: what it finds, and that it starts nothing and asks nobody."""

import os
import unittest

from world import USER, Case, check

DAY_MS = 86_400_000


class Doctor(Case):
    def doctor(self, status, env=None):
        """What is found, as (finding, subject, text); the table says the same."""
        found = check(self.machine.awstap("doctor", "--json", env=env), status).json()
        table = check(self.machine.awstap("doctor", env=env), status).out.splitlines()
        self.assertEqual(len(table), len(found))
        for line, entry in zip(table, found):
            self.assertEqual(line.split()[0], entry["finding"])
            self.assertTrue(line.endswith(entry["text"]), (line, entry))
        return [(entry["finding"], entry["subject"], entry["text"]) for entry in found]

    def assert_found(self, found, finding, subject, *words):
        for entry in found:
            if entry[:2] == (finding, subject) and all(word in entry[2] for word in words):
                return
        self.fail(f"no {finding} about {subject} with {words} in {found}")

    def assert_not_found(self, found, *words):
        for entry in found:
            self.assertFalse(all(word in entry[2] for word in words), entry)

    def ask(self, *lines):
        """~/.aws/config with a profile that asks awstap for work."""
        self.machine.config("\n".join(["[profile work]", f"credential_process = {self.machine.program('awstap')} get work",
                                       *lines, ""]))

    def credentials(self, text, mode=0o600):
        path = os.path.join(self.machine.home, ".aws", "credentials")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        if USER is not None:
            os.chown(path, USER, USER)

    def test_nothing_is_started(self):
        found = self.doctor(0)
        self.assertEqual(self.machine.processes(), [])
        self.assert_found(found, "hint", "agent", "none runs")
        self.assert_found(found, "hint", "profile", "no profile in")

    def test_another_way_first(self):
        self.machine.enrol()
        self.machine.add_key()
        self.ask()
        self.credentials("[work]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = base\n")
        found = self.doctor(1)
        self.assert_found(found, "wrong", "profile", "profile work has role_arn in", ".aws/credentials")
        self.assert_not_found(found, "work asks awstap")

    def test_all_is_well(self):
        key = self.machine.enrol()
        self.machine.add_key()
        self.ask()
        touches = key.number("touches")
        found = self.doctor(0)
        self.assert_found(found, "ok", "agent", "version")
        self.assert_found(found, "ok", "vault", self.machine.vault)
        self.assert_found(found, "ok", "key", "work: AKIA")
        self.assert_found(found, "ok", "profile", "work asks awstap for work")
        self.assert_found(found, "hint", "factor", "only one", "factor add recovery")
        self.assert_not_found(found, "MFA device")
        self.assertEqual(key.number("touches"), touches)

    def test_no_vault(self):
        check(self.machine.awstap("key", "list"), 1)
        self.assert_found(self.doctor(0), "hint", "vault", "factor add")

    def test_damaged_vault(self):
        self.machine.enrol()
        with open(self.machine.vault, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
        self.assert_found(self.doctor(1), "wrong", "vault", "damaged")

    def test_keys(self):
        self.machine.enrol()
        self.assert_found(self.doctor(0), "hint", "key", "none is in the vault")
        self.machine.add_key(mfa=False)
        self.assert_found(self.doctor(0), "hint", "key", "work has no MFA device", "at IAM until `awstap mfa add work`")
        self.machine.clock(91 * DAY_MS)
        self.assert_found(self.doctor(0), "hint", "key", "91 d", "rotate_every")
        self.machine.clock(0)
        check(self.machine.awstap("key", "set", "work", "rotate_every=30d"))
        self.assert_not_found(self.doctor(0), "rotated")
        self.machine.clock(31 * DAY_MS)
        self.assert_found(self.doctor(1), "wrong", "key", "work should have been rotated", "awstap key rotate work")

    def test_profiles(self):
        self.machine.enrol()
        self.machine.add_key()
        self.ask("[profile lost]", "credential_process = /nowhere/awstap get work",
                 "[profile nobody]", "credential_process = awstap get nobody",
                 "[profile role]", "credential_process = awstap get other",
                 "[profile other]", "role_arn = arn:aws:iam::123456789012:role/x", "source_profile = work",
                 "[profile round]", "credential_process = awstap get circle",
                 "[profile circle]", "credential_process = awstap get round",
                 "[profile login]", "credential_process = awstap get work", "login_session = arn:aws:iam::123456789012:user/x",
                 "[profile foreign]", "credential_process = /usr/bin/other get x")
        found = self.doctor(1)
        self.assert_found(found, "ok", "profile", "work asks")
        self.assert_found(found, "wrong", "profile", "lost runs /nowhere/awstap")
        self.assert_found(found, "wrong", "profile", "nobody asks for the key nobody", "awstap key add nobody")
        self.assert_found(found, "ok", "profile", "role asks awstap for other")
        self.assert_found(found, "wrong", "profile", "round", "lead to each other")
        self.assert_found(found, "wrong", "profile", "login", "login_session")
        self.assert_not_found(found, "foreign")

    def test_shadows(self):
        self.machine.enrol()
        self.machine.add_key()
        self.ask("aws_access_key_id = AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key = secret")
        self.credentials("[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hidden\n", 0o644)
        found = self.doctor(1, env={"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"})
        self.assert_found(found, "wrong", "profile", "work", ".aws/config")
        self.assert_found(found, "wrong", "profile", "work", ".aws/credentials", "awstap key import")
        self.assert_found(found, "wrong", "plain keys", "chmod 600")
        self.assert_found(found, "hint", "plain keys", "1 long-lived access key is in the clear")
        self.assert_found(found, "wrong", "environment", "AWS_ACCESS_KEY_ID")
        self.assert_not_found(found, "hidden")

    def test_no_files(self):
        """/dev/null in the place of a file is none, as it is to AWS tools."""
        none = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_CONFIG_FILE": "/dev/null"}
        self.assert_not_found(self.doctor(0, env=none), "cannot be read")

    def test_socket_folder(self):
        self.machine.enrol()
        folder = os.path.dirname(self.machine.socket)
        os.chmod(folder, 0o777)
        self.assert_found(self.doctor(1), "wrong", "socket", "others may write", "chmod 700")


if __name__ == "__main__":
    unittest.main()
