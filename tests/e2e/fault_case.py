# SPDX-License-Identifier: BSD-2-Clause
"""What every fault has in common: what it may cost, and what it must leave as it was."""

import itertools
import os

from world import Case, Result, check, read_until, wait_for

STEP_MS = 30_000


class FaultCase(Case):
    """A sealed key, work, whose `get` is spoilt, and a bystander, other, whose session is cached."""

    def setUp(self):
        super().setUp()
        self.since = 0
        self.durations = itertools.count(3600)
        self.key = self.machine.enrol()
        self.prepare()
        self.user = self.machine.add_key()
        self.machine.add_key("other", "bob", mfa=False)
        self.other = check(self.machine.awstap("get", "other")).out
        self.pid = self.agent()["pid"]
        self.vault = self.vault_bytes()

    def prepare(self):
        """What is to be done before the first key is added."""

    # The world as it is.

    def agent(self):
        return check(self.machine.awstap("status", "--json")).json()

    def vault_bytes(self):
        with open(self.machine.vault, "rb") as file:
            return file.read()

    def ledger(self):
        """The last TOTP step used of each MFA serial; every line must be one."""
        try:
            with open(os.path.join(self.machine.state, "totp"), encoding="ascii") as file:
                lines = file.read().splitlines()
        except FileNotFoundError:
            return {}
        return {serial: int(step) for step, serial in (line.split(" ") for line in lines)}

    def requests(self, since=0):
        """The signed requests that AWS got, of whatever action."""
        return [request for request in self.aws.requests(since) if request["api"]]

    def give(self, secret):
        """AWS has the user anew, with this secret for the key's id and no code used."""
        self.aws.add_user("alice", keys=[{"id": self.user["access_key_id"], "secret": secret}],
                          mfa=[{"serial": self.user["serial"], "seed_base32": self.user["seed_base32"]}])

    # Time.

    def begin_step(self):
        """On to two seconds after the beginning of a TOTP step whose neighbours nobody has used."""
        self.machine.advance(3 * STEP_MS - self.machine.now_ms() % STEP_MS + 2_000)

    # Asking.

    def words(self):
        """Nobody has asked for this duration before."""
        return ("get", "work", "--duration-seconds", str(next(self.durations)))

    def start_get(self):
        """`get`, of which nothing is cached, at a time when an unused TOTP code is at hand."""
        self.begin_step()
        self.since = len(self.aws.requests())
        return self.machine.start("awstap", *self.words())

    def await_asked(self, action="GetSessionToken", count=1):
        """AWS has got this request so often since start_get(), and has answered or is not going to."""
        self.aws.wait(action=action, count=count, since=self.since, settled=True)

    def start_get_on_terminal(self):
        """The same, now: a code may have to be waited for. Returns what finish_on_terminal() takes."""
        command = "exec awstap " + " ".join(self.words()) + " >out 2>err"
        return self.machine.on_terminal("/bin/sh", "-c", command)

    def start_get_waiting_for_code(self):
        """The same, when it says that it waits for the next TOTP code."""
        child, terminal = self.start_get_on_terminal()
        self.assertRegex(read_until(terminal, "for the next TOTP code"), "waiting [0-9]+ s")
        return child, terminal

    def finish_on_terminal(self, child, terminal):
        status = child.wait(timeout=60)
        os.close(terminal)
        texts = []
        for name in ("out", "err"):
            with open(os.path.join(self.machine.home, name), encoding="utf-8") as file:
                texts.append(file.read())
        return Result(status, *texts)

    # What must hold.

    def counts(self):
        return len(self.requests()), self.key.number("touches")

    def assert_cost(self, before, requests, touches):
        """This many signed requests and touches since counts() returned `before`."""
        self.assertEqual(self.counts(), (before[0] + requests, before[1] + touches),
                         [(r["action"], r["code"]) for r in self.requests()[before[0]:]])

    def assert_unharmed(self):
        """The vault is as it was, the ledger knows each code that has left, the agent serves others."""
        self.assertEqual(self.vault_bytes(), self.vault)
        sent = [r["totp_step"] for r in self.requests() if r["totp_step"] is not None]
        if sent:
            self.assertEqual(self.ledger()[self.user["serial"]], max(sent))
        agent = self.agent()
        self.assertEqual((agent["pid"], agent["waiting"]), (self.pid, 0))
        self.assertEqual(check(self.machine.awstap("get", "other")).out, self.other)
        self.key.wait_dark()
        wait_for(lambda: not self.machine.processes("awstap-signer"), "the signer to end")

    def assert_spoilt(self, result, *words, status=5):
        """`get` failed in one line with all of words, and nothing but that happened."""
        self.assert_fails(result, status, "awstap: get work: ", *words)
        for secret in (self.user["secret"], self.user["seed_base32"]):
            self.assertNotIn(secret, result.err)
        self.assert_unharmed()

    def assert_get_fails(self, *words, status=5, requests=1, touches=1):
        before = self.counts()
        self.assert_spoilt(self.machine.finish(self.start_get()), *words, status=status)
        self.assert_cost(before, requests, touches)

    def assert_get_works(self, requests=1, touches=1):
        before = self.counts()
        result = check(self.machine.finish(self.start_get()))
        self.assertEqual(result.err, "")
        self.assertEqual(result.json()["AccountId"], self.user["account"])
        self.assert_cost(before, requests, touches)
        self.assert_unharmed()

    def assert_recovers(self):
        """The fault is gone: one touch and one request give a session."""
        self.aws.call("clear-faults")
        self.assert_get_works()
