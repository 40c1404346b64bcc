# SPDX-License-Identifier: BSD-2-Clause
"""The actions of IAM on inline policies of users and roles."""

from urllib.parse import quote

import document
from answer import AwsError
from subject import USER_NAME, page, role_of, user_of, visible_ms

# All inline policies of one identity together, white space not counted.
USER_CHARACTERS = 2048
ROLE_CHARACTERS = 10240


def _policy_name(call):
    return call.parameters.text("PolicyName", 1, 128, r"[\w+=,.@-]+", required=True)


def _policy_document(call):
    return call.parameters.text("PolicyDocument", 1, 131072,
                                r"[\u0009\u000A\u000D\u0020-\u00FF]+", required=True)


def _named_user(call):
    call.parameters.text("UserName", 1, 128, USER_NAME, required=True)
    return user_of(call)


def _put(call, identity, name, text, most, shown):
    try:
        document.parse(text, identity.account.partition)
    except ValueError as error:
        raise AwsError(400, "MalformedPolicyDocument", str(error))
    policies = {**identity.policies.value, name: text}
    if sum(map(document.size, policies.values())) > most:
        raise AwsError(409, "LimitExceeded",
                       f"Maximum policy size of {most} bytes exceeded for {shown}")
    identity.policies.set(policies, visible_ms(call))


def _delete(call, identity, name, shown):
    policies = dict(identity.policies.value)
    if policies.pop(name, None) is None:
        raise AwsError(404, "NoSuchEntity",
                       f"The {shown} policy with name {name} cannot be found.")
    identity.policies.set(policies, visible_ms(call))


def _put_user_policy(call):
    name, text = _policy_name(call), _policy_document(call)
    user = _named_user(call)
    _put(call, user, name, text, USER_CHARACTERS, f"user {user.name}")


def _put_role_policy(call):
    name, text = _policy_name(call), _policy_document(call)
    role = role_of(call)
    _put(call, role, name, text, ROLE_CHARACTERS, f"role {role.name}")


def _delete_user_policy(call):
    name = _policy_name(call)
    _delete(call, _named_user(call), name, "user")


def _delete_role_policy(call):
    name = _policy_name(call)
    _delete(call, role_of(call), name, "role")


def _get_user_policy(call):
    name = _policy_name(call)
    user = _named_user(call)
    text = call.world.listed(user.policies, call.now_ms).get(name)
    if text is None:
        raise AwsError(404, "NoSuchEntity", f"The user policy with name {name} cannot be found.")
    return {"UserName": user.name, "PolicyName": name, "PolicyDocument": quote(text, safe="-_.~")}


def _list_user_policies(call):
    user = _named_user(call)
    return page(call, "PolicyNames", sorted(call.world.listed(user.policies, call.now_ms)))


ACTIONS = {
    "DeleteRolePolicy": _delete_role_policy,
    "DeleteUserPolicy": _delete_user_policy,
    "GetUserPolicy": _get_user_policy,
    "ListUserPolicies": _list_user_policies,
    "PutRolePolicy": _put_role_policy,
    "PutUserPolicy": _put_user_policy,
}
