# SPDX-License-Identifier: BSD-2-Clause
"""The agent's socket as a program that means ill would use it: proto/PROTOCOL.md spoken byte by byte."""

import array
import contextlib
import os
import socket
import struct

from world import PATIENCE, USER

HELLO, DONE, FAILED, PROGRESS, GET, LEAVE, STATUS, LOCK, SESSION = 1, 2, 3, 4, 16, 17, 18, 19, 20
FACTOR_LIST, KEY_ADD, KEY_LIST, START, WANT = 33, 35, 36, 64, 81
FIDO_LIST, FIDO_DEVICE, FIDO_SELECT, FIDO_PIN_WANTED = 96, 97, 98, 106
CONTEXT, PROMPT_ASK, PROMPT_ANSWER, PROMPT_FAILED = 23, 120, 121, 122
PIN, PASSPHRASE, NEW_PASSPHRASE, ASK_CODE, ASK_RECOVERY, CONFIRM = 1, 2, 3, 4, 5, 6  # what PROMPT_ASK asks for
PROTOCOL = 1


@contextlib.contextmanager
def acting_as(uid):
    """What the kernel asks of credentials in here, it asks of this user's, where that can be done."""
    if uid is None:
        yield
        return
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def text(value):
    encoded = value.encode() + b"\0"
    return struct.pack(">I", len(encoded)) + encoded


def number(value):
    return struct.pack(">I", value)


def frame(kind, *fields):
    body = bytes([kind]) + b"".join(fields)
    return number(len(body)) + body


def number_and_text(fields):
    """A u32 and the text behind it, as FAILED and PROMPT_FAILED carry them."""
    return struct.unpack(">I", fields[:4])[0], fields[8:].rstrip(b"\0").decode()


def hello(version, protocol=PROTOCOL):
    return frame(HELLO, number(protocol), text(version))


def texts(*values):
    """A list."""
    data = b"".join(value.encode() + b"\0" for value in values)
    return number(len(data)) + data


def get(key, duration=0, hops=()):
    """hops: names and values in turn, as PROTOCOL.md has them."""
    return frame(GET, text(key), number(duration), texts(*hops))


def connect(path, uid=USER, wait=True):
    """A conversation with whoever listens there. BlockingIOError: the queue is full, and we are not to wait."""
    conversation = socket.socket(socket.AF_UNIX)
    conversation.setblocking(wait)
    try:
        with acting_as(uid):
            conversation.connect(path)
    except OSError:
        conversation.close()
        raise
    conversation.settimeout(PATIENCE)
    return conversation


def send_fds(conversation, data, *messages_of_fds):
    """Send data with descriptors: one control message for each list of them."""
    conversation.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))
                                  for fds in messages_of_fds])


def read_to_end(conversation):
    """All that comes until the other side hangs up."""
    data = b""
    while True:
        try:
            more = conversation.recv(65536)
        except ConnectionResetError:
            more = b""
        if not more:
            return data
        data += more


def read_frame(conversation):
    """The next frame: its type and its fields as bytes; None at the end."""
    head = _read(conversation, 4)
    if head is None:
        return None
    body = _read(conversation, struct.unpack(">I", head)[0])
    return body[0], body[1:]


def _read(conversation, size):
    data = b""
    while len(data) < size:
        more = conversation.recv(size - len(data))
        if not more:
            return None
        data += more
    return data


def helper(machine, name):
    """Start a helper as the starter does, but without an agent: the child, and the other end of its conversation."""
    ours, theirs = socket.socketpair()
    with theirs:
        child = machine.start(machine.program(name), preexec_fn=lambda: os.dup2(theirs.fileno(), 3), close_fds=False)
    ours.settimeout(PATIENCE)
    return child, ours
