# SPDX-License-Identifier: BSD-2-Clause
"""What this AWS knows: accounts, users, keys, MFA devices, roles and sessions, in memory only."""

import base64
import os
import secrets
from dataclasses import dataclass, field

import totp

ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
REGIONS = [
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-central-1", "eu-west-1",
    "ap-southeast-2", "cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-gov-east-1",
    "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1",
]
# Where each partition signs for IAM, which has one endpoint per partition.
IAM_REGIONS = {
    "aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1",
}
SESSION_TOKEN_HEAD = base64.b64decode("IQoJb3JpZ2luX2Vj")


def new_id(prefix):
    """An AWS identifier of 20 characters, as AKIA…, ASIA…, AIDA…, AROA…."""
    return prefix + "".join(secrets.choice(ID_LETTERS) for _ in range(20 - len(prefix)))


def new_secret():
    """A secret access key: 40 characters of base64."""
    return base64.b64encode(os.urandom(30)).decode()


def new_session_token():
    """600 characters of base64 that begin as AWS's do."""
    return base64.b64encode(SESSION_TOKEN_HEAD + os.urandom(438)).decode()


@dataclass
class AccessKey:
    """A long-term key. `status` is what IAM lists; `beliefs` what authentication knows, when."""

    id: str
    secret: str
    status: str = "Active"
    created_ms: int = 0
    last_used: dict = None
    beliefs: list = field(default_factory=list)

    def change(self, status, visible_ms):
        self.status = status
        self.beliefs.append((visible_ms, status))

    def believed(self, now_ms):
        """The status that authentication sees, None while it has not heard of the key."""
        known = [status for visible_ms, status in self.beliefs if visible_ms <= now_ms]
        return known[-1] if known else None


@dataclass
class MfaDevice:
    """A virtual device, or (without a seed) one that STS can't use, as a FIDO key is."""

    serial: str
    seed_base32: str = None
    enabled_ms: int = 0
    last_step: int = -1

    def __post_init__(self):
        if self.seed_base32 is not None:
            totp.code_for(self.seed_base32, 0)

    def accept(self, code, now_ms):
        """True once per step for a code within one step of now; a step at or before the last
        one used is refused."""
        step = totp.step_of(self.seed_base32, code, totp.step_at(now_ms), 1)
        if step is None or step <= self.last_step:
            return False
        self.last_step = step
        return True


@dataclass
class User:
    """An IAM user, or the root user of an account."""

    account: object
    name: str
    path: str = "/"
    root: bool = False
    iam_needs_mfa: bool = True
    admin: bool = False
    id: str = field(default_factory=lambda: new_id("AIDA"))
    keys: list = field(default_factory=list)
    mfa: list = field(default_factory=list)
    created_ms: int = 0

    @property
    def arn(self):
        if self.root:
            return self.account.arn("iam", "root")
        return self.account.arn("iam", f"user{self.path}{self.name}")

    @property
    def unique_id(self):
        return self.account.id if self.root else self.id

    def device(self, serial):
        return next((device for device in self.mfa if device.serial == serial), None)

    def key(self, key_id):
        return next((key for key in self.keys if key.id == key_id), None)


@dataclass
class Role:
    """A role; `trust` lists ARNs of users, roles, assumed-role sessions or roots, or "*"."""

    account: object
    name: str
    path: str = "/"
    trust: list = field(default_factory=list)
    require_mfa: bool = False
    external_id: str = None
    max_session_duration: int = 3600
    allow_iam: bool = False
    id: str = field(default_factory=lambda: new_id("AROA"))

    @property
    def arn(self):
        return self.account.arn("iam", f"role{self.path}{self.name}")


@dataclass
class Account:
    id: str
    partition: str = "aws"
    users: dict = field(default_factory=dict)
    root: User = None

    def arn(self, service, resource):
        return f"arn:{self.partition}:{service}::{self.id}:{resource}"


@dataclass
class Session:
    """Temporary credentials: of `user` (GetSessionToken) or of `role` (AssumeRole)."""

    account: Account
    user: User
    role: Role
    name: str
    mfa: bool
    issued_ms: int
    expires_ms: int
    source: str
    details: dict = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("ASIA"))
    secret: str = field(default_factory=new_secret)
    token: str = field(default_factory=new_session_token)


class World:
    """Everything there is, with the indexes that requests look things up by."""

    def __init__(self, now_ms):
        self.born_ms = now_ms
        self.regions = list(REGIONS)
        self.disabled_regions = set()
        self.propagation_ms = 0
        self.implicit_user_name = False
        self.accounts = {}
        self.roles = {}
        self.keys = {}
        self.sessions = {}

    def add_account(self, id, partition="aws", root=None, users=(), roles=()):
        """Add an account from its setup description (README.md)."""
        if partition not in IAM_REGIONS:
            raise ValueError(f"no partition is called {partition!r}")
        account = self.accounts[id] = Account(id, partition)
        if root is not None:
            account.root = self._user(account, name="root", root=True, **root)
        for user in users:
            self.add_user(account, **user)
        for role in roles:
            self.add_role(account, **role)
        return account

    def add_user(self, account, **description):
        user = self._user(account, **description)
        account.users[user.name] = user
        return user

    def add_role(self, account, **description):
        role = Role(account, **description)
        self.roles[role.arn] = role
        return role

    def _user(self, account, keys=(), mfa=(), **description):
        user = User(account, created_ms=self.born_ms, **description)
        for key in keys:
            self.add_key(user, AccessKey(created_ms=self.born_ms, **key), 0)
        user.mfa = [MfaDevice(enabled_ms=self.born_ms, **device) for device in mfa]
        return user

    def add_key(self, user, key, visible_ms):
        """Give a user a key that authentication knows from `visible_ms` on."""
        key.change(key.status, visible_ms)
        user.keys.append(key)
        self.keys[key.id] = (user, key)

    def delete_key(self, user, key, visible_ms):
        """IAM forgets the key at once, authentication from `visible_ms` on."""
        key.change("Deleted", visible_ms)
        user.keys.remove(key)

    def add_session(self, session):
        self.sessions[session.id] = session

    def device(self, serial):
        """The MFA device with this serial, whoever has it, or None."""
        owners = [user for account in self.accounts.values()
                  for user in [account.root, *account.users.values()] if user is not None]
        return next((user.device(serial) for user in owners if user.device(serial)), None)


def build(description, now_ms):
    """A World from the JSON given to setup; TypeError or ValueError where it does not fit."""
    world = World(now_ms)
    for account in description.get("accounts", []):
        world.add_account(**account)
    for name in set(description) - {"accounts"}:
        if name not in ("regions", "propagation_ms", "implicit_user_name"):
            raise TypeError(f"setup knows no {name!r}")
        setattr(world, name, description[name])
    return world


def _dump_user(user):
    mfa = [dict(vars(device)) for device in user.mfa]
    keys = [{**vars(key), "beliefs": list(key.beliefs)} for key in user.keys]
    return {"arn": user.arn, "id": user.unique_id, "name": user.name, "admin": user.admin,
            "iam_needs_mfa": user.iam_needs_mfa, "keys": keys, "mfa": mfa}


def _dump_session(session):
    kept = {name: value for name, value in vars(session).items()
            if name not in ("account", "user", "role")}
    return {**kept, "user": session.user.arn if session.user else None,
            "role": session.role.arn if session.role else None}


def dump(world):
    """The whole world as JSON, secrets included: it is a fake, and tests search for them."""
    accounts = [{"id": account.id, "partition": account.partition,
                 "root": _dump_user(account.root) if account.root else None,
                 "users": [_dump_user(user) for user in account.users.values()]}
                for account in world.accounts.values()]
    roles = [{**vars(role), "account": role.account.id, "arn": role.arn}
             for role in world.roles.values()]
    return {"accounts": accounts, "roles": roles, "regions": world.regions,
            "disabled_regions": sorted(world.disabled_regions),
            "propagation_ms": world.propagation_ms,
            "sessions": [_dump_session(session) for session in world.sessions.values()]}
