# SPDX-License-Identifier: BSD-2-Clause
"""What a caller may do. One place, so that real policy documents can be evaluated here."""

from answer import AwsError


def _denied(caller, action, resource, reason):
    return AwsError(403, "AccessDenied", f"User: {caller.arn} is not authorized to perform:"
                    f" {action} on resource: {resource}{reason}")


def authorize_iam(caller, action, resource, owner):
    """May `caller` do the IAM `action` on `resource`, which belongs to user `owner` (or None)?
    AwsError AccessDenied with AWS's text if not."""
    if caller.root:
        return
    if caller.user is not None and caller.user.iam_needs_mfa and not caller.mfa:
        raise _denied(caller, action, resource,
                      " with an explicit deny in an identity-based policy")
    if caller.role is not None:
        allowed = caller.role.allow_iam
    else:
        allowed = caller.user.admin or (owner is not None and owner is caller.user)
    if not allowed:
        raise _denied(caller, action, resource,
                      f" because no identity-based policy allows the {action} action")


def authorize_assume_role(caller, role, arn, mfa, external_id):
    """May `caller` assume `role` (None: there is none with that `arn`)? AwsError if not."""
    principals = {"*", caller.arn, caller.account.arn("iam", "root")}
    if caller.role is not None:
        principals.add(caller.role.arn)
    trusted = role is not None and not principals.isdisjoint(role.trust)
    if not trusted or (role.require_mfa and not mfa) or (
            role.external_id is not None and role.external_id != external_id):
        raise _denied(caller, "sts:AssumeRole", arn, "")
