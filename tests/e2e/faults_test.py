# SPDX-License-Identifier: BSD-2-Clause
"""What AWS may answer, or not answer, to the one request that a touch has signed."""

import unittest

from fault_case import FaultCase
from world import check

ASKED = "GetSessionToken"
UNKNOWN = "the request may have been carried out"
NOT_BELIEVED = "the answer of AWS is not as it should be"


class Unanswered(FaultCase):
    """No whole answer: the request is not sent again, and its code counts as used."""

    def test_dropped(self):
        for what in ("drop-before", "drop-after"):
            for reset in (False, True):
                with self.subTest(what, reset=reset):
                    self.aws.fault(what, on=ASKED, reset=reset)
                    self.assert_get_fails(UNKNOWN, "run it again")
                    self.assert_recovers()

    def test_cut(self):
        for size in (0, 1, 200):
            with self.subTest(size):
                self.aws.fault("cut", on=ASKED, bytes=size)
                self.assert_get_fails(UNKNOWN, "run it again")
                self.assert_recovers()

    def test_hung(self):
        for act in (False, True):
            with self.subTest(act=act):
                self.aws.fault("hang", on=ASKED, act=act)
                before = self.counts()
                child = self.start_get()
                self.await_asked()
                self.machine.advance(11_000)
                self.assert_spoilt(self.machine.finish(child), "did not answer within 10 s", UNKNOWN)
                self.assert_cost(before, requests=1, touches=1)
                self.assert_recovers()

    def test_code_sent_without_an_answer_is_not_sent_again(self):
        """The next request waits for the next code, and does so before it asks for a touch."""
        self.aws.fault("drop-after", on=ASKED)
        self.assert_get_fails(UNKNOWN)
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.assertEqual(self.counts(), before)
        self.machine.advance(30_000)
        check(self.finish_on_terminal(child, terminal))
        self.assert_cost(before, requests=1, touches=1)
        self.assert_unharmed()


class NotAws(FaultCase):
    """Answers that AWS does not give."""

    def spoil(self, what, *words, **options):
        with self.subTest(what, **options):
            self.aws.fault(what, on=ASKED, **options)
            self.assert_get_fails(*words, "check the endpoint")
            self.assert_recovers()

    def test_garbage(self):
        self.spoil("garbage", "HTTP status 200", "is not AWS's")
        self.spoil("garbage", "HTTP status 403", "is not AWS's", status=403)
        self.spoil("error", "HTTP status 403", "is not AWS's", status=403, body="<html>Sign in</html>")

    def test_huge(self):
        self.spoil("huge", "too large to be AWS's")

    def test_redirected(self):
        for status in (301, 302, 307, 308):
            self.spoil("redirect", "sent us elsewhere", status=status)
        self.assertEqual({request["path"] for request in self.aws.requests()}, {"/"})

    def test_hostile_xml(self):
        for template in ("doctype", "external", "entities", "unclosed", "empty"):
            self.spoil("body", "HTTP status 200", "is not AWS's", template=template)
        self.spoil("body", "too large to be AWS's", template="deep")


class HostileSession(FaultCase):
    """A session is believed only if each of its fields can be one."""

    def spoil(self, field, text):
        """The element named field holds text in place of its own; None: it is missing."""
        element = "" if text is None else f"<{field}>{text}</{field}>"
        with self.subTest(field, text=text and text[:30]):
            self.aws.fault("edit", on=ASKED, find=f"<{field}>[^<]*</{field}>", put=element)
            self.assert_get_fails(NOT_BELIEVED, field)

    def test_access_key_id(self):
        for text in (None, "", "ASIA", "ASIA&#10;00000000000000", 'ASIA"0000000000000000', "A" * 300):
            self.spoil("AccessKeyId", text)
        self.assert_recovers()

    def test_secret(self):
        for text in (None, "", "short", "s" * 39 + "&#10;", "s" * 39 + "\u00e9", "s" * 5000):
            self.spoil("SecretAccessKey", text)
        self.assert_recovers()

    def test_token(self):
        for text in (None, "", "t" * 99 + " ", "t" * 99 + "&#10;", "t" * 99 + '"', "t" * 17000):
            self.spoil("SessionToken", text)
        self.assert_recovers()

    def test_expiration(self):
        for text in (None, "", "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2099-02-30T00:00:00Z",
                     "2099-01-01T00:00:00", "2099-01-01T00:00:00+01:00", "tomorrow"):
            self.spoil("Expiration", text)
        self.assert_recovers()

    def test_said_twice(self):
        self.aws.fault("edit", on=ASKED, find="(<SessionToken>.*</SessionToken>)", put=r"\1\1")
        self.assert_get_fails(NOT_BELIEVED, "SessionToken")
        self.assert_recovers()


class Refused(FaultCase):
    """AWS says no, and what it says reaches the person."""

    def spoil(self, code, *words, status=403, message="said AWS"):
        with self.subTest(code):
            self.aws.fault("error", on=ASKED, status=status, code=code, message=message)
            self.assert_get_fails(code, *words)
            self.assert_recovers()

    def test_denied(self):
        denied = f"User: {self.user['arn']} is not authorized to perform: sts:GetSessionToken"
        self.spoil("AccessDenied", denied, message=denied)

    def test_invalid(self):
        self.spoil("ValidationError", "1 validation error detected", status=400,
                   message="1 validation error detected: Value '3600' at 'durationSeconds' failed")

    def test_time(self):
        """A proxy's Date is not AWS's: no second request with the same signature."""
        self.spoil("SignatureDoesNotMatch", "the clock here is wrong",
                   message="Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z")

    def test_message_is_one_printable_line(self):
        self.spoil("AccessDenied", "a b", message="a\nb\u202e\x7fc" + "d" * 5000)

    def test_region_disabled(self):
        self.aws.call("disable-region", region="us-east-1")
        self.assert_get_fails("us-east-1", "IAM console")
        self.aws.call("disable-region", region="us-east-1", disabled=False)
        self.assert_recovers()


class Busy(FaultCase):
    """AWS asks to come again: the same request is sent again, a few times, on the same touch."""

    def test_throttled_once(self):
        self.aws.fault("throttle", on=ASKED)
        self.assert_get_works(requests=2)

    def test_fails_once(self):
        for status, code in ((500, "InternalFailure"), (503, "ServiceUnavailable")):
            for body in (None, "", "<html>Bad gateway</html>"):
                with self.subTest(status, body=body):
                    self.aws.fault("error", on=ASKED, status=status, code=code, body=body)
                    self.assert_get_works(requests=2)

    def test_for_ever(self):
        """Six requests, and no more."""
        for what, words in (("throttle", "slow down"), ("error", "AWS failed on its side")):
            with self.subTest(what):
                self.aws.fault(what, on=ASKED, count=0)
                before = self.counts()
                child = self.start_get()
                for count in range(1, 6):
                    self.await_asked(count=count)
                    self.machine.advance(3_200)
                self.assert_spoilt(self.machine.finish(child), words, "try again in a minute")
                self.assert_cost(before, requests=6, touches=1)
                self.assert_recovers()

    def test_failed_after_acting(self):
        """The code was used by the request that failed: the next one serves, on the same touch."""
        self.begin_step()
        self.aws.fault("error", on=ASKED, status=500, act=True)
        before = self.counts()
        child, terminal = self.start_get_waiting_for_code()
        self.assert_cost(before, requests=2, touches=1)
        self.machine.advance(30_000)
        check(self.finish_on_terminal(child, terminal))
        self.assert_cost(before, requests=3, touches=1)
        self.assert_unharmed()


if __name__ == "__main__":
    unittest.main()
