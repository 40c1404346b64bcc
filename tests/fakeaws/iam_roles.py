# SPDX-License-Identifier: BSD-2-Clause
"""The actions of IAM that make a role, and that say who may assume it. Both are seen at once."""

import json
from urllib.parse import quote

from answer import AwsError
from clock import iso_date
from subject import named_role, role_of


def _text(call, name):
    return call.parameters.text(name, 1, 131072, r"[\u0009\u000A\u000D\u0020-\u00FF]+",
                                required=True)


def _principals(statement):
    """The ARNs that a statement lets in. No other form of one is understood here."""
    known = {"Sid": statement.get("Sid"), "Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": statement["Principal"]["AWS"]}}
    if {**known, **statement} != known:
        raise ValueError("the fake AWS does not know such a statement")
    principals = known["Principal"]["AWS"]
    return principals if isinstance(principals, list) else [principals]


def _trust(text):
    """The trust of a role, from its document."""
    try:
        return [arn for statement in json.loads(text)["Statement"]
                for arn in _principals(statement)]
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError(400, "MalformedPolicyDocument", f"This policy contains {error!r}")


def _create_role(call):
    text = _text(call, "AssumeRolePolicyDocument")
    name, role = named_role(call)
    if role is not None:
        raise AwsError(409, "EntityAlreadyExists", f"Role with name {name} already exists.")
    made = call.world.add_role(call.caller.account, name=name, trust=_trust(text))
    return {"Role": {"Path": made.path, "RoleName": name, "RoleId": made.id, "Arn": made.arn,
                     "CreateDate": iso_date(call.now_ms),
                     "AssumeRolePolicyDocument": quote(text, safe="-_.~")}}


def _update_assume_role_policy(call):
    text = _text(call, "PolicyDocument")
    role_of(call).trust = _trust(text)


ACTIONS = {"CreateRole": _create_role, "UpdateAssumeRolePolicy": _update_assume_role_policy}
