# SPDX-License-Identifier: BSD-2-Clause
"""Whom a call of IAM is about, its right to be made, and what the handlers of IAM share."""

import policy
from answer import AwsError
from clock import iso_date

USER_NAME = r"[\w+=,.@-]+"


def no_user(name):
    return AwsError(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def no_key(key_id):
    return AwsError(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")


def user_of(call, implicit_for_sessions=False):
    """The user whom a call is about, once its parameters are right and the caller may."""
    name = call.parameters.text("UserName", 1, 128, USER_NAME)
    call.parameters.check()
    caller = call.caller
    users = caller.account.users
    if name is not None:
        user = users.get(name)
    elif caller.user is not None and (caller.session is None or implicit_for_sessions
                                      or call.world.implicit_user_name):
        user = caller.user
    else:
        raise AwsError(400, "ValidationError",
                       "Must specify userName when calling with non-User credentials")
    shown = name or user.name
    arn = user.arn if user is not None else caller.account.arn("iam", f"user/{shown}")
    policy.authorize_iam(call, policy.Target(arn, f"user {shown}", user))
    if user is None:
        raise no_user(shown)
    return user


def named_role(call):
    """The name of the role that a call is about, and the role or None, once its parameters are
    right and the caller may."""
    name = call.parameters.text("RoleName", 1, 64, USER_NAME, required=True)
    call.parameters.check()
    account = call.caller.account
    role = account.roles.get(name)
    arn = role.arn if role is not None else account.arn("iam", f"role/{name}")
    policy.authorize_iam(call, policy.Target(arn, f"role {name}"))
    return name, role


def role_of(call):
    """The role that a call is about, which must be there."""
    name, role = named_role(call)
    if role is None:
        raise AwsError(404, "NoSuchEntity", f"The role with name {name} cannot be found.")
    return role


def visible_ms(call):
    return call.world.visible_ms(call.now_ms)


def page(call, name, items):
    """One page of a list by Marker and MaxItems, in AWS's shape."""
    size = call.parameters.number("MaxItems", 1, 1000, 100)
    marker = call.parameters.text("Marker", 1, 320, r"[0-9]+")
    call.parameters.check()
    start = int(marker or 0)
    more = start + size < len(items)
    return {"IsTruncated": more, name: items[start:start + size],
            "Marker": start + size if more else None}


def user_facts(user):
    """A user in AWS's shape."""
    return {"Path": None if user.root else user.path,
            "UserName": None if user.root else user.name, "UserId": user.unique_id,
            "Arn": user.arn, "CreateDate": iso_date(user.created_ms)}
