# SPDX-License-Identifier: BSD-2-Clause
"""The actions of IAM on MFA devices."""

import base64
import os

import policy
import totp
from answer import AwsError
from clock import iso_date
from subject import page, user_facts, user_of, visible_ms
from world import MfaDevice, device_in

DEVICES_PER_USER = 8
SERIAL = r"[\w+=/:,.@-]+"
CODE = r"[\d]+"
PNG_HEAD = b"\x89PNG\r\n\x1a\n"
# About as long as AWS's pictures are.
PNG_BYTES = 5000


def _no_virtual(serial):
    return AwsError(404, "NoSuchEntity",
                    f"VirtualMFADevice with serial number {serial} doesn't exist.")


def _authorize_device(call, serial):
    """May the caller create or delete the virtual device? The setup grants everybody the devices
    mfa/NAME and mfa/NAME-…, as policies with ${aws:username} do."""
    user = call.caller.user
    own = user is not None and user.account.arn("iam", f"mfa/{user.name}")
    mine = own and (serial == own or serial.startswith(own + "-"))
    policy.authorize_iam(call, policy.Target(serial, serial, user if mine else None))


def _serial_number(call):
    return call.parameters.text("SerialNumber", 9, 256, SERIAL, required=True)


def _codes(call):
    return [call.parameters.text(f"AuthenticationCode{number}", 6, 6, CODE, required=True)
            for number in (1, 2)]


def _create_virtual_mfa_device(call):
    name = call.parameters.text("VirtualMFADeviceName", 1, 226, r"[\w+=,.@-]+", required=True)
    path = call.parameters.text("Path", 1, 512, r"/|/[!-~]+/") or "/"
    call.parameters.check()
    account = call.caller.account
    serial = account.arn("iam", f"mfa{path}{name}")
    _authorize_device(call, serial)
    if device_in(account.virtual.value, serial) is not None:
        raise AwsError(409, "EntityAlreadyExists",
                       "MFADevice entity at the same path and name already exists.")
    device = MfaDevice(serial, totp.new_seed(), None)
    account.virtual.set((*account.virtual.value, device), visible_ms(call))
    picture = PNG_HEAD + os.urandom(PNG_BYTES)
    return {"VirtualMFADevice": {
        "SerialNumber": serial, "QRCodePNG": base64.b64encode(picture).decode(),
        "Base32StringSeed": base64.b64encode(device.seed_base32.encode()).decode()}}


def _delete_virtual_mfa_device(call):
    serial = _serial_number(call)
    call.parameters.check()
    account = call.caller.account
    _authorize_device(call, serial)
    device = device_in(account.virtual.value, serial)
    if device is None:
        raise _no_virtual(serial)
    if account.holder(device) is not None:
        raise AwsError(409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    rest = tuple(other for other in account.virtual.value if other is not device)
    account.virtual.set(rest, visible_ms(call))


def _list_virtual_mfa_devices(call):
    choices = ["Assigned", "Unassigned", "Any"]
    wanted = call.parameters.choice("AssignmentStatus", choices) or "Any"
    call.parameters.check()
    account = call.caller.account
    arn = account.arn("iam", "mfa/")
    policy.authorize_iam(call, policy.Target(arn, arn, call.caller.user))
    listed = []
    for device in call.world.listed(account.virtual, call.now_ms):
        user = account.holder(device)
        if wanted in ("Any", "Unassigned" if user is None else "Assigned"):
            listed.append({"SerialNumber": device.serial,
                           "User": None if user is None else user_facts(user),
                           "EnableDate": None if user is None else iso_date(device.enabled_ms)})
    return page(call, "VirtualMFADevices", listed)


def _enable_mfa_device(call):
    serial, codes = _serial_number(call), _codes(call)
    user = user_of(call)
    account = call.caller.account
    device = device_in([*account.virtual.value, *user.mfa], serial)
    if device is None:
        raise _no_virtual(serial)
    if account.holder(device) is not None:
        raise AwsError(409, "EntityAlreadyExists", "MFA device is already in use.")
    if len(user.mfa) >= DEVICES_PER_USER:
        raise AwsError(409, "LimitExceeded",
                       f"Cannot exceed quota for MFADevicesPerUser: {DEVICES_PER_USER}")
    if not device.enable(*codes, call.now_ms):
        raise AwsError(403, "InvalidAuthenticationCode",
                       "Authentication code for device is not valid.")
    device.enabled_ms = call.now_ms
    user.devices.set((*user.devices.value, device), visible_ms(call))


def _deactivate_mfa_device(call):
    serial = _serial_number(call)
    user = user_of(call)
    device = user.device(serial)
    if device is None:
        raise AwsError(404, "NoSuchEntity", "MFA Device invalid for user.")
    rest = tuple(other for other in user.mfa if other is not device)
    user.devices.set(rest, visible_ms(call))


def _resync_mfa_device(call):
    serial, codes = _serial_number(call), _codes(call)
    device = user_of(call).device(serial)
    if device is None or device.seed_base32 is None:
        raise AwsError(404, "NoSuchEntity", "MFA Device invalid for user.")
    if not device.enable(*codes, call.now_ms):
        raise AwsError(403, "InvalidAuthenticationCode",
                       "Authentication code for device is not valid.")


def _list_mfa_devices(call):
    user = user_of(call)
    devices = [{"UserName": user.name, "SerialNumber": device.serial,
                "EnableDate": iso_date(device.enabled_ms)}
               for device in call.world.listed(user.devices, call.now_ms)]
    return page(call, "MFADevices", devices)


ACTIONS = {
    "CreateVirtualMFADevice": _create_virtual_mfa_device,
    "DeactivateMFADevice": _deactivate_mfa_device,
    "DeleteVirtualMFADevice": _delete_virtual_mfa_device,
    "EnableMFADevice": _enable_mfa_device,
    "ListMFADevices": _list_mfa_devices,
    "ListVirtualMFADevices": _list_virtual_mfa_devices,
    "ResyncMFADevice": _resync_mfa_device,
}
