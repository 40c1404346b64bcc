# SPDX-License-Identifier: BSD-2-Clause
"""The actions of STS: one handler per action, from a Call to the result as AWS orders it."""

import policy
from answer import AwsError
from clock import iso_date
from world import Session, device_in

NAME = r"[\w+=,.@-]*"
ANY_REGION = {"GetCallerIdentity"}


def _denied(message):
    return AwsError(403, "AccessDenied", message)


def _credentials(session):
    return {"AccessKeyId": session.id, "SecretAccessKey": session.secret,
            "SessionToken": session.token, "Expiration": iso_date(session.expires_ms)}


def _mfa_parameters(parameters):
    serial = parameters.text("SerialNumber", 9, 256, r"[\w+=/:,.@-]*")
    code = parameters.text("TokenCode", 6, 6, r"[\d]*")
    return serial, code


def _verify_mfa(call, serial, code):
    """Whether MFA was given; AwsError AccessDenied where it was given and is wrong."""
    if serial is None and code is None:
        return False
    if serial is None or code is None:
        raise _denied("MultiFactorAuthentication failed, must provide both MFA serial number"
                      " and one time pass code. ")
    user = call.caller.user
    enabled = user.devices.seen(call.now_ms, call.world.flapping) if user is not None else ()
    device = device_in(enabled, serial)
    if device is None or device.seed_base32 is None:
        raise _denied("MultiFactorAuthentication failed, unable to validate MFA code.  Please"
                      " verify your MFA serial number is valid and associated with this user.")
    if not device.accept(code, call.now_ms):
        raise _denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    return True


def _get_session_token(call):
    duration = call.parameters.number("DurationSeconds", 900, 129600, 43200)
    serial, code = _mfa_parameters(call.parameters)
    call.parameters.check()
    if call.caller.session is not None:
        raise _denied("Cannot call GetSessionToken with session credentials")
    mfa = _verify_mfa(call, serial, code)
    if call.caller.root:
        duration = min(duration, 3600)
    session = Session(call.caller.account, call.caller.user, None, None, mfa, call.now_ms,
                      call.now_ms + duration * 1000, call.caller.key.id)
    call.world.add_session(session)
    return {"Credentials": _credentials(session)}


def _assume_role_details(parameters):
    details = {
        "policy": parameters.text("Policy", 1, 2048),
        "external_id": parameters.text("ExternalId", 2, 1224, r"[\w+=,.@:\/-]*"),
        "source_identity": parameters.text("SourceIdentity", 2, 64, NAME),
        "policy_arns": [item.get("arn") for item in parameters.members("PolicyArns", 10)],
        "tags": {item.get("Key"): item.get("Value") for item in parameters.members("Tags", 50)},
        "transitive_tag_keys": [item.get("") for item in
                                parameters.members("TransitiveTagKeys", 50)],
    }
    return {name: value for name, value in details.items() if value}


def _inherit(caller, details):
    """What one role's session hands on to the next: its source identity and its transitive tags."""
    if caller.role is None:
        return details
    before = caller.session.details
    keys = before.get("transitive_tag_keys", [])
    tags = {key: value for key, value in before.get("tags", {}).items() if key in keys}
    handed_on = {
        "source_identity": before.get("source_identity"),
        "tags": {**details.get("tags", {}), **tags},
        "transitive_tag_keys": keys + details.get("transitive_tag_keys", []),
    }
    return {**details, **{name: value for name, value in handed_on.items() if value}}


def _check_role_duration(caller, role, duration):
    if caller.session is not None and duration > 3600:
        raise AwsError(400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour"
                       " session limit for roles assumed by role chaining.")
    if duration > role.max_session_duration:
        raise AwsError(400, "ValidationError", "The requested DurationSeconds exceeds the"
                       " MaxSessionDuration set for this role.")


def _assume_role(call):
    parameters, caller = call.parameters, call.caller
    arn = parameters.text("RoleArn", 20, 2048, required=True)
    name = parameters.text("RoleSessionName", 2, 64, NAME, required=True)
    duration = parameters.number("DurationSeconds", 900, 43200, 3600)
    serial, code = _mfa_parameters(parameters)
    details = _assume_role_details(parameters)
    parameters.check()
    if caller.root:
        raise _denied("Roles may not be assumed by root accounts.")
    fresh_mfa = _verify_mfa(call, serial, code)
    mfa = fresh_mfa or (caller.role is None and caller.mfa)
    role = call.world.roles.get(arn)
    policy.authorize_assume_role(call, role, arn, mfa, fresh_mfa, details.get("external_id"))
    _check_role_duration(caller, role, duration)
    details = _inherit(caller, details)
    session = Session(role.account, None, role, name, False, call.now_ms,
                      call.now_ms + duration * 1000, (caller.key or caller.session).id, details)
    call.world.add_session(session)
    packed = 6 if {"policy", "policy_arns", "tags"} & set(details) else None
    assumed = {"AssumedRoleId": f"{role.id}:{name}",
               "Arn": role.account.arn("sts", f"assumed-role/{role.name}/{name}")}
    return {"AssumedRoleUser": assumed, "Credentials": _credentials(session),
            "PackedPolicySize": packed, "SourceIdentity": details.get("source_identity")}


def _get_caller_identity(call):
    return {"Arn": call.caller.arn, "UserId": call.caller.unique_id,
            "Account": call.caller.account.id}


ACTIONS = {
    "AssumeRole": _assume_role,
    "GetCallerIdentity": _get_caller_identity,
    "GetSessionToken": _get_session_token,
}


def perform(call):
    """The result of a call of STS; AwsError where AWS would refuse."""
    disabled = call.caller.region in call.world.disabled_regions
    if disabled and call.action not in ANY_REGION:
        raise AwsError(403, "RegionDisabledException", "STS is not activated in this region for"
                       f" account:{call.caller.account.id}. Your account administrator can"
                       " activate STS in this region using the IAM Console.")
    return ACTIONS[call.action](call)
