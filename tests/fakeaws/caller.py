# SPDX-License-Identifier: BSD-2-Clause
"""Who signed a request: from the Authorization header to a principal whose claim is proven."""

from dataclasses import dataclass

import sigv4
from answer import AwsError
from world import IAM_REGIONS, AccessKey, Account, Role, Session, User


@dataclass
class Caller:
    """A principal: a user by long-term key, or a session of a user or of a role."""

    account: Account
    region: str
    user: User = None
    role: Role = None
    key: AccessKey = None
    session: Session = None

    @property
    def arn(self):
        if self.role is None:
            return self.user.arn
        return self.account.arn("sts", f"assumed-role/{self.role.name}/{self.session.name}")

    @property
    def principal_arn(self):
        """aws:PrincipalArn: the user's, or the role's whatever the session is called."""
        return self.user.arn if self.role is None else self.role.arn

    @property
    def unique_id(self):
        if self.role is None:
            return self.user.unique_id
        return f"{self.role.id}:{self.session.name}"

    @property
    def root(self):
        return self.user is not None and self.user.root

    @property
    def mfa(self):
        """aws:MultiFactorAuthPresent; a long-term key never has it."""
        return self.session is not None and self.session.mfa


def invalid_token():
    """The one error for keys unknown, inactive or not yet known, and tokens that don't fit."""
    return AwsError(403, "InvalidClientTokenId",
                    "The security token included in the request is invalid.")


def _session_caller(world, signature, token, now_ms):
    session = world.sessions.get(signature.key_id)
    if session is None or session.token != token:
        raise invalid_token()
    if now_ms >= session.expires_ms:
        raise AwsError(403, "ExpiredToken",
                       "The security token included in the request is expired")
    return Caller(session.account, signature.region, session.user, session.role,
                  session=session), session.secret


def _key_caller(world, signature, now_ms):
    user, key = world.keys.get(signature.key_id, (None, None))
    if key is None or key.status.seen(now_ms, world.flapping) != "Active":
        raise invalid_token()
    return Caller(user.account, signature.region, user, key=key), key.secret


def identify(world, request, service, now_ms):
    """The Caller of a request, its signature, scope and time verified; AwsError otherwise.
    Notes when and where a long-term key was used."""
    signature = sigv4.parse(request)
    sigv4.check_signed_headers(request, signature)
    token = request.one("x-amz-security-token")
    if token is not None:
        caller, secret = _session_caller(world, signature, token, now_ms)
    else:
        caller, secret = _key_caller(world, signature, now_ms)
    regions = world.regions if service == "sts" else [IAM_REGIONS[caller.account.partition]]
    sigv4.check_scope(signature, service, regions)
    sigv4.check_window(signature, now_ms)
    sigv4.check_signature(request, signature, secret)
    if caller.key is not None:
        caller.key.last_used = {"ms": now_ms, "region": signature.region, "service": service}
    return caller
