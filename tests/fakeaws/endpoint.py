# SPDX-License-Identifier: BSD-2-Clause
"""The AWS port: each request is logged, delayed or spoilt as told, acted on and answered."""

import time

from answer import Answer, headers_for, new_request_id
from faults import FAULTS, FaultBook
from http1 import render_head
from server import converse

UNSIGNED_LOCATION = "https://aws.amazon.com/iam"


class Exchange:
    """One request and what becomes of it; the faults work on this."""

    def __init__(self, endpoint, connection, request, record, started_ns):
        self.endpoint = endpoint
        self.connection = connection
        self.request = request
        self.record = record
        self.started_ns = started_ns
        self.written = False
        self.request_id = new_request_id()
        self.service = record["service"] if record["service"] in ("sts", "iam") else "sts"

    def act(self):
        """Do what the request asks for; the Answer is not sent yet."""
        if not self.record["api"]:
            headers = {"Location": UNSIGNED_LOCATION, "Content-Type": None}
            answer = Answer(302, b"", "OK", headers)
        else:
            answer = self.endpoint.aws.act(self.request, self.request_id)
        self.record["acted"].append(answer.code)
        self.record.update(status=answer.status, code=answer.code)
        return answer

    def settle(self, answer):
        """Note the outcome (None: no answer was made) and the time it took; once."""
        if self.record["settled"]:
            return
        outcome = {} if answer is None else {"status": answer.status, "code": answer.code}
        spent_us = (time.monotonic_ns() - self.started_ns) // 1000
        self.endpoint.journal.settle(self.record, server_us=spent_us, **outcome)

    def render(self, answer):
        """The bytes of an answer and how many of them are its body."""
        headers = headers_for(answer, self.request_id, self.endpoint.aws.clock.now_ms())
        body = b"" if self.request.method == "HEAD" else answer.body
        return render_head(answer.status, headers) + body, len(body)

    def send(self, raw):
        self.settle(None)
        self.connection.sock.sendall(raw)

    def reply(self, answer):
        """Send an answer, in one write; returns True: the connection lives on."""
        raw, _ = self.render(answer)
        self.settle(answer)
        self.connection.sock.sendall(raw)
        return True

    def pause(self, ms):
        if ms > 0:
            self.endpoint.stopping.wait(ms / 1000)

    def write_log(self):
        """Write the record to the log file, once."""
        if not self.written:
            self.written = True
            self.endpoint.journal.write(self.record)


class Endpoint:
    """What serves the AWS port. `stopping` is an Event that ends every pause."""

    def __init__(self, aws, journal, stopping, tls=None):
        self.aws = aws
        self.journal = journal
        self.stopping = stopping
        self.tls = tls
        self.faults = FaultBook()
        self.delay_ms = 0
        self.accepted = 0
        self.handshakes_failed = 0

    def serve(self, connection):
        """A connection, from its acceptance to its end."""
        self.accepted += 1
        delay_ms, rule = self.faults.plan("CONNECT", False)
        self.stopping.wait(delay_ms / 1000)
        if rule is not None and rule.what == "hang":
            connection.await_close()
        if rule is not None:
            return
        if self.tls is not None and not self._secure(connection):
            return
        converse(connection, self._handle)

    def _secure(self, connection):
        try:
            connection.secure(self.tls)
        except OSError:
            self.handshakes_failed += 1
            return False
        return True

    def _open_record(self, connection, request, started_ns):
        signed = bool(request.all("authorization"))
        api = signed or request.method not in ("GET", "HEAD")
        facts = self.aws.describe(request)
        if not api:
            facts["action"] = request.method
        return self.journal.open({
            "time_ms": self.aws.clock.now_ms(), "received_ns": started_ns, "api": api,
            "method": request.method, "path": request.path, "connection": connection.number,
            "reused": connection.served > 1, "acted": [], **facts})

    def _handle(self, connection, request):
        started_ns = time.monotonic_ns()
        record = self._open_record(connection, request, started_ns)
        exchange = Exchange(self, connection, request, record, started_ns)
        delay_ms, rule = self.faults.plan(record["action"], record["reused"])
        exchange.pause(self.delay_ms + delay_ms)
        try:
            if rule is None:
                return exchange.reply(exchange.act())
            record["fault"] = rule.what
            return FAULTS[rule.what](exchange, rule)
        finally:
            exchange.settle(None)
            exchange.write_log()
