# SPDX-License-Identifier: BSD-2-Clause
"""The fake's clock, and the ways in which AWS writes a time."""

import time


class Clock:
    """Milliseconds since 1970 as this AWS sees them.

    `offset_file` is shared with the programs under test and moves everybody's clock; `skew_ms`
    moves this one alone, so that client and server disagree.
    """

    def __init__(self, offset_file=None):
        self.offset_file = offset_file
        self.skew_ms = 0

    def now_ms(self):
        return time.time_ns() // 1_000_000 + self._offset_ms() + self.skew_ms

    def _offset_ms(self):
        if self.offset_file is None:
            return 0
        try:
            with open(self.offset_file, "rb", buffering=0) as file:
                return int(file.read(64) or b"0")
        except FileNotFoundError:
            return 0


def _written(layout, ms):
    return time.strftime(layout, time.gmtime(ms // 1000))


def iso_date(ms):
    """2026-01-31T23:59:59Z, as in Expiration and CreateDate."""
    return _written("%Y-%m-%dT%H:%M:%SZ", ms)


def basic_date(ms):
    """20260131T235959Z, as in x-amz-date."""
    return _written("%Y%m%dT%H%M%SZ", ms)


def http_date(ms):
    """The Date header. Day and month names stay English: no locale is ever set here."""
    return _written("%a, %d %b %Y %H:%M:%S GMT", ms)
