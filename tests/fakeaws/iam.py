# SPDX-License-Identifier: BSD-2-Clause
"""The actions of IAM: one handler per action, from a Call to the result as AWS orders it."""

import iam_keys
import iam_mfa
import iam_policies
import iam_roles
from caller import invalid_token
from subject import user_facts, user_of


def _get_user(call):
    return {"User": user_facts(user_of(call, implicit_for_sessions=True))}


ACTIONS = {"GetUser": _get_user, **iam_keys.ACTIONS, **iam_mfa.ACTIONS, **iam_policies.ACTIONS,
           **iam_roles.ACTIONS}


def perform(call):
    """The result of a call of IAM; AwsError where AWS would refuse. A user's session that was
    got without MFA can call nothing here."""
    session = call.caller.session
    if session is not None and session.role is None and not session.mfa:
        raise invalid_token()
    return ACTIONS[call.action](call)
