#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold what is written twice together: proto/PROTOCOL.md, message.h and message.c; the man page and --help."""

import os
import re
import subprocess
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AWSTAP = os.path.join(TOP, "build", "testroot", "awstap")
KINDS = {"uint32_t": "u32", "uint64_t": "u64", "const char *": "text", "struct bytes": "bytes", "struct list": "list"}


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def at_line(path, text, offset):
    return f"{path}:{text.count(chr(10), 0, offset) + 1}"


class Message:
    """One message as one of the three files has it: fields are pairs of kind and name, in order."""

    def __init__(self, where, number, carries_fd, fields):
        self.where, self.number, self.carries_fd, self.fields = where, number, carries_fd, fields


def documented():
    """Name → Message, from the tables of PROTOCOL.md."""
    text, found = read("proto", "PROTOCOL.md"), {}
    for row in re.finditer(r"^\| *(\d+) *\|([^|]*)\|([^|]*)\|.*\|$", text, re.M):
        name, fd = re.fullmatch(r" *([A-Z_]+)( \*fd\*)? *", row[2]).groups()
        fields = [tuple(field.split(" ")) for field in row[3].strip().split(", ") if field]
        found[name] = Message(at_line("proto/PROTOCOL.md", text, row.start()), int(row[1]), bool(fd), fields)
    return found


def tabled():
    """Name → Message, from the tables of message.c."""
    text, found = read("proto", "message.c"), {}
    for entry in re.finditer(r'\[MSG_(\w+)\] = \{"(\w+)", (true|false), (NO_FIELDS|FIELDS\(.*?, \))\},\n', text, re.S):
        where = at_line("proto/message.c", text, entry.start())
        fields = re.findall(r"F_(\w+)\((\w+), (\w+)[,)]", entry[4])
        assert entry[1] == entry[2], f"{where}: MSG_{entry[1]} is called {entry[2]}"
        for _, struct, field in fields:
            assert struct == f"msg_{entry[1].lower()}", f"{where}: {entry[1]}'s {field} is one of {struct}"
        found[entry[1]] = Message(where, None, entry[3] == "true", [(kind.lower(), name) for kind, _, name in fields])
    return found


def struct_fields(body):
    """The members of a struct as pairs of kind and name."""
    for kind, names in re.findall(r"(uint32_t|uint64_t|const char \*|struct \w+) ?([^;]+);", body):
        for name in names.split(","):
            yield KINDS[kind], name.strip(" *")


def declared():
    """Name → Message, from the enum and the structs of message.h; carries_fd is not said there."""
    text = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), read("proto", "message.h"), flags=re.S)
    structs = {struct[1].upper(): list(struct_fields(struct[2]))
               for struct in re.finditer(r"struct msg_(\w+) \{(.*?)\};", text, re.S)}
    found = {}
    for value in re.finditer(r"\bMSG_(\w+) = (\d+),", text):
        fields = structs.pop(value[1], [])
        found[value[1]] = Message(at_line("proto/message.h", text, value.start()), int(value[2]), None, fields)
    assert not structs, f"message.h: structs of no message: {', '.join(structs)}"
    return found


class Protocol(unittest.TestCase):
    """PROTOCOL.md, message.h and message.c say the same of each message."""

    def setUp(self):
        self.documented, self.tabled, self.declared = documented(), tabled(), declared()
        self.assertTrue(self.declared)
        for path, found in (("proto/PROTOCOL.md", self.documented), ("proto/message.c", self.tabled)):
            self.assertEqual(sorted(found), sorted(self.declared), f"{path} has other messages than proto/message.h")

    def test_numbers(self):
        for name, message in self.declared.items():
            row = self.documented[name]
            self.assertEqual(row.number, message.number, f"{row.where}: {name} is {message.number} in {message.where}")

    def test_descriptors(self):
        for name, message in self.tabled.items():
            row = self.documented[name]
            self.assertEqual(row.carries_fd, message.carries_fd, f"{row.where}: {name}'s fd mark, {message.where}")

    def test_fields(self):
        for name, message in self.declared.items():
            for other in (self.documented[name], self.tabled[name]):
                self.assertEqual(other.fields, message.fields, f"{other.where}: {name}'s fields, {message.where}")


def run_help(*words):
    done = subprocess.run([AWSTAP, *words, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={}, check=True)
    return done.stdout


def helped():
    """Command → its options, by the help texts."""
    commands = re.findall(r"^  ([a-z-]+(?: [a-z]+)?)  ", run_help(), re.M)
    return {command: set(re.findall(r"^  --([a-z-]+)", run_help(*command.split()), re.M)) for command in commands}


def synopsis_options(command):
    return set(re.findall(r"--([a-z-]+)", run_help(*command.split()).splitlines()[0]))


def manual():
    """Command → its options, by the synopsis of the man page."""
    source = read("client", "awstap.1")
    synopsis = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh ", source, re.M | re.S)[1].replace("\\-", "-")
    found = {}
    for form in synopsis.split(".Nm\n"):
        if command := re.match(r"\.Cm (.+)\n", form):
            found.setdefault(command[1], set()).update(re.findall(r"Fl -([a-z-]+)", form))
    return found


class Manual(unittest.TestCase):
    """The man page and the help texts know the same commands and options; --help, which all have, is written once."""

    def setUp(self):
        self.page, self.helped = manual(), helped()
        self.assertEqual(sorted(self.page), sorted(self.helped), "awstap.1: SYNOPSIS has other commands than --help")

    def test_options(self):
        for command, options in self.helped.items():
            self.assertIn("help", options, f"awstap {command} --help does not list --help")
            options.remove("help")
            self.assertEqual(self.page[command], options, f"awstap.1: the options of {command} in its SYNOPSIS")
            self.assertEqual(synopsis_options(command), options, f"awstap {command} --help: its first line")

    def test_described(self):
        """Each command has an item below the synopsis, and each option is at least named there."""
        source = read("client", "awstap.1").replace("\\-", "-")
        below = source[source.index(".Sh COMMANDS"):source.index(".Sh ENVIRONMENT")]
        items = set(re.findall(r"^\.It Cm ([a-z0-9 -]+)$", re.sub(r" (Op )?Ar .*", "", below, flags=re.M), re.M))
        named = set(re.findall(r"\bFl -([a-z-]+)", below))
        for command, options in self.page.items():
            self.assertTrue(command in items, f"awstap.1: COMMANDS has no item for {command}")
            for option in options:
                self.assertTrue(option in named, f"awstap.1: COMMANDS says nothing of {command}'s --{option}")


if __name__ == "__main__":
    unittest.main()
