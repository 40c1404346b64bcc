# SPDX-License-Identifier: BSD-2-Clause
"""What AWS refuses for a reason of its own: the key, its secret, its MFA device, the time."""

import os
import unittest

from fault_case import FaultCase
from world import SERIAL, check

import totp  # tests/fakeaws, which is on the path once world is imported

ASKED = "GetSessionToken"


class Key(FaultCase):
    """One request, which AWS refuses; nothing is tried again."""

    def set_key(self, status):
        self.aws.call("set-key", id=self.user["access_key_id"], status=status)

    def test_secret_wrong(self):
        self.give("x" * 40)
        self.assert_get_fails("SignatureDoesNotMatch", self.user["access_key_id"], "add the key again")
        self.give(self.user["secret"])
        self.assert_recovers()

    def test_inactive(self):
        self.set_key("Inactive")
        self.assert_get_fails("InvalidClientTokenId", self.user["access_key_id"], "IAM console")
        self.set_key("Active")
        self.assert_recovers()

    def test_deleted(self):
        self.set_key("Deleted")
        self.assert_get_fails("InvalidClientTokenId", self.user["access_key_id"], "deleted")
        self.give(self.user["secret"])
        self.assert_recovers()


class Device(FaultCase):
    def import_seed(self, serial, seed):
        check(self.machine.awstap("mfa", "import", "work", "--mfa-serial", serial, text=seed))
        self.vault = self.vault_bytes()
        self.user["serial"] = serial

    def test_serial_wrong(self):
        """Never tried again: no code can help."""
        right, wrong = self.user["serial"], SERIAL + "-old"
        self.import_seed(wrong, self.user["seed_base32"])
        before = self.counts()
        result = self.machine.finish(self.start_get())
        self.assert_fails(result, 5, "awstap: get work: ", wrong, "--mfa-serial")
        self.assert_cost(before, requests=1, touches=1)
        self.assertIn(wrong, self.ledger())
        self.import_seed(right, self.user["seed_base32"])
        self.assert_recovers()

    def test_seed_wrong(self):
        """The next code is tried, once, on the same touch; a third one is not."""
        self.import_seed(self.user["serial"], totp.new_seed())
        self.begin_step()
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.machine.advance(30_000)
        result = self.finish_on_terminal(child, terminal)
        self.assert_fails(result, 5, "awstap: get work: ", self.user["serial"], "seed")
        self.assert_cost(before, requests=2, touches=1)
        self.import_seed(self.user["serial"], self.user["seed_base32"])
        self.assert_recovers()


class Code(FaultCase):
    """AWS takes each code once."""

    def assert_session(self, child, terminal):
        """Returns the step whose code served."""
        result = check(self.finish_on_terminal(child, terminal))
        self.assertEqual(result.err, "")
        self.assertEqual(self.requests()[-1]["code"], "OK")
        self.assert_unharmed()
        return self.requests()[-1]["totp_step"]

    def test_used_by_somebody_else(self):
        """It can't be known before. The next one serves, without another touch."""
        self.begin_step()
        step = self.aws.call("use-code", serial=self.user["serial"])["step"]
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.assert_cost(before, requests=1, touches=1)
        self.machine.advance(30_000)
        self.assertEqual(self.assert_session(child, terminal), step + 1)
        self.assert_cost(before, requests=2, touches=1)

    def test_both_used_by_somebody_else(self):
        self.begin_step()
        self.aws.call("use-code", serial=self.user["serial"], ahead=1)
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.machine.advance(30_000)
        result = self.finish_on_terminal(child, terminal)
        self.assert_spoilt(result, self.user["serial"], "used elsewhere")
        self.assert_cost(before, requests=2, touches=1)
        self.assert_recovers()

    def assert_waits_before_the_touch(self, step):
        """A code of this step was used here: no touch is asked for, nothing is sent before the next."""
        self.key.person("never")
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.assertEqual(self.key.blinks(), 0)
        self.machine.advance(30_000)
        self.key.wait_blinking()
        self.key.person("auto")
        self.assertEqual(self.assert_session(child, terminal), step + 1)
        self.assert_cost(before, requests=1, touches=1)

    def test_shown_to_the_person(self):
        self.begin_step()
        shown = check(self.machine.awstap("mfa", "code", "work"))
        step = self.ledger()[self.user["serial"]]
        self.assertEqual(shown.out.strip(), totp.code_for(self.user["seed_base32"], step))
        self.assert_waits_before_the_touch(step)

    def test_used_for_a_session(self):
        self.assert_get_works()
        check(self.machine.awstap("lock"))
        self.other = check(self.machine.awstap("get", "other")).out
        self.assert_waits_before_the_touch(self.ledger()[self.user["serial"]])

    def test_refused_one_stays_used(self):
        """AWS may have taken the code of a request that it refused."""
        self.aws.fault("error", on=ASKED, status=403, code="AccessDenied", message="no")
        self.assert_get_fails("AccessDenied")
        self.assert_waits_before_the_touch(self.ledger()[self.user["serial"]])


class Clock(FaultCase):
    """Ours is twenty minutes off: signature and code are made for AWS's time all the same."""

    def assert_corrected(self, minutes):
        self.aws.call("skew", ms=minutes * 60_000)
        self.assert_get_works()
        asked = self.aws.requests(action=ASKED)[-1]
        self.assertEqual(asked["totp_offset"], 0)
        return asked

    def assert_cached(self):
        """The last session is served again, for as long as it lasts by AWS's clock."""
        words = ("get", "work", "--duration-seconds", str(next(self.durations) - 1))
        before = self.counts()
        for ms in (0, 1_200_000, 1_200_000 - 60_000):
            self.machine.advance(ms)
            check(self.machine.awstap(*words))
            self.assert_cost(before, requests=0, touches=0)
        self.machine.advance(1_200_000 + 60_000)
        self.begin_step()
        check(self.machine.awstap(*words))
        self.assert_cost(before, requests=1, touches=1)

    def test_slow(self):
        self.assert_corrected(20)
        self.assert_cached()

    def test_fast(self):
        self.assert_corrected(-20)
        self.assert_cached()

    def test_set_back(self):
        """Codes of a time to come were used, which can't be: the next step is awaited, once."""
        self.assert_get_works()
        self.aws.call("skew", ms=-1_200_000)
        self.machine.advance(60_000)
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.assert_cost(before, requests=0, touches=0)
        self.give(self.user["secret"])  # no code used, at this AWS
        self.machine.advance(30_000)
        check(self.finish_on_terminal(child, terminal))
        self.assert_cost(before, requests=1, touches=1)

    def test_damaged_ledger(self):
        """As little is known: one step is awaited, and then all goes on."""
        self.assert_get_works()
        with open(os.path.join(self.machine.state, "totp"), "w", encoding="ascii") as file:
            file.write("nonsense\n")
        self.begin_step()
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.machine.advance(30_000)
        check(self.finish_on_terminal(child, terminal))
        self.assert_cost(before, requests=1, touches=1)
        self.assert_recovers()


if __name__ == "__main__":
    unittest.main()
