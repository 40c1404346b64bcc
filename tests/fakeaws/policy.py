# SPDX-License-Identifier: BSD-2-Clause
"""What a caller may do: the policy documents of its user or role, and what the setup grants
beside them."""

from dataclasses import dataclass

import document
from answer import AwsError
from clock import iso_date
from world import User

# What the setup grants every user about itself. Policies on oneself are an administrator's power.
OWN_ACTIONS = {
    "iam:CreateAccessKey", "iam:CreateVirtualMFADevice", "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey", "iam:DeleteVirtualMFADevice", "iam:EnableMFADevice",
    "iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys", "iam:ListMFADevices",
    "iam:ListVirtualMFADevices", "iam:ResyncMFADevice", "iam:UpdateAccessKey",
}
EXPLICIT = " with an explicit deny in an identity-based policy"


@dataclass
class Target:
    """What a call is about: its ARN, how AWS's refusals call it, and the user whose it is (or
    None)."""

    arn: str
    shown: str
    owner: User = None


def _denied(caller, action, shown, reason):
    return AwsError(403, "AccessDenied", f"User: {caller.arn} is not authorized to perform:"
                    f" {action} on resource: {shown}{reason}")


def _context(call, fresh_mfa=False):
    """The condition keys of a request; None or absent where AWS sends none."""
    caller, session = call.caller, call.caller.session
    context = {"aws:CurrentTime": iso_date(call.now_ms), "aws:PrincipalArn": caller.principal_arn,
               "aws:PrincipalAccount": caller.account.id, "aws:userid": caller.unique_id,
               "aws:username": None if caller.user is None else caller.user.name}
    if session is not None:
        context["aws:TokenIssueTime"] = iso_date(session.issued_ms)
        context["aws:MultiFactorAuthPresent"] = "true" if session.mfa else "false"
        if session.mfa:
            age_ms = call.now_ms - session.issued_ms
            context["aws:MultiFactorAuthAge"] = str(max(0, age_ms // 1000))
    if fresh_mfa:
        context.update({"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"})
    return context


def _said(call, action, arn, fresh_mfa=False):
    """What the caller's own documents say: Allow, Deny or None."""
    caller = call.caller
    policies = (caller.role or caller.user).policies.seen(call.now_ms, call.world.flapping)
    return document.decide(policies.values(), caller.account.partition, action, arn,
                           _context(call, fresh_mfa))


def _lacks_mfa(call):
    """The setup's own deny: a user who has a device that STS can use must have used it."""
    user = call.caller.user
    if user is None or user.only_policies or not user.iam_needs_mfa or call.caller.mfa:
        return False
    return any(device.seed_base32 for device in user.mfa)


def _granted(caller, action, owner):
    """What the setup allows."""
    if caller.role is not None:
        return caller.role.allow_iam
    if caller.user.only_policies:
        return False
    return caller.user.admin or (action in OWN_ACTIONS and owner is caller.user)


def authorize_iam(call, target):
    """May the caller do this IAM action on the Target? AwsError AccessDenied with AWS's text if
    not."""
    caller, action = call.caller, f"iam:{call.action}"
    if caller.root:
        return
    said = _said(call, action, target.arn)
    if said == "Deny" or _lacks_mfa(call):
        raise _denied(caller, action, target.shown, EXPLICIT)
    if said != "Allow" and not _granted(caller, action, target.owner):
        raise _denied(caller, action, target.shown,
                      f" because no identity-based policy allows the {action} action")


def _trusted(caller, role, mfa, external_id):
    """Whether a role's trust lets the caller in; "by name" where it names the caller itself."""
    named = {caller.arn, caller.principal_arn}
    wide = {"*", caller.account.arn("iam", "root")}
    met = role is not None and (mfa or not role.require_mfa) and (
        role.external_id in (None, external_id))
    if not met or (named | wide).isdisjoint(role.trust):
        return None
    return "widely" if named.isdisjoint(role.trust) else "by name"


def authorize_assume_role(call, role, arn, mfa, fresh_mfa, external_id):
    """May the caller assume `role` (None: there is none with that `arn`)? `mfa`: this request or
    its session has MFA, `fresh_mfa`: this request. AwsError if not. A user who has only its
    policies needs one that allows it, unless a role of its own account trusts it by name."""
    caller = call.caller
    trusted = _trusted(caller, role, mfa, external_id)
    said = _said(call, "sts:AssumeRole", arn, fresh_mfa)
    if said == "Deny":
        raise _denied(caller, "sts:AssumeRole", arn, EXPLICIT)
    asks = caller.user is not None and caller.user.only_policies
    by_name = trusted == "by name" and role.account is caller.account
    if trusted is None or (asks and said != "Allow" and not by_name):
        raise _denied(caller, "sts:AssumeRole", arn, "")
