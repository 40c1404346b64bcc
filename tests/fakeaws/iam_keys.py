# SPDX-License-Identifier: BSD-2-Clause
"""The actions of IAM on access keys."""

import policy
from answer import AwsError
from clock import iso_date
from subject import no_key, page, user_of, visible_ms
from world import AccessKey, new_id, new_secret

KEYS_PER_USER = 2
STATUSES = ["Active", "Inactive"]


def _key_id(call):
    return call.parameters.text("AccessKeyId", 16, 128, r"[\w]+", required=True)


def _key_of(call):
    """The key that a call names, of the user whom it is about."""
    key_id = _key_id(call)
    key = user_of(call).key(key_id)
    if key is None:
        raise no_key(key_id)
    return key


def _list_access_keys(call):
    user = user_of(call)
    listed = [(key, call.world.listed(key.status, call.now_ms)) for key in user.issued]
    keys = [{"UserName": user.name, "AccessKeyId": key.id, "Status": status,
             "CreateDate": iso_date(key.created_ms)} for key, status in listed
            if status in STATUSES]
    return page(call, "AccessKeyMetadata", keys)


def _create_access_key(call):
    user = user_of(call)
    if len(user.keys) >= KEYS_PER_USER:
        raise AwsError(409, "LimitExceeded",
                       f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")
    key = AccessKey(new_id("AKIA"), new_secret(), call.now_ms)
    key.status.set("Active", visible_ms(call))
    call.world.add_key(user, key)
    return {"AccessKey": {"UserName": user.name, "AccessKeyId": key.id,
                          "Status": key.status.value, "SecretAccessKey": key.secret,
                          "CreateDate": iso_date(key.created_ms)}}


def _update_access_key(call):
    status = call.parameters.choice("Status", STATUSES, required=True)
    _key_of(call).status.set(status, visible_ms(call))


def _delete_access_key(call):
    _key_of(call).status.set("Deleted", visible_ms(call))


def _get_access_key_last_used(call):
    key_id = _key_id(call)
    call.parameters.check()
    owner, key = call.world.keys.get(key_id, (None, None))
    if owner is not None and (owner.account is not call.caller.account or key not in owner.keys):
        owner = None
    arn = owner.arn if owner is not None else call.caller.account.arn("iam", "user/*")
    policy.authorize_iam(call, policy.Target(arn, f"access key {key_id}", owner))
    if owner is None:
        raise no_key(key_id)
    used = key.last_used or {}
    when = iso_date(used["ms"]) if used else None
    return {"UserName": owner.name, "AccessKeyLastUsed": {
        "LastUsedDate": when, "ServiceName": used.get("service", "N/A"),
        "Region": used.get("region", "N/A")}}


ACTIONS = {
    "CreateAccessKey": _create_access_key,
    "DeleteAccessKey": _delete_access_key,
    "GetAccessKeyLastUsed": _get_access_key_last_used,
    "ListAccessKeys": _list_access_keys,
    "UpdateAccessKey": _update_access_key,
}
