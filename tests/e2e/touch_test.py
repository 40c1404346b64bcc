# SPDX-License-Identifier: BSD-2-Clause
"""One touch for all who ask, and what happens when it does not come."""

import unittest

from world import Case, check, read_until


class Touch(Case):
    def test_fifty_ask_at_once(self):
        """Fifty cold requests: one touch, one GetSessionToken, fifty identical answers."""
        key = self.machine.enrol()
        self.machine.add_key()
        touches = key.number("touches")
        children = [self.machine.start("awstap", "get", "work") for _ in range(50)]
        results = [self.machine.finish(child) for child in children]
        self.assertEqual({result.status for result in results}, {0}, results)
        self.assertEqual(len({result.out for result in results}), 1)
        self.assertEqual({result.err for result in results}, {""})
        self.assertEqual(key.number("touches"), touches + 1)
        self.assertEqual(len(self.actions("GetSessionToken")), 1)

    def test_cached_while_another_waits(self):
        """A cached session is served at once while another key's flight waits for its touch."""
        key = self.machine.enrol()
        self.machine.add_key()
        self.machine.add_key("other", "bob")
        first = check(self.machine.awstap("get", "work"))
        key.person("never")
        waiting = self.machine.start("awstap", "get", "other")
        key.wait_blinking()
        self.assertEqual(check(self.machine.awstap("get", "work")).out, first.out)
        self.assertIsNone(waiting.poll())
        key.person("auto")
        self.assertEqual(self.machine.finish(waiting).json()["AccountId"], "123456789012")

    def test_terminal_is_told(self):
        """While a touch is awaited the terminal says so, and stderr does not."""
        key = self.machine.enrol()
        self.machine.add_key()
        key.person("never")
        child, master = self.machine.on_terminal("/bin/sh", "-c", "awstap get work 2>err >out")
        self.assertIn("touch the security key", read_until(master, "work"))
        key.person("auto")
        self.assertEqual(child.wait(), 0)


if __name__ == "__main__":
    unittest.main()
