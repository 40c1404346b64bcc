# SPDX-License-Identifier: BSD-2-Clause
"""Eventual consistency: a value whose changes are seen some time after they were made."""


class Settling:
    """`value` is what was written last; until a change is visible, the one before it is seen."""

    def __init__(self, value=None):
        self.value = value
        self.changes = [(0, value)]
        self.looks = 0

    def set(self, value, visible_ms):
        """Write `value`, to be seen from `visible_ms` on."""
        self.value = value
        self.changes.append((visible_ms, value))

    def late(self, now_ms):
        """What a server that hears of changes late sees."""
        return [value for visible_ms, value in self.changes if visible_ms <= now_ms][-1]

    def seen(self, now_ms, flapping):
        """What the server that happens to answer sees: a late one; with `flapping`, one that knows
        of the change already and a late one, by turns, beginning with the one that knows."""
        late = self.late(now_ms)
        if not flapping or late is self.value:
            return late
        self.looks += 1
        return self.value if self.looks % 2 else late
