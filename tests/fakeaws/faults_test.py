# SPDX-License-Identifier: BSD-2-Clause
"""Every fault on command, seen from the client's end."""

import http.client
import threading
import time

from http1 import HEAD_LIMIT
from running import Running


class Faults(Running):
    def broken(self, **more):
        """Call, expecting the connection to die; returns the record of the request."""
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.call("GetSessionToken", **more)
        self.client.close()
        return self.aws.wait(action="GetSessionToken", settled=True)[0]

    def sessions(self):
        return len(self.aws.state()["sessions"])

    def test_drop_before_and_after(self):
        self.aws.fault("drop-before")
        self.assertEqual((self.broken()["code"], self.sessions()), (None, 0))
        self.aws.call("reset-log")
        self.aws.fault("drop-after", reset=True)
        self.assertEqual((self.broken()["code"], self.sessions()), ("OK", 1))

    def test_cut(self):
        self.aws.fault("cut", bytes=40)
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.call("GetSessionToken")
        self.assertEqual(len(caught.exception.partial), 40)
        self.assertEqual(self.sessions(), 1)

    def test_hang(self):
        self.aws.fault("hang", act=True)
        thread = threading.Thread(target=self.broken)
        thread.start()
        self.aws.wait(action="GetSessionToken", settled=True)
        self.assertEqual(self.sessions(), 1)
        self.client.http.sock.shutdown(2)
        thread.join()

    def test_delay(self):
        self.aws.call("delay", ms=30)
        self.aws.fault("delay", on="GetCallerIdentity", ms=30)
        started = time.monotonic()
        self.call("GetCallerIdentity")
        self.assertGreaterEqual(time.monotonic() - started, 0.06)
        self.assertGreaterEqual(self.aws.requests()[0]["server_us"], 60_000)

    def test_errors(self):
        self.aws.fault("throttle", on="GetSessionToken")
        self.assertEqual(self.call("GetCallerIdentity").status, 200)
        self.refused(self.call("GetSessionToken"), 400, "Throttling", "Rate exceeded")
        self.assertEqual(self.call("GetSessionToken").status, 200)
        self.aws.fault("error", status=503, code="ServiceUnavailable", message="a < b")
        self.refused(self.call("GetSessionToken"), 503, "ServiceUnavailable", "a < b")
        self.aws.fault("error", status=500, body="")
        reply = self.call("GetSessionToken")
        self.assertEqual((reply.status, reply.text), (500, ""))

    def test_nth_and_count(self):
        self.aws.fault("error", status=500, nth=2, count=2)
        self.assertEqual([self.call("GetCallerIdentity").status for _ in range(4)],
                         [200, 500, 500, 200])

    def test_connection(self):
        self.aws.fault("throttle", connection="reused", count=0)
        statuses = [self.call("GetCallerIdentity").status for _ in range(2)]
        self.client.close()
        statuses.append(self.call("GetCallerIdentity").status)
        self.assertEqual(statuses, [200, 400, 200])
        records = self.aws.requests()
        self.assertEqual([record["reused"] for record in records], [False, True, False])
        self.assertNotEqual(records[1]["connection"], records[2]["connection"])

    def test_close(self):
        """The client is told, and asks on a new connection."""
        self.aws.fault("close", on="HEAD")
        self.client.send("HEAD")
        self.assertEqual(self.call("GetCallerIdentity").status, 200)
        self.assertEqual([record["reused"] for record in self.aws.requests()], [False, False])

    def test_close_idle(self):
        self.aws.fault("close-idle", on="HEAD")
        self.client.send("HEAD")
        self.assertEqual(self.client.http.sock.recv(1), b"")

    def test_repeat(self):
        self.aws.fault("repeat", answer=2)
        self.refused(self.call("GetSessionToken", **self.mfa()), 403, "AccessDenied")
        self.assertEqual(self.aws.requests()[0]["acted"], ["OK", "AccessDenied"])

    def test_reply_twice(self):
        self.aws.fault("reply-twice", on="HEAD")
        self.client.http.connect()
        self.client.http.sock.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        with self.client.http.sock.makefile("rb") as file:
            self.assertEqual(file.read().count(b"HTTP/1.1 302"), 2)

    def test_bodies(self):
        for fault, seen in (({"template": "doctype"}, "<!DOCTYPE"), ({"template": "deep"}, "<a>"),
                            ({"template": "entities"}, "<!ENTITY"), ({"body": "tea"}, "tea")):
            self.aws.fault("body", **fault)
            self.assertIn(seen, self.call("GetSessionToken").text[:200])
        self.aws.fault("garbage", bytes=300)
        self.assertEqual(len(self.call("GetSessionToken").text), 300)
        self.aws.fault("huge", bytes=2_000_000)
        self.assertGreater(len(self.call("GetSessionToken").text), 2_000_000)
        self.aws.fault("redirect", location="https://elsewhere.example/")
        self.assertEqual(self.call("GetSessionToken").headers["Location"],
                         "https://elsewhere.example/")
        self.assertEqual(self.sessions(), 0)

    def test_edit_and_drip(self):
        self.aws.fault("edit", find="<Expiration>[^<]*", put="<Expiration>soon")
        self.assertEqual(self.call("GetSessionToken").field("Expiration"), "soon")
        self.aws.fault("drip", bytes=100, ms=1)
        self.assertEqual(self.call("GetSessionToken").status, 200)

    def test_connect(self):
        self.aws.fault("drop-before", on="CONNECT")
        self.broken_connect()
        self.assertEqual(self.client.send("HEAD").status, 302)

    def broken_connect(self):
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.client.send("HEAD")
        self.client.close()


class Strictness(Running):
    def raw(self, text):
        """Send bytes as they are; returns the status of what comes back."""
        self.client.http.connect()
        self.client.http.sock.sendall(text)
        line = self.client.http.sock.recv(64)
        self.client.close()
        return int(line.split()[1])

    def test_refused_requests(self):
        for text in (b"nonsense\r\n\r\n", b"HEAD / HTTP/1.1\r\n\r\n",
                     b"HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                     b"HEAD / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                     b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
                     b"HEAD / HTTP/1.1\r\nX: " + b"x" * (HEAD_LIMIT + 1)):
            self.assertEqual(self.raw(text), 400, text[:60])

    def test_expect_continue(self):
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        self.assertEqual(self.raw(head), 100)
