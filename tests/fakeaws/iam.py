# SPDX-License-Identifier: BSD-2-Clause
"""The actions of IAM: one handler per action, from a Call to the result as AWS orders it."""

import policy
from answer import AwsError
from caller import invalid_token
from clock import iso_date
from world import AccessKey, new_id, new_secret

KEYS_PER_USER = 2
STATUSES = ["Active", "Inactive"]


def _no_user(name):
    return AwsError(404, "NoSuchEntity", f"The user with name {name} cannot be found.")


def _subject(call, implicit_for_sessions=False):
    """The user whom a call is about, once its parameters are right and the caller may."""
    name = call.parameters.text("UserName", 1, 128, r"[\w+=,.@-]+")
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
    policy.authorize_iam(caller, f"iam:{call.action}", f"user {shown}", user)
    if user is None:
        raise _no_user(shown)
    return user


def _subject_key(call):
    """The user and the key that a call names."""
    key_id = call.parameters.text("AccessKeyId", 16, 128, r"[\w]+", required=True)
    user = _subject(call)
    key = user.key(key_id)
    if key is None:
        raise AwsError(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")
    return user, key


def _visible_ms(call):
    return call.now_ms + call.world.propagation_ms


def _page(call, name, items):
    """One page of a list by Marker and MaxItems, in AWS's shape."""
    size = call.parameters.number("MaxItems", 1, 1000, 100)
    marker = call.parameters.text("Marker", 1, 320, r"[0-9]+")
    call.parameters.check()
    start = int(marker or 0)
    more = start + size < len(items)
    return {"IsTruncated": more, name: items[start:start + size],
            "Marker": start + size if more else None}


def _get_user(call):
    user = _subject(call, implicit_for_sessions=True)
    return {"User": {"Path": None if user.root else user.path,
                     "UserName": None if user.root else user.name, "UserId": user.unique_id,
                     "Arn": user.arn, "CreateDate": iso_date(user.created_ms)}}


def _list_access_keys(call):
    user = _subject(call)
    keys = [{"UserName": user.name, "AccessKeyId": key.id, "Status": key.status,
             "CreateDate": iso_date(key.created_ms)} for key in user.keys]
    return _page(call, "AccessKeyMetadata", keys)


def _create_access_key(call):
    user = _subject(call)
    if len(user.keys) >= KEYS_PER_USER:
        raise AwsError(409, "LimitExceeded",
                       f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")
    key = AccessKey(new_id("AKIA"), new_secret(), created_ms=call.now_ms)
    call.world.add_key(user, key, _visible_ms(call))
    return {"AccessKey": {"UserName": user.name, "AccessKeyId": key.id, "Status": key.status,
                          "SecretAccessKey": key.secret, "CreateDate": iso_date(key.created_ms)}}


def _update_access_key(call):
    status = call.parameters.choice("Status", STATUSES, required=True)
    _, key = _subject_key(call)
    key.change(status, _visible_ms(call))


def _delete_access_key(call):
    user, key = _subject_key(call)
    call.world.delete_key(user, key, _visible_ms(call))


def _get_access_key_last_used(call):
    key_id = call.parameters.text("AccessKeyId", 16, 128, r"[\w]+", required=True)
    call.parameters.check()
    owner, key = call.world.keys.get(key_id, (None, None))
    if owner is not None and (owner.account is not call.caller.account or key not in owner.keys):
        owner = None
    policy.authorize_iam(call.caller, f"iam:{call.action}", f"access key {key_id}", owner)
    if owner is None:
        raise AwsError(404, "NoSuchEntity", f"The Access Key with id {key_id} cannot be found.")
    used = key.last_used or {}
    when = iso_date(used["ms"]) if used else None
    return {"UserName": owner.name, "AccessKeyLastUsed": {
        "LastUsedDate": when, "ServiceName": used.get("service", "N/A"),
        "Region": used.get("region", "N/A")}}


def _list_mfa_devices(call):
    user = _subject(call)
    devices = [{"UserName": user.name, "SerialNumber": device.serial,
                "EnableDate": iso_date(device.enabled_ms)} for device in user.mfa]
    return _page(call, "MFADevices", devices)


ACTIONS = {
    "CreateAccessKey": _create_access_key,
    "DeleteAccessKey": _delete_access_key,
    "GetAccessKeyLastUsed": _get_access_key_last_used,
    "GetUser": _get_user,
    "ListAccessKeys": _list_access_keys,
    "ListMFADevices": _list_mfa_devices,
    "UpdateAccessKey": _update_access_key,
}


def perform(call):
    """The result of a call of IAM; AwsError where AWS would refuse. A user's session that was
    got without MFA can call nothing here."""
    session = call.caller.session
    if session is not None and session.role is None and not session.mfa:
        raise invalid_token()
    return ACTIONS[call.action](call)
