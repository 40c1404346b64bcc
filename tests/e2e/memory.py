# SPDX-License-Identifier: BSD-2-Clause
"""What the processes of a machine hold in memory, read by root, and the forms in which a secret could lie there."""

import base64
import hashlib
import hmac
import time
from collections import namedtuple

CHUNK = 4 * 1024 * 1024
UNREADABLE = ("[vvar]", "[vvar_vclock]", "[vsyscall]")  # the kernel's, not to be read through /proc
SHADOW_END = 0x10007fff8000  # below it AddressSanitizer keeps a state for each byte, no content; no program is there

Region = namedtuple("Region", "start end permissions name flags")
Find = namedtuple("Find", "what pid region")


def regions(pid):
    """All that is mapped into the process and readable."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if words[0] == "VmFlags:":
                found.append(Region(*head, set(words[1:])))
            elif not words[0].endswith(":"):
                start, end = (int(address, 16) for address in words[0].split("-"))
                head = (start, end, words[1], words[5] if len(words) > 5 else "")
    return [region for region in found
            if "r" in region.permissions and region.name not in UNREADABLE and region.start >= SHADOW_END]


def _search_region(pid, memory, region, needles):
    overlap = max(map(len, needles.values())) - 1
    found, kept = [], b""
    memory.seek(region.start)
    for at in range(region.start, region.end, CHUNK):
        content = kept + memory.read(min(CHUNK, region.end - at))
        found += [Find(what, pid, region) for what, needle in needles.items() if needle in content]
        kept = content[-overlap:]
    return found


def search(pid, needles):
    """Where in the process any of the needles (a dict: what it is, its bytes) lies: a list of Find. One that has
    ended holds nothing."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            return [find for region in regions(pid) for find in _search_region(pid, memory, region, needles)]
    except (FileNotFoundError, ProcessLookupError):
        return []


def halves(what, data):
    """Either half alone is a find: what was wiped in part was not wiped."""
    return {what + ", first half": data[:len(data) // 2], what + ", second half": data[len(data) // 2:]}


def mac_key(what, key):
    """The key of an HMAC, as the implementation mixes it with its pads and loads it word by word."""
    forms = {}
    for pad in (0x36, 0x5c):
        mixed = bytes(byte ^ pad for byte in key)
        words = b"".join(mixed[i:i + 4][::-1] for i in range(0, len(mixed) - 3, 4))
        forms |= halves(f"{what} mixed with {pad:#x}", mixed) | halves(f"{what} in words mixed with {pad:#x}", words)
    return forms


def access_key(secret, regions_used=("us-east-1",)):
    """The secret of an access key in all forms, the keys that sign for yesterday, today and tomorrow included."""
    forms = halves("secret access key", secret.encode()) | mac_key("secret access key", b"AWS4" + secret.encode())
    for region in regions_used:
        for days in (-1, 0, 1):
            day = time.strftime("%Y%m%d", time.gmtime(time.time() + days * 86400))
            key = b"AWS4" + secret.encode()
            for part in (day, region, "sts", "aws4_request"):
                key = hmac.digest(key, part.encode(), hashlib.sha256)
                forms[f"signing key {day} {region} up to {part}"] = key
    return forms


def seed(base32):
    """A TOTP seed in all forms."""
    raw = base64.b32decode(base32 + "=" * (-len(base32) % 8))
    return halves("seed", raw) | halves("seed in base32", base32.encode()) | mac_key("seed", raw)


def user(facts):
    """All that an IAM user of the fake AWS has to hide."""
    return access_key(facts["secret"]) | seed(facts["seed_base32"])


def session(printed):
    """What of a session, as awstap get printed it, is secret."""
    return halves("session secret", printed["SecretAccessKey"].encode()) | {
        "session token": printed["SessionToken"].encode()[:64]}
