# SPDX-License-Identifier: BSD-2-Clause
"""What this AWS knows: accounts, users, keys, MFA devices, roles and sessions, in memory only."""

import base64
import json
import os
import secrets
from dataclasses import dataclass, field

import document
import totp
from settling import Settling

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
# What the setup and the state call by these names.
SETTINGS = ("regions", "propagation_ms", "flapping", "late_lists", "implicit_user_name")
SESSION_TOKEN_HEAD = base64.b64decode("IQoJb3JpZ2luX2Vj")


def new_id(prefix):
    """An AWS identifier of 20 characters, as AKIA…, ASIA…, AIDA…, AROA…."""
    return prefix + "".join(secrets.choice(ID_LETTERS) for _ in range(20 - len(prefix)))


def new_secret():
    """A secret access key: 40 characters of base64."""
    return base64.b64encode(os.urandom(30)).decode()


def device_in(devices, serial):
    """The device of that serial number, or None."""
    return next((device for device in devices if device.serial == serial), None)


def new_session_token():
    """600 characters of base64 that begin as AWS's do."""
    return base64.b64encode(SESSION_TOKEN_HEAD + os.urandom(438)).decode()


@dataclass
class AccessKey:
    """A long-term key. `status` (Active, Inactive; Deleted in the end) settles: IAM knows it at
    once, authentication late; None where it has not heard of the key."""

    id: str
    secret: str
    created_ms: int = 0
    last_used: dict = None
    status: Settling = field(default_factory=Settling)


@dataclass(eq=False)
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

    def enable(self, first, second, now_ms):
        """True for the codes of two consecutive steps, none of them used, the second within one
        step of now; both count as used then."""
        step = totp.step_of(self.seed_base32, second, totp.step_at(now_ms), 1)
        if step is None or step - 1 <= self.last_step:
            return False
        if totp.step_of(self.seed_base32, first, step - 1, 0) is None:
            return False
        self.last_step = step
        return True


@dataclass
class User:
    """An IAM user, or the root user of an account. `issued` holds every key it ever had; `devices`
    (a tuple) the MFA devices that are enabled; `policies` documents by name."""

    account: object
    name: str
    path: str = "/"
    root: bool = False
    iam_needs_mfa: bool = True
    admin: bool = False
    only_policies: bool = False
    id: str = field(default_factory=lambda: new_id("AIDA"))
    issued: list = field(default_factory=list)
    devices: Settling = field(default_factory=lambda: Settling(()))
    policies: Settling = field(default_factory=lambda: Settling({}))
    created_ms: int = 0

    @property
    def arn(self):
        if self.root:
            return self.account.arn("iam", "root")
        return self.account.arn("iam", f"user{self.path}{self.name}")

    @property
    def unique_id(self):
        return self.account.id if self.root else self.id

    @property
    def keys(self):
        return [key for key in self.issued if key.status.value != "Deleted"]

    @property
    def mfa(self):
        return list(self.devices.value)

    def device(self, serial):
        return device_in(self.mfa, serial)

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
    policies: Settling = field(default_factory=lambda: Settling({}))

    @property
    def arn(self):
        return self.account.arn("iam", f"role{self.path}{self.name}")


@dataclass
class Account:
    """An account; `virtual` (a tuple) holds its virtual MFA devices, enabled for a user or not."""

    id: str
    partition: str = "aws"
    users: dict = field(default_factory=dict)
    roles: dict = field(default_factory=dict)
    root: User = None
    virtual: Settling = field(default_factory=lambda: Settling(()))

    def arn(self, service, resource):
        return f"arn:{self.partition}:{service}::{self.id}:{resource}"

    def everybody(self):
        return [user for user in [self.root, *self.users.values()] if user is not None]

    def holder(self, device):
        """The user for whom a device is enabled, or None."""
        return next((user for user in self.everybody() if device in user.mfa), None)


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
        self.flapping = False
        self.late_lists = False
        self.implicit_user_name = False
        self.accounts = {}
        self.roles = {}
        self.keys = {}
        self.sessions = {}

    def add_account(self, id, partition="aws", root=None, users=(), roles=(), virtual_mfa=()):
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
        for device in virtual_mfa:
            self._add_virtual(account, MfaDevice(**device))
        return account

    def add_user(self, account, **description):
        user = self._user(account, **description)
        account.users[user.name] = user
        return user

    def add_role(self, account, policies=None, **description):
        role = Role(account, policies=_documents(account, policies), **description)
        self.roles[role.arn] = account.roles[role.name] = role
        return role

    def _user(self, account, keys=(), mfa=(), policies=None, **description):
        user = User(account, created_ms=self.born_ms, policies=_documents(account, policies),
                    **description)
        for key in keys:
            self._known_key(user, **key)
        user.devices = Settling(tuple(MfaDevice(enabled_ms=self.born_ms, **device)
                                      for device in mfa))
        for device in user.mfa:
            if device.seed_base32 is not None:
                self._add_virtual(account, device)
        return user

    @staticmethod
    def _add_virtual(account, device):
        account.virtual = Settling((*account.virtual.value, device))

    def _known_key(self, user, id, secret, status="Active"):
        """Give a user a key that everybody knows of already."""
        self.add_key(user, AccessKey(id, secret, self.born_ms, status=Settling(status)))

    def add_key(self, user, key):
        user.issued.append(key)
        self.keys[key.id] = (user, key)

    def add_session(self, session):
        self.sessions[session.id] = session

    def visible_ms(self, now_ms):
        """When a change that is made now will be seen everywhere."""
        return now_ms + self.propagation_ms

    def listed(self, settling, now_ms):
        """What IAM's lists show of a value."""
        return settling.late(now_ms) if self.late_lists else settling.value

    def user(self, name, account=None):
        """The user with this name or ARN, in any account where none is named; LookupError."""
        for owner in self.accounts.values():
            for user in owner.everybody():
                if account in (None, owner.id) and name in (user.name, user.arn):
                    return user
        raise LookupError(f"there is no user {name}")

    def device(self, serial):
        """The MFA device with this serial, whoever has it, or None."""
        devices = [device for account in self.accounts.values()
                   for source in [account.virtual, *(user.devices for user in account.everybody())]
                   for device in source.value]
        return device_in(devices, serial)


def _documents(account, policies):
    """Policies by name, from setup: each a document or its JSON; ValueError for one that is not
    understood."""
    texts = {name: text if isinstance(text, str) else json.dumps(text)
             for name, text in (policies or {}).items()}
    for text in texts.values():
        document.parse(text, account.partition)
    return Settling(texts)


def build(description, now_ms):
    """A World from the JSON given to setup; TypeError or ValueError where it does not fit."""
    world = World(now_ms)
    for account in description.get("accounts", []):
        world.add_account(**account)
    for name in set(description) - {"accounts"}:
        if name not in SETTINGS:
            raise TypeError(f"setup knows no {name!r}")
        setattr(world, name, description[name])
    return world


def _dump_key(key):
    return {**vars(key), "status": key.status.value, "changes": list(key.status.changes)}


def _dump_user(user):
    return {"arn": user.arn, "id": user.unique_id, "name": user.name, "admin": user.admin,
            "iam_needs_mfa": user.iam_needs_mfa, "keys": [_dump_key(key) for key in user.keys],
            "mfa": [dict(vars(device)) for device in user.mfa], "policies": user.policies.value}


def _dump_account(account):
    return {"id": account.id, "partition": account.partition,
            "root": _dump_user(account.root) if account.root else None,
            "users": [_dump_user(user) for user in account.users.values()],
            "virtual_mfa": [dict(vars(device)) for device in account.virtual.value]}


def _dump_role(role):
    return {**vars(role), "account": role.account.id, "arn": role.arn,
            "policies": role.policies.value}


def _dump_session(session):
    kept = {name: value for name, value in vars(session).items()
            if name not in ("account", "user", "role")}
    return {**kept, "user": session.user.arn if session.user else None,
            "role": session.role.arn if session.role else None}


def dump(world):
    """The whole world as JSON, secrets included: it is a fake, and tests search for them."""
    return {"accounts": [_dump_account(account) for account in world.accounts.values()],
            "roles": [_dump_role(role) for role in world.roles.values()],
            "regions": world.regions, "disabled_regions": sorted(world.disabled_regions),
            **{name: getattr(world, name) for name in SETTINGS},
            "sessions": [_dump_session(session) for session in world.sessions.values()]}


def audit(user):
    """What a user has at AWS, secrets included, with the virtual MFA devices of its account that
    nobody uses."""
    unused = [device for device in user.account.virtual.value
              if user.account.holder(device) is None]
    return {"arn": user.arn, "policies": user.policies.value,
            "keys": [{"id": key.id, "status": key.status.value, "created_ms": key.created_ms,
                      "secret": key.secret} for key in user.keys],
            "mfa": [{"serial": device.serial, "enabled": device not in unused,
                     "seed_base32": device.seed_base32} for device in [*user.mfa, *unused]]}
