# SPDX-License-Identifier: BSD-2-Clause
"""The log of requests: in memory for the control port, in a file as JSON lines."""

import json
import threading
import time


class Journal:
    """Records are dicts, numbered from 0. One is opened when its request has arrived, settled
    before the first byte of its answer leaves, and written to the file after that."""

    def __init__(self, path=None):
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.changed = threading.Condition()
        self.records = []

    def open(self, facts):
        with self.changed:
            record = {"index": len(self.records), **facts, "status": None, "code": None,
                      "fault": None, "server_us": None, "settled": False}
            self.records.append(record)
            self.changed.notify_all()
        return record

    def settle(self, record, **outcome):
        with self.changed:
            record.update(outcome, settled=True)
            self.changed.notify_all()

    def write(self, record):
        """Append a settled record to the file."""
        if self.file is not None:
            with self.changed:
                self.file.write(json.dumps(record) + "\n")
                self.file.flush()

    def reset(self):
        with self.changed:
            self.records = []

    def since(self, index):
        """Copies of the records from `index` on."""
        with self.changed:
            return [dict(record) for record in self.records[index:]]

    def wait(self, index, wanted, count, timeout_ms):
        """The records from `index` on that have every item of `wanted`, once there are `count`
        of them or the time is over."""
        def matching():
            return [dict(record) for record in self.records[index:]
                    if all(record.get(name) == value for name, value in wanted.items())]

        deadline = time.monotonic() + timeout_ms / 1000
        with self.changed:
            found = matching()
            while len(found) < count and self.changed.wait(deadline - time.monotonic()):
                found = matching()
        return found

    def close(self):
        if self.file is not None:
            with self.changed:
                self.file.close()
                self.file = None
