# SPDX-License-Identifier: BSD-2-Clause
"""What is interrupted: each operation, the state that it begins from, and how one tells that it is done."""

import os

import world
from command import must

PASSPHRASE = "seven plain words are longer than needed"
PIN = "always pin " + PASSPHRASE
ACCOUNT = world.SERIAL.split(":")[4]
STRANGER = {"serial": world.SERIAL + "-phone", "seed_base32": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}
CREDENTIALS = """# kept by hand
[default]
region = eu-central-1

[old]   ; the key that lay here for years
aws_access_key_id = {access_key_id}
aws_secret_access_key = {secret}
# and what stands behind it
[other]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
"""


# Bases: each returns the facts that its operations need.

def at(stage):
    return ("--sts-endpoint-url", stage.aws.endpoint, "--iam-endpoint-url", stage.aws.endpoint)


def add_key(stage, name, user, **facts):
    """An IAM user, its key in the vault. The user's facts."""
    user = stage.aws.add_user(user, **facts)
    must(stage, "key", "add", name, *at(stage), text=world.access_key_json(user))
    return user


def add_stranger(stage):
    """An account with an MFA device that no vault made, its name like those that ours have; before its users."""
    stage.aws.setup(accounts=[{"id": ACCOUNT, "virtual_mfa": [STRANGER]}])


def import_seed(stage, name, user):
    must(stage, "mfa", "import", name, "--mfa-serial", user["serial"], text=user["seed_base32"])


def enrolled(stage):
    """A security key, and nobody's AWS key."""
    stage.machine.key().plug()
    must(stage, "factor", "add", "fido2", "--label", "yubi")
    return {"user": stage.aws.add_user("alice", with_mfa=False)}


def sealed(stage):
    """A key with its MFA seed, and a second user whose key is still outside."""
    add_stranger(stage)
    stage.machine.key().plug()
    must(stage, "factor", "add", "fido2", "--label", "yubi")
    user = add_key(stage, "work", "alice")
    import_seed(stage, "work", user)
    return {"user": user, "second": stage.aws.add_user("bob")}


def seedless(stage):
    """A key whose MFA device's seed is not in the vault yet."""
    stage.machine.key().plug()
    must(stage, "factor", "add", "fido2", "--label", "yubi")
    return {"user": add_key(stage, "work", "alice")}


def two_keys(stage):
    """Two keys."""
    facts = sealed(stage)
    must(stage, "key", "add", "second", *at(stage), text=world.access_key_json(facts["second"]))
    return facts


def two_factors(stage):
    """A security key and a passphrase, factor 2."""
    facts = sealed(stage)
    stage.machine.pinentry(PIN)
    must(stage, "factor", "add", "passphrase")
    return facts


def without_grace(stage):
    """A key that is rotated without a period of grace."""
    facts = sealed(stage)
    must(stage, "key", "set", "work", "grace=0")
    return facts


def due(stage):
    """A key whose rotation is due."""
    facts = without_grace(stage)
    must(stage, "key", "set", "work", "rotate_every=30d")
    stage.machine.advance(31 * 24 * 3600 * 1000)
    return facts


def without_mfa(stage):
    """A user without MFA, who may change its own devices without."""
    add_stranger(stage)
    stage.machine.key().plug()
    must(stage, "factor", "add", "fido2", "--label", "yubi")
    return {"user": add_key(stage, "work", "alice", with_mfa=False, iam_needs_mfa=False)}


def copied(stage):
    """A vault that was made on another machine."""
    facts = sealed(stage)
    folder = stage.machine.state
    for name in os.listdir(folder):
        if "machine" in name:
            os.unlink(os.path.join(folder, name))
    return facts


def backed_up(stage):
    """A vault, and a backup of it from before a change."""
    facts = sealed(stage)
    must(stage, "vault", "export", "backup")
    must(stage, "key", "set", "work", "duration=2h")
    return facts


def lost(stage):
    """A backup of a vault that is gone, with all that was known of it."""
    facts = backed_up(stage)
    os.unlink(stage.machine.vault)
    for name in os.listdir(stage.machine.state):
        os.unlink(os.path.join(stage.machine.state, name))
    return facts


def in_a_file(stage):
    """A key in a plain credentials file."""
    stage.machine.key().plug()
    must(stage, "factor", "add", "fido2", "--label", "yubi")
    user = stage.aws.add_user("alice", with_mfa=False, iam_needs_mfa=False)
    stage.machine.config(f"[profile old]\nendpoint_url = {stage.aws.endpoint}\n")
    path = os.path.join(stage.machine.home, ".aws/credentials")
    with open(path, "w", encoding="utf-8") as file:
        file.write(CREDENTIALS.format(**user))
    if world.USER is not None:
        os.chown(path, world.USER, world.USER)
        os.chown(os.path.join(stage.machine.home, ".aws/config"), world.USER, world.USER)
    os.chmod(path, 0o600)
    return {"user": user}


# What can be seen of the vault and of AWS.

def keys(stage):
    """The keys that the vault lists, by name."""
    return {key["name"]: key for key in must(stage, "key", "list", "--json").json()}


def factors(stage):
    return [factor["kind"] for factor in must(stage, "factor", "list", "--json").json()]


class Operation:
    """A command, and all that is to be known about it.

    `base`: what it begins from. `words`, `text`, `answers`: the command, what it reads, what the person types.
    `again`: words of the refusals that are right where the first run did its work before it was interrupted.
    `key`: which must give sessions in the end, and at any time unless it is `brought` by the operation.
    `before`: done by the agent that the command will find. `after`: commands that complete it, too.
    `denies`: it hands over a denial of sessions."""

    def __init__(self, name, base, *words, text=None, answers=(), again=(), pinentry=(), key="work", brought=False,
                 before=None, after=(), denies=False, done):
        self.name, self.base, self.words = name, base, words
        self.text, self.answers, self.again, self.pinentry = text, answers, again, pinentry
        self.key, self.brought, self.before, self.after = key, brought, before, after
        self.denies, self.done = denies, done

    def command(self, stage):
        """The words, with what is only known at the stage."""
        facts = {**stage.facts, "aws": stage.aws.endpoint}
        return [word.format(**facts) for word in self.words]

    def input(self, stage):
        return self.text(stage.facts) if self.text else None


def _second_key(facts):
    return world.access_key_json(facts["second"])


def _first_key(facts):
    return world.access_key_json(facts["user"])


def _seed(facts):
    return facts["user"]["seed_base32"]


def _rotated(stage):
    """AWS has one key of the user's, another than before, and the vault has that one."""
    user = stage.facts["user"]
    at_aws = [key["id"] for key in stage.aws.audit("alice")["keys"]]
    return len(at_aws) == 1 and at_aws[0] != user["access_key_id"] and keys(stage)["work"]["access_key_id"] == at_aws[0]


def _devices(stage):
    """The user's MFA devices, nobody's ones too, but for the one that no vault knows."""
    return [device for device in stage.aws.audit("alice")["mfa"] if device["serial"] != STRANGER["serial"]]


def _has_mfa(stage):
    devices = _devices(stage)
    key = keys(stage)["work"]
    return [device["enabled"] for device in devices] == [True] and key["mfa_serial"] == devices[0]["serial"] \
        and key["has_seed"]


def _has_other_mfa(stage):
    """Another seed than before; the device may have the old name, where it was replaced twice."""
    return _has_mfa(stage) and _devices(stage)[0]["seed_base32"] != stage.facts["user"]["seed_base32"]


def _has_no_mfa(stage):
    key = keys(stage)["work"]
    return not _devices(stage) and not key["mfa_serial"] and not key["has_seed"]


def _adopted(stage):
    """Its keys may be rotated here."""
    return not keys(stage)["work"]["elsewhere"]


def _imported(stage):
    """The vault has another key than the one that lay in the file, which is off; the file has it no more."""
    with open(os.path.join(stage.machine.home, ".aws/credentials"), encoding="utf-8") as file:
        text = file.read()
    user, fresh = stage.facts["user"], keys(stage)["old"]["access_key_id"]
    active = [key["id"] for key in stage.aws.audit("alice")["keys"] if key["status"] == "Active"]
    return user["secret"] not in text and "wJalrXUtnFEMI" in text and fresh != user["access_key_id"] and active == [fresh]


def _exported(stage):
    """The backup is the vault, to the byte."""
    path = os.path.join(stage.machine.home, "backup")
    if not os.path.exists(path):
        return False
    with open(path, "rb") as backup, open(stage.machine.vault, "rb") as vault:
        return backup.read() == vault.read()


def _get(stage):
    must(stage, "get", "work")


OPERATIONS = {operation.name: operation for operation in (
    Operation("factor add", sealed, "factor", "add", "passphrase", pinentry=[PIN],
              done=lambda stage: "passphrase" in factors(stage)),
    Operation("factor remove", two_factors, "factor", "remove", "2", again=["no factor"], answers=[(r"\[y/N\] ?", "n\n")],
              done=lambda stage: "passphrase" not in factors(stage)),
    Operation("key add", sealed, "key", "add", "second", "--sts-endpoint-url", "{aws}", text=_second_key,
              again=["there is a key second already"], done=lambda stage: "second" in keys(stage)),
    Operation("key add first", enrolled, "key", "add", "work", "--sts-endpoint-url", "{aws}", text=_first_key,
              again=["there is a key work already"], brought=True, done=lambda stage: "work" in keys(stage)),
    Operation("key set", sealed, "key", "set", "work", "duration=2h",
              done=lambda stage: keys(stage)["work"]["duration_seconds"] == 7200),
    Operation("key remove", two_keys, "key", "remove", "second", again=["no key"],
              done=lambda stage: "second" not in keys(stage)),
    Operation("mfa import", seedless, "mfa", "import", "work", "--mfa-serial", "{user[serial]}", text=_seed,
              done=lambda stage: keys(stage)["work"]["has_seed"]),
    Operation("vault export", sealed, "vault", "export", "backup", again=["is there already"], done=_exported),
    Operation("vault adopt", copied, "vault", "adopt", again=["already"], done=_adopted),
    Operation("vault import", lost, "vault", "import", "backup", brought=True,
              done=lambda stage: "work" in keys(stage)),
    Operation("vault replace", backed_up, "vault", "import", "backup", "--replace",
              done=lambda stage: keys(stage)["work"]["duration_seconds"] == 12 * 3600),
    Operation("key rotate", without_grace, "key", "rotate", "work", done=_rotated),
    Operation("rotate --due", due, "key", "rotate", "--due", before=_get, after=(("lock",), ("get", "work"), ("key", "rotate", "--due")),
              done=_rotated),
    Operation("mfa add", without_mfa, "mfa", "add", "work", again=["already"], done=_has_mfa),
    Operation("mfa replace", sealed, "mfa", "add", "work", "--replace", done=_has_other_mfa),
    Operation("mfa remove", sealed, "mfa", "remove", "work", again=["no MFA device"], done=_has_no_mfa),
    Operation("key import", in_a_file, "key", "import", "old", "--burn", answers=[(r"\[Y/n\] ?", "y\n")], key="old",
              brought=True, done=_imported),
    Operation("revoke", sealed, "revoke", "work", answers=[("Type yes: ", "yes\n")], denies=True,
              done=_rotated),
)}
