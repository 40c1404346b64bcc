# SPDX-License-Identifier: BSD-2-Clause
"""The vault's file through the real programs: damaged, replaced, copied, interrupted, written by several at once."""

import contextlib
import ctypes
import hashlib
import json
import os
import random
import select
import shutil
import signal
import stat
import struct
import subprocess
import time
import unittest

from world import SANITIZED, USER, Case, access_key_json, check, wait_for

PREFIX = 84  # magic, version, id, public key: every byte of them is tried
CHANGES = 0x3ce  # inotify(7): modify, attrib, close after writing, move, create, delete


def write_as_user(path, content, mode=0o600):
    """Replace the content of a file in place, or make it the person's."""
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    if USER is not None:
        os.chown(path, USER, USER)


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Watch:
    """Counts what happens to the files of some folders, as it happens."""

    def __init__(self, *folders):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        for folder in folders:
            if libc.inotify_add_watch(self.fd, folder.encode(), CHANGES) < 0:
                raise OSError(ctypes.get_errno(), folder)
        self.count = 0

    def wait(self, count, ended):
        """Until so many events have been seen; False when ended() came first."""
        while self.count < count:
            if not select.select([self.fd], [], [], 0.01)[0]:
                if ended():
                    return False
                continue
            events = os.read(self.fd, 65536)
            while events:
                size = 16 + struct.unpack_from("=I", events, 12)[0]
                events, self.count = events[size:], self.count + 1
        return True

    def close(self):
        os.close(self.fd)


class VaultCase(Case):
    def setUp(self):
        super().setUp()
        self.key = self.machine.enrol()
        self.user = self.machine.add_key(mfa=False)
        self.folder = os.path.dirname(self.machine.vault)

    def key_add(self, name, user, machine=None):
        return (machine or self.machine).start("awstap", *self.words_of_key_add(name),
                                               stdin=self.input_of(access_key_json(user)))

    def words_of_key_add(self, name):
        return ["key", "add", name, "--sts-endpoint-url", self.aws.endpoint]

    def input_of(self, secret):
        """A pipe that yields the secret and ends, for a command's stdin."""
        read_end, write_end = os.pipe()
        os.write(write_end, secret.encode())
        os.close(write_end)
        file = os.fdopen(read_end)
        self.addCleanup(file.close)
        return file

    def names(self, machine=None):
        listed = check((machine or self.machine).awstap("key", "list", "--json")).json()
        return sorted(key["name"] for key in listed)

    def on_disk(self):
        """All that the vault's and the state folder hold, but for the log: {path: (mode, inode, content)}."""
        found = {}
        for folder in (self.folder, self.machine.state):
            for name in os.listdir(folder):
                if name.startswith("log"):
                    continue
                path = os.path.join(folder, name)
                at = os.lstat(path)
                readable = stat.S_ISREG(at.st_mode) and at.st_mode & stat.S_IRUSR
                found[path] = (at.st_mode, at.st_ino, read(path) if readable else None)
        return found

    def commands(self):
        """Every command that reads the vault, and what it gets on stdin."""
        other = self.aws.add_user(f"user{len(self.aws.state()['accounts'][0]['users'])}")
        return [(["get", "work"], None), (["key", "list"], None), (["key", "show", "work"], None),
                (["factor", "list"], None), (self.words_of_key_add("other"), access_key_json(other)),
                (["key", "remove", "work"], None), (["factor", "add", "fido2"], None),
                (["factor", "remove", "1"], None), (["mfa", "code", "work"], None),
                (["mfa", "import", "work", "--mfa-serial", self.user["serial"]], self.user["seed_base32"])]

    def assert_all_refuse(self, status, *words):
        """Every command fails like this, before anybody touches anything or AWS is asked, and writes nothing."""
        before, touches, asked = self.on_disk(), self.key.number("touches"), len(self.aws.requests())
        for command, text in self.commands():
            with self.subTest(command):
                self.assert_fails(self.machine.awstap(*command, text=text), status, *words)
        self.assertEqual(self.on_disk(), before)
        self.assertEqual(self.key.number("touches"), touches)
        self.assertEqual(len(self.aws.requests()), asked)


class Damage(VaultCase):
    def test_a_bit_anywhere(self):
        """One bit, anywhere in the file: exit 6, nothing written."""
        good = read(self.machine.vault)
        chance = random.Random(1)
        step = 29 if SANITIZED else 5
        places = [*range(PREFIX), *range(PREFIX, len(good), step), *range(len(good) - 96, len(good), 7)]
        for place in places:
            bad = bytearray(good)
            bad[place] ^= 1 << chance.randrange(8)
            write_as_user(self.machine.vault, bad)
            self.assert_fails(self.machine.awstap("key", "list"), 6, self.machine.vault, "damaged")
        self.assertEqual(read(self.machine.vault), bytes(bad))
        write_as_user(self.machine.vault, good)
        self.assertEqual(self.names(), ["work"])

    def test_every_command_refuses(self):
        """Whatever is asked of a damaged vault: exit 6, no touch, no request, nothing written."""
        good = read(self.machine.vault)
        for place in (0, 18, 40, 200, len(good) // 2, len(good) - 40, len(good) - 1):
            bad = bytearray(good)
            bad[place] ^= 0x10
            write_as_user(self.machine.vault, bad)
            self.assert_all_refuse(6, self.machine.vault, "damaged", "good copy")

    def test_cut_or_grown(self):
        """Truncated, emptied, appended to, overwritten: exit 6."""
        good = read(self.machine.vault)
        cuts = [good[:n] for n in (0, 1, 15, 16, 31, 32, 33, 100, len(good) - 32, len(good) - 1)]
        for bad in (*cuts, good + b"\0", good + b"\n", good + good, b"\0" * len(good), b"x" * 200_000):
            write_as_user(self.machine.vault, bad)
            self.assert_fails(self.machine.awstap("get", "work"), 6, self.machine.vault)
            self.assertEqual(read(self.machine.vault), bad)
        write_as_user(self.machine.vault, b"")
        self.assert_all_refuse(6, self.machine.vault)

    def test_forged(self):
        """A change with a checksum that fits is shown, but not believed: after the touch, exit 6, nothing is sent."""
        good = read(self.machine.vault)
        body = good[:-32].replace(b"\x00\x00\x00\x04work", b"\x00\x00\x00\x04evil")
        write_as_user(self.machine.vault, body + hashlib.blake2b(body, digest_size=32).digest())
        self.assert_fails(self.machine.awstap("key", "list"), 6, "changed in two places")
        shutil.rmtree(self.machine.state)
        self.assertEqual(self.names(), ["evil"])
        forged = read(self.machine.vault)
        for words, text in ((["get", "evil"], None), (["mfa", "import", "evil", "--mfa-serial", self.user["serial"]],
                                                      self.user["seed_base32"])):
            self.assert_fails(self.machine.awstap(*words, text=text), 6, self.machine.vault)
        self.assertEqual(self.actions("GetSessionToken"), [])
        self.assertEqual(read(self.machine.vault), forged)


class Elsewhere(VaultCase):
    """Not the file that was written last."""

    def test_missing(self):
        """No vault: exit 1, and what to do first."""
        os.unlink(self.machine.vault)
        for words in (["get", "work"], ["key", "list"], ["mfa", "code", "work"], ["factor", "list"]):
            self.assert_fails(self.machine.awstap(*words), 1, self.machine.vault, "awstap factor add")

    def test_no_regular_file(self):
        """A link, a folder, a pipe in the vault's place: exit 6, at once."""
        vault, kept = self.machine.vault, self.machine.vault + ".kept"
        os.rename(vault, kept)
        for make in (lambda: os.symlink(kept, vault), lambda: os.mkdir(vault), lambda: os.mkfifo(vault)):
            make()
            if USER is not None:
                os.chown(vault, USER, USER, follow_symlinks=False)
            self.assert_all_refuse(6, vault, "refused")
            os.rmdir(vault) if os.path.isdir(vault) else os.unlink(vault)
        os.rename(kept, vault)
        self.assertEqual(self.names(), ["work"])

    def test_open_to_others(self):
        """Others may read or write it: exit 6, and the command that helps."""
        for mode in (0o644, 0o640, 0o602):
            os.chmod(self.machine.vault, mode)
            self.assert_all_refuse(6, "chmod 600", self.machine.vault)
        os.chmod(self.machine.vault, 0o600)
        self.assertEqual(self.names(), ["work"])

    @unittest.skipIf(os.geteuid() != 0, "only root can give files away")
    def test_of_another_user(self):
        os.chown(self.machine.vault, 0, 0)
        os.chmod(self.machine.vault, 0o644)
        self.assert_all_refuse(6, self.machine.vault, "another user")

    def test_unreadable(self):
        os.chmod(self.machine.vault, 0)
        self.assert_all_refuse(1, self.machine.vault, "can't be read", "Permission denied")

    def test_an_older_one(self):
        """A copy from before the last write: exit 6, and two ways out, which both work."""
        older = read(self.machine.vault)
        check(self.machine.finish(self.key_add("other", self.aws.add_user("bob"))))
        newer = read(self.machine.vault)
        write_as_user(self.machine.vault, older)
        self.assert_all_refuse(6, self.machine.vault, "older", "put the newer one in its place")
        write_as_user(self.machine.vault, newer)
        self.assertEqual(self.names(), ["other", "work"])
        write_as_user(self.machine.vault, older)
        self.go_on_with_this_one()
        self.assertEqual(self.names(), ["work"])

    def go_on_with_this_one(self):
        """The other way out that the line names."""
        self.assert_fails(self.machine.awstap("key", "list"), 6, "awstap vault adopt")
        check(self.machine.awstap("vault", "adopt"))

    def test_on_two_machines(self):
        """A copy serves elsewhere; written in two places, the other's is refused here, and what it has is not lost."""
        there = self.machine.copied()
        self.addCleanup(there.close)
        check(there.awstap("get", "work"))
        check(self.machine.finish(self.key_add("here", self.aws.add_user("bob"))))
        check(there.finish(self.key_add("there", self.aws.add_user("carol"), there)))
        self.assertEqual(self.names(there), ["there", "work"])
        write_as_user(self.machine.vault, read(there.vault))
        self.assert_all_refuse(6, self.machine.vault, "two places", "put the other one in its place")
        self.go_on_with_this_one()
        self.assertEqual(self.names(), ["there", "work"])
        check(self.machine.awstap("get", "there"))

    def test_a_newer_one(self):
        """What another machine wrote since is taken, and remembered once a touch has opened it."""
        there = self.machine.copied()
        self.addCleanup(there.close)
        older = read(self.machine.vault)
        check(there.finish(self.key_add("there", self.aws.add_user("carol"), there)))
        write_as_user(self.machine.vault, read(there.vault))
        check(self.machine.awstap("get", "there"))
        write_as_user(self.machine.vault, older)
        self.assert_fails(self.machine.awstap("get", "work"), 6, "older")

    def test_state_lost(self):
        """Without the state folder all goes on, and what is written is remembered again."""
        older = read(self.machine.vault)
        shutil.rmtree(self.machine.state)
        check(self.machine.awstap("get", "work"))
        wait_for(lambda: not self.machine.processes("awstap-signer"), "the signer to have written what it remembers")
        shutil.rmtree(self.machine.state)
        check(self.machine.finish(self.key_add("other", self.aws.add_user("bob"))))
        self.assertEqual(self.names(), ["other", "work"])
        write_as_user(self.machine.vault, older)
        self.assert_fails(self.machine.awstap("key", "list"), 6, "older")

    def test_state_damaged(self):
        """A memory that can't be read is no reason to forget: exit 6, and the way on."""
        (name,) = [name for name in os.listdir(self.machine.state) if name.startswith("vault-")]
        write_as_user(os.path.join(self.machine.state, name), b"1 x\n")
        self.assert_all_refuse(6, name, "damaged", "awstap vault adopt")
        check(self.machine.awstap("vault", "adopt"))
        self.assertEqual(self.names(), ["work"])


class Writing(VaultCase):
    def test_several_at_once(self):
        """Four keys sealed at the same time are all there, each in a write of its own."""
        before = self.generation()
        children = [self.key_add(name, self.aws.add_user(name)) for name in ("a", "b", "c", "d")]
        for child in children:
            check(self.machine.finish(child))
        self.assertEqual(self.names(), ["a", "b", "c", "d", "work"])
        self.assertEqual(self.generation(), before + 4)

    def generation(self):
        (name,) = [name for name in os.listdir(self.machine.state) if name.startswith("vault-")]
        return int(read(os.path.join(self.machine.state, name)).split()[1])

    def test_two_agents(self):
        """Two agents with one vault: what was said to be sealed is there, what is not was said to have failed."""
        second = {"AWSTAP_SOCK": os.path.join(self.machine.run_dir, "second.sock")}
        done = ["work"]
        for turn in range(4):
            names = f"a{turn}", f"b{turn}"
            children = [self.machine.start("awstap", *self.words_of_key_add(name), env=env,
                                           stdin=self.input_of(access_key_json(self.aws.add_user(name))))
                        for name, env in zip(names, ({}, second))]
            for name, child in zip(names, children):
                result = self.machine.finish(child)
                if result.status == 0:
                    done.append(name)
                else:
                    self.assert_fails(result, result.status, "again")
            self.assertEqual(self.names(), sorted(done))

    def test_read_only(self):
        """The folder can't be written to: exit 1, one line that says so, the vault as it was."""
        os.chmod(self.folder, 0o500)
        before = read(self.machine.vault)
        result = self.machine.finish(self.key_add("other", self.aws.add_user("bob")))
        self.assert_fails(result, 1, self.machine.vault, "Permission denied", "as it was")
        self.assertEqual(read(self.machine.vault), before)
        check(self.machine.awstap("get", "work"))
        os.chmod(self.folder, 0o700)
        check(self.machine.finish(self.key_add("other", self.aws.add_user("carol"))))

    def small_disk(self, folder):
        """Put the folder onto a small disk of its own, which is full but for what the folder holds."""
        content = {name: read(os.path.join(folder, name)) for name in os.listdir(folder)}
        options = f"size=64k,mode=700,uid={USER},gid={USER}"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "awstap-test", folder],
                                 stderr=subprocess.PIPE, check=False)
        if mounted.returncode != 0:
            self.skipTest("no small disk can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)
        for name, data in content.items():
            write_as_user(os.path.join(folder, name), data)
        filler = os.path.join(folder, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                return filler

    @unittest.skipIf(os.geteuid() != 0, "only root can mount a small disk")
    def test_disk_full(self):
        """No room: exit 1, one line that says so, the vault as it was; with room again all goes on."""
        filler = self.small_disk(self.folder)
        before = read(self.machine.vault)
        result = self.machine.finish(self.key_add("other", self.aws.add_user("bob")))
        self.assert_fails(result, 1, self.machine.vault, "No space left on device", "as it was")
        self.assertEqual(read(self.machine.vault), before)
        self.assertNotIn("vault.new", os.listdir(self.folder))
        check(self.machine.awstap("get", "work"))
        os.unlink(filler)
        check(self.machine.finish(self.key_add("other", self.aws.add_user("carol"))))
        self.assertEqual(self.names(), ["other", "work"])

    @unittest.skipIf(os.geteuid() != 0, "only root can mount a small disk")
    def test_state_disk_full(self):
        """No room for the state: the line says that the vault was changed all the same."""
        self.small_disk(self.machine.state)
        result = self.machine.finish(self.key_add("other", self.aws.add_user("bob")))
        self.assert_fails(result, 1, "was changed as asked", self.machine.state, "No space left on device")
        self.assertEqual(self.names(), ["other", "work"])


class Killed(VaultCase):
    """All of awstap is killed while it writes: the vault is the old one or the new one, and work goes on."""

    def setUp(self):
        super().setUp()
        self.bob = self.aws.add_user("bob")
        spare = self.machine.key("spare")
        spare.plug()
        self.clean = self.save()

    def save(self):
        """What the person's folders hold, to start from again."""
        return {path: content for path, (mode, _, content) in self.on_disk().items() if stat.S_ISREG(mode)}

    def restore(self):
        for path in self.on_disk():
            os.unlink(path)
        for path, content in self.clean.items():
            write_as_user(path, content)

    def what_is_there(self):
        """What the programs say that the vault holds."""
        keys = check(self.machine.awstap("key", "list", "--json")).json()
        factors = check(self.machine.awstap("factor", "list", "--json")).json()
        return json.dumps([keys, [factor["label"] for factor in factors]], sort_keys=True)

    def kill_all(self):
        """The agent, its starter and its helpers are one process group: they die at one instant."""
        agent = check(self.machine.awstap("status", "--json")).json()["pid"]
        self.assertEqual(os.getpgid(agent), agent)
        return lambda: os.killpg(agent, signal.SIGKILL)

    def are_all_dead(self):
        """A command that had not connected yet when all was killed has started an agent anew: that one too."""
        for pid in self.machine.processes():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(os.getpgid(pid), signal.SIGKILL)
        return not self.machine.processes()

    def try_once(self, start, wait):
        """One operation, cut off when wait() says so. Whether the vault is the new one; None: it was not cut off."""
        self.restore()
        before = self.what_is_there()
        kill = self.kill_all()
        watch = Watch(self.folder, self.machine.state)
        child = start()
        was_cut = wait(watch, lambda: child.poll() is not None)
        kill()
        watch.close()
        self.machine.finish(child)
        wait_for(self.are_all_dead, "all to be dead")
        is_old = read(self.machine.vault) == self.clean[self.machine.vault]
        self.assertEqual(self.what_is_there() == before, is_old)
        check(self.machine.awstap("mfa", "import", "work", "--mfa-serial", self.user["serial"],
                                  text=self.user["seed_base32"]))
        return not is_old if was_cut else None

    def try_all(self, start):
        """At every change that the operation makes to a folder, and at instants spread over its time."""
        outcomes, events = [], 0
        began = time.monotonic()
        check(self.machine.finish(start()))
        duration = time.monotonic() - began
        while not outcomes or outcomes[-1] is not None:
            events += 1
            outcomes.append(self.try_once(start, lambda watch, ended: watch.wait(events, ended)))
        self.assertGreater(events, 10)
        chance = random.Random(events)
        for _ in range(4 if SANITIZED else 20):
            instant = chance.random() * duration
            outcomes.append(self.try_once(start, lambda watch, ended: time.sleep(instant) or True))
        self.assertIn(True, outcomes)
        self.assertIn(False, outcomes)

    def test_key_add(self):
        self.try_all(lambda: self.key_add("other", self.bob))

    def test_mfa_import(self):
        self.try_all(lambda: self.machine.start("awstap", "mfa", "import", "work", "--mfa-serial", self.user["serial"],
                                                stdin=self.input_of(self.user["seed_base32"])))

    def test_factor_add(self):
        self.try_all(lambda: self.machine.start("awstap", "factor", "add", "fido2", "--device", "softkey:spare"))


if __name__ == "__main__":
    unittest.main()
