# SPDX-License-Identifier: BSD-2-Clause
"""vault export, import and adopt: a backup, another machine, an older vault, one that was changed in two places."""

import contextlib
import glob
import errno
import hashlib
import os
import signal
import sys
import unittest

from vault_test import VaultCase, read
from world import TOP, Machine, access_key_json, check, read_until, wait_for

sys.path.append(os.path.join(TOP, "tests/matrix"))

from stage import Points  # noqa: E402  (tests/matrix/stage.py)

VERSION_AT = 16  # where the format's version stands, agent/signer/VAULT.md
HASH_SIZE = 32  # BLAKE2b of all before it, at the end
COPY_MAX = 1024 * 1024


class CareCase(VaultCase):
    def setUp(self):
        super().setUp()
        self.backup = os.path.join(self.machine.home, "backup")

    def export(self):
        """A backup of the vault as it is. Its bytes."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.backup)
        check(self.machine.awstap("vault", "export", self.backup))
        return read(self.backup)

    def another(self):
        """A machine with the same security key, and no vault."""
        other = Machine()
        self.addCleanup(other.close)
        other.key_of(self.machine)
        return other

    def add(self, name, user, machine=None):
        machine = machine or self.machine
        check(machine.finish(self.key_add(name, self.aws.add_user(user), machine)))

    def vault_import(self, content, *words, machine=None):
        machine = machine or self.machine
        path = os.path.join(machine.home, "to-import")
        machine.give(path, content)
        return machine.awstap("vault", "import", path, *words)

    def assert_nothing_imported(self, content, status, *said, words=()):
        """It is refused without a touch, and nothing is another than before."""
        before, touches = self.on_disk(), self.key.number("touches")
        self.assert_fails(self.vault_import(content, *words), status, *said)
        self.assertEqual(self.on_disk(), before)
        self.assertEqual(self.key.number("touches"), touches)

    def last_dialog(self, machine=None):
        return (machine or self.machine).dialogs()[-1]["desc"]


class Export(CareCase):
    def test_a_file(self):
        """Byte for byte the vault, for the person alone, without a touch, while the agent holds nothing."""
        check(self.machine.awstap("lock"))
        touches = self.key.number("touches")
        self.assertEqual(self.export(), read(self.machine.vault))
        self.assertEqual(os.stat(self.backup).st_mode & 0o777, 0o600)
        self.assertEqual(self.key.number("touches"), touches)

    def test_over_nothing(self):
        """A backup that is there stays; a link is no way around that."""
        self.machine.give(self.backup, b"the only backup")
        self.assert_fails(self.machine.awstap("vault", "export", self.backup), 1, self.backup, "there already")
        self.assertEqual(read(self.backup), b"the only backup")
        os.unlink(self.backup)
        os.symlink(os.path.join(self.machine.home, "elsewhere"), self.backup)
        self.assert_fails(self.machine.awstap("vault", "export", self.backup), 1, "there already")
        self.assertFalse(os.path.exists(self.backup))

    def test_over_nothing_that_comes_meanwhile(self):
        points = Points(self.machine)
        points.plan("awstap rename 1 hold")
        child = self.machine.start("awstap", "vault", "export", self.backup)
        wait_for(lambda: points.count("awstap", "rename"), "the fault point")
        self.machine.give(self.backup, b"another's")
        points.plan("")
        self.assert_fails(self.machine.finish(child), 1, self.backup, "there already")
        self.assertEqual(read(self.backup), b"another's")

    def test_no_such_folder(self):
        self.assert_fails(self.machine.awstap("vault", "export", "none/backup"), 1, "none/backup", "No such file")

    def test_full_disk(self):
        """Half a backup is none."""
        self.assert_fails(self.machine.run("/bin/sh", "-c", f"{self.machine.program('awstap')} vault export >/dev/full"),
                          1, "could not be written", "No space left")

    def test_interrupted(self):
        """Wherever it is killed or the disk is full, nothing has the backup's name, and the next export makes it."""
        points = Points(self.machine)
        self.export()
        places = {(kind, name) for program, kind, name in points.passed() if program == "awstap"}
        self.assertEqual(places, {("write", ".backup.awstap"), ("half-write", ".backup.awstap"),
                                  ("fsync", ".backup.awstap"), ("rename", "backup"), ("fsync", "home")})
        for kind in ("write", "half-write", "fsync", "rename"):
            for number in (signal.SIGKILL, None):
                with self.subTest(kind, number=number):
                    os.unlink(self.backup)
                    self.interrupt(points, kind, number)
                    self.assertFalse(os.path.exists(self.backup))
                    self.assertEqual(self.export(), read(self.machine.vault))
                    self.assertNotIn(".backup.awstap", os.listdir(self.machine.home))

    def interrupt(self, points, kind, number):
        """An export to which, at its first point of this kind, a signal comes, or a disk that is full."""
        points.clear()
        points.plan(f"awstap {kind} 1 " + ("hold" if number else f"fail {errno.ENOSPC}"))
        child = self.machine.start("awstap", "vault", "export", self.backup)
        if number:
            wait_for(lambda: points.count("awstap", kind), "the fault point")
            child.send_signal(number)
            self.assertEqual(self.machine.finish(child).status, -number)
        else:
            self.assert_fails(self.machine.finish(child), 1, self.backup, "No space left")
            self.assertNotIn(".backup.awstap", os.listdir(self.machine.home))
        points.plan("")

    def test_ended_by_the_person(self):
        """A signal waits for the backup, which takes no time; another export at the same file does not."""
        points = Points(self.machine)
        points.plan("awstap half-write 1 hold")
        child = self.machine.start("awstap", "vault", "export", self.backup)
        wait_for(lambda: points.count("awstap", "half-write"), "the fault point")
        self.assert_fails(self.machine.awstap("vault", "export", self.backup), 1, "another awstap")
        child.send_signal(signal.SIGTERM)
        points.plan("")
        self.assertEqual(self.machine.finish(child).status, -signal.SIGTERM)
        self.assertEqual(read(self.backup), read(self.machine.vault))

    def test_no_rename_without_replacing(self):
        """A file system may know no rename that replaces nothing, and then has second names."""
        points = Points(self.machine)
        points.plan(f"awstap rename 1 fail {errno.EINVAL}")
        self.assertEqual(self.export(), read(self.machine.vault))
        self.assertNotIn(".backup.awstap", os.listdir(self.machine.home))

    def test_a_terminal(self):
        child, terminal = self.machine.on_terminal("awstap", "vault", "export")
        self.assertIn("a vault is no text", read_until(terminal, "name a FILE"))
        self.assertEqual(child.wait(), 2)
        os.close(terminal)

    def test_no_vault(self):
        other = self.another()
        result = self.assert_fails(other.awstap("vault", "export", "backup"), 1, "there is no vault")
        self.assertIn("awstap factor add", result.err)
        self.assertFalse(os.path.exists(os.path.join(other.home, "backup")))


class Elsewhere(CareCase):
    """A machine that has no vault yet."""

    def test_moving(self):
        """It serves at once; what only the machine of the vault does, it says how to get."""
        other = self.another()
        told = check(self.vault_import(self.export(), machine=other))
        for words in ("the vault is imported: 1 factor, 1 key", "another machine", "awstap vault adopt"):
            self.assertIn(words, told.out)
        check(other.awstap("get", "work"))
        self.assertIn("awstap vault adopt", other.awstap("status").out)
        check(other.awstap("vault", "adopt"))
        self.assertIn("don't use the vault over there", self.last_dialog(other))
        self.assertNotIn("adopt", other.awstap("status").out)
        self.assertIn("already", check(other.awstap("vault", "adopt")).out)

    def test_through_a_pipe(self):
        other = self.another()
        read_end, write_end = os.pipe()
        copy = self.machine.start("awstap", "vault", "export", stdout=write_end)
        os.close(write_end)
        taken = other.start("awstap", "vault", "import", "-", stdin=read_end)
        os.close(read_end)
        for child in (copy, taken):
            self.assertEqual(child.wait(), 0)
        self.assertEqual(self.names(other), ["work"])

    def test_the_log_goes_on(self):
        """The log of a machine that had another vault is begun anew by the import, and both verify."""
        other = Machine()
        self.addCleanup(other.close)
        other.enrol("elder")
        check(other.awstap("log", "--verify"))
        other.key_of(self.machine)
        check(self.vault_import(self.export(), "--replace", machine=other))
        check(other.awstap("get", "work"))
        check(other.awstap("log", "--verify"))

    def test_a_key_that_opens_nothing(self):
        """What cannot be opened here is not put in its place."""
        content = self.export()
        other = Machine()
        self.addCleanup(other.close)
        other.key("stranger").plug()
        self.assert_fails(self.vault_import(content, machine=other), 4)
        self.assertFalse(os.path.exists(other.vault))

    def test_adopt_without_a_vault(self):
        self.assert_fails(self.another().awstap("vault", "adopt"), 1, "no vault", "awstap vault import")


class Refused(CareCase):
    """What is no vault, or none for here."""

    def test_no_vault_at_all(self):
        content = self.export()
        for what, told in ((b"", ""), (b"[default]\n", ""), (content[:200], ""), (content[:-1], ""), (content + b"x", "")):
            with self.subTest(what[:20]):
                self.assert_nothing_imported(what, 6, told, words=("--replace",))

    def test_damaged(self):
        content = self.export()
        for at in range(0, len(content), len(content) // 40):
            with self.subTest(at):
                flipped = content[:at] + bytes((content[at] ^ 1,)) + content[at + 1:]
                self.assertNotEqual(self.vault_import(flipped, "--replace").status, 0)
                self.assertEqual(read(self.machine.vault), content)

    def test_too_large(self):
        self.assert_nothing_imported(b"x" * (COPY_MAX + 1), 1, "larger than any vault")

    def test_missing(self):
        self.assert_fails(self.machine.awstap("vault", "import", "none"), 1, "none can't be read", "No such file")

    def test_of_a_newer_awstap(self):
        """The version gate, for what is imported and for what is there."""
        content = self.export()[:-HASH_SIZE]
        content = content[:VERSION_AT] + (2).to_bytes(4, "big") + content[VERSION_AT + 4:]
        content += hashlib.blake2b(content, digest_size=HASH_SIZE).digest()
        self.assert_nothing_imported(content, 6, "newer", words=("--replace",))
        self.machine.give(self.machine.vault, content)
        self.assert_all_refuse(6, self.machine.vault, "newer")
        self.assert_fails(self.machine.awstap("vault", "adopt"), 6, "newer")

    def test_there_is_one(self):
        other = Machine()
        self.addCleanup(other.close)
        other.enrol()
        check(other.awstap("vault", "export", os.path.join(other.home, "backup")))
        self.assert_nothing_imported(read(os.path.join(other.home, "backup")), 1, "there is a vault", "--replace")

    def test_this_one(self):
        self.assertIn("this one already", check(self.vault_import(self.export())).out)

    def test_nobody_says_yes(self):
        content = self.export()
        self.add("other", "bob")
        self.machine.pinentry("cancel")
        before = self.on_disk()
        self.assert_fails(self.vault_import(content, "--replace"), 4)
        self.assertEqual(self.on_disk(), before)


class Replaced(CareCase):
    def test_another_vault(self):
        """The dialog names what goes; the old one is kept; no session of it is served any more."""
        other = Machine()
        self.addCleanup(other.close)
        other.enrol("elder")
        user = self.aws.add_user("zoe")
        check(other.awstap("key", "add", "old", "--sts-endpoint-url", self.aws.endpoint, text=access_key_json(user)))
        check(other.awstap("get", "old"))
        before = read(other.vault)
        other.key_of(self.machine)
        told = check(self.vault_import(self.export(), "--replace", machine=other))
        self.assertRegex(self.last_dialog(other), r"It has work \(AKIA\w+\)\.")
        self.assertIn(f"It does not have old ({user['access_key_id']}).", self.last_dialog(other))
        (kept,) = glob.glob(other.vault + ".replaced-*")
        self.assertIn(kept, told.out)
        self.assertEqual(read(kept), before)
        self.assert_fails(other.awstap("get", "old"), 1, "old")
        check(other.awstap("get", "work"))

    def test_policy_of_the_other(self):
        """What the agent knew of the old one's policies is forgotten with it."""
        check(self.machine.awstap("key", "set", "work", "duration=15m", "max_duration=15m"))
        content = self.export()
        check(self.machine.awstap("key", "set", "work", "duration=12h", "max_duration=36h"))
        check(self.machine.awstap("get", "work"))
        check(self.vault_import(content, "--replace"))
        check(self.machine.awstap("get", "work"))
        self.assertEqual([request["parameters"]["DurationSeconds"] for request in self.actions("GetSessionToken")],
                         ["43200", "900"])

    def test_a_damaged_one(self):
        """Where the vault here is damaged, a backup of it takes its place."""
        content = self.export()
        self.machine.give(self.machine.vault, content[:100])
        self.assert_fails(self.machine.awstap("get", "work"), 6)
        self.assert_fails(self.vault_import(content), 1, "--replace")
        check(self.vault_import(content, "--replace"))
        check(self.machine.awstap("get", "work"))


class BackInTime(CareCase):
    """An older vault than was seen here: never without being told what that means."""

    def setUp(self):
        super().setUp()
        self.older = self.export()
        self.add("other", "bob")

    def test_import(self):
        """The vault's file is lost, and the backup is an old one."""
        os.unlink(self.machine.vault)
        self.assert_fails(self.vault_import(self.older), 6, "older", "--replace")
        self.assertFalse(os.path.exists(self.machine.vault))
        check(self.vault_import(self.older, "--replace"))
        self.assertIn("older one", self.last_dialog())
        self.assertIn("factors that were removed since open it again", self.last_dialog())
        self.assertEqual(self.names(), ["work"])

    def test_import_over_the_newer(self):
        newer = read(self.machine.vault)
        check(self.vault_import(self.older, "--replace"))
        self.assertIn("It does not have other (AKIA", self.last_dialog())
        (kept,) = glob.glob(self.machine.vault + ".replaced-*")
        self.assertEqual(read(kept), newer)
        self.assertEqual(self.names(), ["work"])
        check(self.vault_import(newer, "--replace"))
        self.assertEqual(self.names(), ["other", "work"])

    def test_adopt(self):
        """Somebody put the older file in its place: refused, and taken by a dialog alone. The newer one is then the older."""
        newer = read(self.machine.vault)
        self.machine.give(self.machine.vault, self.older)
        self.assert_all_refuse(6, "older", "awstap vault adopt")
        self.machine.pinentry("cancel")
        self.assert_fails(self.machine.awstap("vault", "adopt"), 4)
        self.assert_fails(self.machine.awstap("get", "work"), 6, "older")
        self.machine.pinentry()
        check(self.machine.awstap("vault", "adopt"))
        self.assertIn("keys that were rotated at AWS since don't work", self.last_dialog())
        check(self.machine.awstap("get", "work"))
        self.machine.give(self.machine.vault, newer)
        check(self.machine.awstap("lock"))
        self.assert_fails(self.machine.awstap("get", "work"), 6, "older")


class Unfinished(CareCase):
    """A newer copy, from a machine that went on with the vault, and no room for it."""

    def setUp(self):
        super().setUp()
        there = self.machine.copied()
        self.addCleanup(there.close)
        self.add("there", "carol", there)
        self.newer = read(there.vault)

    def places(self):
        """Where an import changes the vault's file, elsewhere and undisturbed: for each kind of point, its number."""
        like = self.machine.copied()
        self.addCleanup(like.close)
        check(like.awstap("get", "work"))
        points = Points(like)
        check(self.vault_import(self.newer, "--replace", machine=like))
        names = {kind: [at for program, which, at in points.passed() if (program, which) == ("awstap-signer", kind)]
                 for kind in ("write", "half-write", "fsync", "rename")}
        return {kind: 1 + found.index("vault" if kind == "rename" else "vault.new") for kind, found in names.items()}

    def test_no_room(self):
        """Until it is in its place, it was not seen here: the vault that is there serves on."""
        before, points = read(self.machine.vault), Points(self.machine)
        for kind, nth in self.places().items():
            with self.subTest(kind):
                self.machine.wait_no_signer()
                points.clear()
                points.plan(f"awstap-signer {kind} {nth} fail {errno.ENOSPC}")
                touches = self.key.number("touches")
                self.assert_fails(self.vault_import(self.newer, "--replace"), 1, "could not be written", "No space left")
                self.assertEqual(self.key.number("touches"), touches + 1)
                self.assertEqual(read(self.machine.vault), before)
                self.assertEqual(glob.glob(self.machine.vault + ".replaced-*"), [])
                check(self.machine.awstap("lock"))
                check(self.machine.awstap("get", "work"))
        points.plan("")
        check(self.vault_import(self.newer, "--replace"))
        self.assertEqual(self.names(), ["there", "work"])


    def test_ended_by_the_person(self):
        """By then it is in its place: no session of a key that it does not have is served."""
        self.add("other", "bob")
        check(self.machine.awstap("get", "other"))
        after, points = self.places()["rename"] + 1, Points(self.machine)
        self.machine.wait_no_signer()
        points.clear()
        points.plan(f"awstap-signer rename {after} hold")
        path = os.path.join(self.machine.home, "to-import")
        self.machine.give(path, self.newer)
        child = self.machine.start("awstap", "vault", "import", path, "--replace")
        wait_for(lambda: points.count("awstap-signer", "rename") == after, "the fault point")
        child.send_signal(signal.SIGINT)
        self.assertEqual(self.machine.finish(child).status, -signal.SIGINT)
        points.plan("")
        self.machine.wait_no_signer()
        self.assertEqual(self.names(), ["there", "work"])
        self.assertEqual(self.machine.status()["sessions"], [])


class Forked(CareCase):
    """One vault on two machines, and both write."""

    def setUp(self):
        super().setUp()
        self.there = self.machine.copied()
        self.addCleanup(self.there.close)
        self.add("here", "bob")
        self.add("there", "carol", self.there)
        self.others = read(self.there.vault)

    def test_import(self):
        os.unlink(self.machine.vault)
        self.assert_fails(self.vault_import(self.others), 6, "two places", "--replace")
        check(self.vault_import(self.others, "--replace"))
        self.assertIn("changed in two places", self.last_dialog())
        self.assertEqual(self.names(), ["there", "work"])

    def test_adopt(self):
        """What only the other one has is named as lost, and the kept copy is the way to it."""
        mine = read(self.machine.vault)
        self.machine.give(self.machine.vault, self.others)
        self.assert_all_refuse(6, "two places", "awstap vault adopt")
        check(self.machine.awstap("vault", "adopt"))
        self.assertIn("What only the other one has is lost", self.last_dialog())
        self.assertEqual(self.names(), ["there", "work"])
        check(self.machine.awstap("get", "there"))
        check(self.vault_import(mine, "--replace"))
        self.assertEqual(self.names(), ["here", "work"])


if __name__ == "__main__":
    unittest.main()
