# SPDX-License-Identifier: BSD-2-Clause
"""Everything that can go wrong on command: rules, when they fire, and what each does."""

import os
import re
import threading
from dataclasses import dataclass, replace

from answer import Answer, AwsError, failure

UNSIGNED = ("HEAD", "GET", "CONNECT")
AT_CONNECT = ("delay", "drop-before", "hang")


def _nested(depth):
    return "<a>" * depth + "</a>" * depth


def _entity_bomb():
    levels = [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    return f'<!DOCTYPE r [<!ENTITY l0 "lol">{"".join(levels)}]><r>&l9;</r>'


HOSTILE = {
    "doctype": '<?xml version="1.0"?><!DOCTYPE r><GetSessionTokenResponse/>',
    "external": '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r>&e;</r>',
    "entities": _entity_bomb(),
    "deep": _nested(100_000),
    "unclosed": "<GetSessionTokenResponse><GetSessionTokenResult>",
    "empty": "",
}


@dataclass
class Rule:
    """One fault: on which requests, from the nth match on, how often (0: for ever), and what."""

    what: str
    on: str = "*"
    nth: int = 1
    count: int = 1
    connection: str = "any"
    ms: int = 0
    bytes: int = 0
    act: bool = False
    reset: bool = False
    status: int = 0
    code: str = "InternalFailure"
    message: str = ""
    body: str = None
    template: str = None
    location: str = "/elsewhere"
    answer: int = 1
    find: str = ""
    put: str = ""
    matched: int = 0
    fired: int = 0

    def __post_init__(self):
        if self.what != "delay" and self.what not in FAULTS:
            raise ValueError(f"no fault is called {self.what!r}")
        if self.on == "CONNECT" and self.what not in AT_CONNECT:
            raise ValueError(f"{self.what} can't happen at CONNECT")
        if self.connection not in ("any", "fresh", "reused"):
            raise ValueError("connection is any, fresh or reused")
        if self.template is not None and self.template not in HOSTILE:
            raise ValueError(f"no template is called {self.template!r}")

    def _matches(self, action, reused):
        if self.on != action and (self.on != "*" or action in UNSIGNED):
            return False
        return self.connection in ("any", "reused" if reused else "fresh")

    def due(self, action, reused):
        """Count a request; whether the rule fires for it."""
        if not self._matches(action, reused):
            return False
        self.matched += 1
        return self.matched >= self.nth and (self.count == 0 or self.fired < self.count)


class FaultBook:
    """The rules in force, in the order in which they were given."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rules = []

    def add(self, rules):
        with self.lock:
            self.rules += rules

    def clear(self):
        with self.lock:
            self.rules = []

    def plan(self, action, reused):
        """The milliseconds of delay for a request (all due delays together) and the first other
        rule that is due, or None."""
        delay_ms, chosen = 0, None
        with self.lock:
            for rule in self.rules:
                if not rule.due(action, reused):
                    continue
                if rule.what == "delay":
                    rule.fired += 1
                    delay_ms += rule.ms
                elif chosen is None:
                    rule.fired += 1
                    chosen = rule
        return delay_ms, chosen


def _drop(exchange, rule, answer):
    exchange.settle(answer)
    if rule.reset:
        exchange.connection.reset_on_close()
    return False


def _drop_before(exchange, rule):
    return _drop(exchange, rule, None)


def _drop_after(exchange, rule):
    return _drop(exchange, rule, exchange.act())


def _cut(exchange, rule):
    raw, body_length = exchange.render(exchange.act())
    exchange.send(raw[:len(raw) - body_length + min(rule.bytes, body_length)])
    return False


def _hang(exchange, rule):
    exchange.settle(exchange.act() if rule.act else None)
    exchange.write_log()
    exchange.connection.await_close()
    return False


def _drip(exchange, rule):
    raw, _ = exchange.render(exchange.act())
    size = rule.bytes or 1
    for start in range(0, len(raw), size):
        exchange.send(raw[start:start + size])
        exchange.pause(rule.ms)
    return True


def _close(exchange, rule):
    answer = exchange.act()
    exchange.reply(replace(answer, headers={**answer.headers, "Connection": "close"}))
    return False


def _close_idle(exchange, rule):
    exchange.reply(exchange.act())
    exchange.write_log()
    exchange.pause(rule.ms)
    return False


def _repeat(exchange, rule):
    answers = [exchange.act(), exchange.act()]
    return exchange.reply(answers[rule.answer - 1])


def _reply_twice(exchange, rule):
    raw, _ = exchange.render(exchange.act())
    exchange.send(raw + raw)
    return True


def _edit(exchange, rule):
    answer = exchange.act()
    answer.body = re.sub(rule.find, rule.put, answer.body.decode()).encode()
    return exchange.reply(answer)


def _instead(exchange, rule, answer):
    """Send `answer` in place of the real one, whether or not the request is acted on."""
    if rule.act:
        exchange.act()
    return exchange.reply(answer)


def _error(exchange, rule):
    error = AwsError(rule.status or 500, rule.code, rule.message)
    answer = failure(exchange.service, error, exchange.request_id)
    if rule.body is not None:
        answer.body = rule.body.encode()
    return _instead(exchange, rule, answer)


def _throttle(exchange, rule):
    error = AwsError(400, "Throttling", "Rate exceeded")
    return _instead(exchange, rule, failure(exchange.service, error, exchange.request_id))


def _redirect(exchange, rule):
    headers = {"Location": rule.location}
    return _instead(exchange, rule, Answer(rule.status or 307, b"", "Redirect", headers))


def _body(exchange, rule):
    text = HOSTILE[rule.template] if rule.template else rule.body or ""
    body = text.replace("{request_id}", exchange.request_id).encode()
    return _instead(exchange, rule, Answer(rule.status or 200, body, "Body"))


def _garbage(exchange, rule):
    return _instead(exchange, rule, Answer(rule.status or 200, os.urandom(rule.bytes or 512),
                                           "Garbage"))


def _huge(exchange, rule):
    body = b"<GetSessionTokenResponse>" + b"A" * (rule.bytes or 8 * 1024 * 1024)
    return _instead(exchange, rule, Answer(rule.status or 200, body, "Huge"))


FAULTS = {
    "body": _body,
    "close": _close,
    "close-idle": _close_idle,
    "cut": _cut,
    "drip": _drip,
    "drop-after": _drop_after,
    "drop-before": _drop_before,
    "edit": _edit,
    "error": _error,
    "garbage": _garbage,
    "hang": _hang,
    "huge": _huge,
    "redirect": _redirect,
    "repeat": _repeat,
    "reply-twice": _reply_twice,
    "throttle": _throttle,
}
