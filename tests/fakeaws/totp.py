# SPDX-License-Identifier: BSD-2-Clause
"""RFC 6238 codes as AWS's virtual MFA devices make them: SHA-1, six digits, 30 seconds."""

import base64
import hmac
import os

STEP_MS = 30_000


def new_seed():
    """A base32 seed of 320 bits, the size that AWS issues."""
    return base64.b32encode(os.urandom(40)).decode()


def step_at(ms):
    return ms // STEP_MS


def code_for(seed_base32, step):
    """The code of one time step; `seed_base32` may lack its padding and hold spaces."""
    text = seed_base32.replace(" ", "").upper()
    seed = base64.b32decode(text + "=" * (-len(text) % 8))
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset:offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def step_of(seed_base32, code, around, reach):
    """The step within `reach` of step `around` whose code this is, nearest first, else None."""
    for distance in range(reach + 1):
        for step in sorted({around - distance, around + distance}):
            if step >= 0 and hmac.compare_digest(code_for(seed_base32, step), code):
                return step
    return None
