# SPDX-License-Identifier: BSD-2-Clause
"""A vault opened from outside, with what the software key remembers: the keys that no process may keep.
agent/signer/VAULT.md has the format."""

import ctypes
import ctypes.util
import hashlib
import hmac
import struct

PREFIX = 16 + 4 + 16
SEALED_OVERHEAD = 48


class _Reader:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def take(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self):
        return struct.unpack(">I", self.take(4))[0]

    def string(self):
        return self.take(self.number())


def _hash(key, label, *parts):
    state = hashlib.blake2b(label.encode() + b"\0", digest_size=32, key=key)
    for part in parts:
        state.update(struct.pack(">Q", len(part)) + part)
    return state.digest()


def _unseal(sealed, public_key, private_key):
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
    opened = ctypes.create_string_buffer(len(sealed) - SEALED_OVERHEAD)
    if sodium.crypto_box_seal_open(opened, sealed, ctypes.c_ulonglong(len(sealed)), public_key, private_key) != 0:
        raise ValueError("the slot does not open")
    return opened.raw


def vault_keys(path, master):
    """All that opens the vault by its first slot, a security key without user verification whose master secret
    this is: a dict of what it is, and its bytes."""
    with open(path, "rb") as file:
        reader = _Reader(file.read(), PREFIX + 32 + 16 + 4 + 4 + 4)
    vault_id = reader.data[20:PREFIX]
    slot_id = reader.take(4)
    reader.take(4 + 8)
    reader.string()
    public_key, credential = reader.take(32), reader.string()
    reader.take(64)
    salt = reader.take(32)
    reader.take(4 + 16 + 32)
    secret = hmac.digest(hmac.digest(master, b"p" + credential, "sha256"), salt, "sha256")
    seed = _hash(secret, "awstap 1 slot pair", vault_id, slot_id)
    private_key = hashlib.sha512(seed).digest()[:32]
    inside = _unseal(reader.take(144), public_key, private_key)
    return {"output of hmac-secret": secret, "seed of the slot's pair": seed, "slot's private key": private_key,
            "vault's private key": inside[:32], "vault's anchor": inside[32:64],
            "K_head": _hash(inside[:32], "awstap 1 K_head", vault_id)}
