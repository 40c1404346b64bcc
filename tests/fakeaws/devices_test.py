# SPDX-License-Identifier: BSD-2-Clause
"""MFA devices at the fake AWS, from their making to their end."""

import base64

import totp
from running import Running
from signedclient import Keys

INVALID = "Authentication code for device is not valid."
NOT_YET = "unable to validate MFA code.  Please verify your MFA serial number"


class Devices(Running):
    def setUp(self):
        super().setUp()
        self.bob = self.aws.add_user("bob", with_mfa=False)
        self.bobs_keys = Keys(self.bob["access_key_id"], self.bob["secret"])
        self.serial = "arn:aws:iam::123456789012:mfa/bob"

    def bobs(self, action, **more):
        return self.iam(action, self.bobs_keys, **{"UserName": "bob", **more})

    def on_device(self, action, **more):
        """An action that takes no UserName."""
        return self.client.call(self.bobs_keys, action, service="iam", **more)

    def made(self, name="bob"):
        """Make a virtual device; returns its seed."""
        reply = self.on_device("CreateVirtualMFADevice", VirtualMFADeviceName=name)
        self.assertEqual(reply.status, 200, reply.text)
        return base64.b64decode(reply.field("Base32StringSeed")).decode()

    def codes(self, seed, first=-1, second=0):
        step = totp.step_at(self.aws.state()["now_ms"])
        return {"AuthenticationCode1": totp.code_for(seed, step + first),
                "AuthenticationCode2": totp.code_for(seed, step + second)}

    def enabled(self):
        """Make and enable bob's device; returns its seed."""
        seed = self.made()
        reply = self.bobs("EnableMFADevice", SerialNumber=self.serial, **self.codes(seed))
        self.assertEqual(reply.status, 200, reply.text)
        return seed

    def token(self, seed, ahead=0):
        step = totp.step_at(self.aws.state()["now_ms"])
        return self.call("GetSessionToken", self.bobs_keys, SerialNumber=self.serial,
                         TokenCode=totp.code_for(seed, step + ahead))

    def test_creation(self):
        seed = self.made()
        self.assertEqual(len(base64.b32decode(seed)), 40)
        reply = self.on_device("CreateVirtualMFADevice", VirtualMFADeviceName="bob")
        self.refused(reply, 409, "EntityAlreadyExists", "at the same path and name already exists")
        reply = self.on_device("CreateVirtualMFADevice", VirtualMFADeviceName="alice")
        self.refused(reply, 403, "AccessDenied", "on resource: arn:aws:iam::123456789012:mfa/alice")
        reply = self.on_device("CreateVirtualMFADevice", VirtualMFADeviceName="a b")
        self.refused(reply, 400, "ValidationError")

    def test_enabling(self):
        seed = self.enabled()
        record = self.aws.requests(action="EnableMFADevice")[0]
        self.assertEqual((record["totp_offset"], record["parameters"].get("AuthenticationCode2")),
                         (-1, None))
        for ahead in (-1, 0):
            self.refused(self.token(seed, ahead), 403, "AccessDenied", "invalid MFA one time")
        session = self.token(seed, 1).keys()
        listed = self.iam("ListMFADevices", session, UserName="bob")
        self.assertEqual(listed.field("SerialNumber"), self.serial)
        self.refused(self.bobs("ListMFADevices"), 403, "AccessDenied", "explicit deny")
        again = self.iam("EnableMFADevice", session, UserName="bob", SerialNumber=self.serial,
                         **self.codes(seed, 1, 2))
        self.refused(again, 409, "EntityAlreadyExists", "already in use")

    def test_codes(self):
        seed = self.made()
        for first, second in ((0, 0), (0, -1), (-2, 0), (-3, -2), (2, 3)):
            reply = self.bobs("EnableMFADevice", SerialNumber=self.serial,
                              **self.codes(seed, first, second))
            self.refused(reply, 403, "InvalidAuthenticationCode", INVALID)
        reply = self.bobs("EnableMFADevice", SerialNumber=self.serial, **self.codes(seed, 0, 1))
        self.assertEqual(reply.status, 200, reply.text)

    def test_what_exists(self):
        """Wrong codes tell whether there is such a device, and change nothing."""
        def look():
            return self.bobs("EnableMFADevice", SerialNumber=self.serial,
                             AuthenticationCode1="000000", AuthenticationCode2="111111")

        self.refused(look(), 404, "NoSuchEntity", f"with serial number {self.serial} doesn't exist")
        seed = self.made()
        self.refused(look(), 403, "InvalidAuthenticationCode", INVALID)
        self.assertEqual(self.aws.audit("bob")["mfa"][0]["enabled"], False)
        reply = self.bobs("EnableMFADevice", SerialNumber=self.serial, **self.codes(seed))
        self.assertEqual(reply.status, 200, reply.text)
        self.refused(look(), 403, "AccessDenied", "explicit deny")
        self.bobs_keys = self.token(seed, 1).keys()
        self.refused(look(), 409, "EntityAlreadyExists", "already in use")

    def test_unknown_and_too_many(self):
        reply = self.bobs("EnableMFADevice", SerialNumber=self.serial,
                          **self.codes("A" * 16))
        self.refused(reply, 404, "NoSuchEntity", f"with serial number {self.serial} doesn't exist")
        keys = {"id": "AKIACAROLCAROLCAROLC", "secret": "c" * 40}
        u2f = [{"serial": f"arn:aws:iam::123456789012:u2f/user/carol/{n}"} for n in range(8)]
        self.aws.add_user("carol", keys=[keys], mfa=u2f)
        self.bobs_keys = Keys(**keys)
        seed = self.made("carol")
        reply = self.bobs("EnableMFADevice", UserName="carol", **self.codes(seed),
                          SerialNumber="arn:aws:iam::123456789012:mfa/carol")
        self.refused(reply, 409, "LimitExceeded", "MFADevicesPerUser: 8")
        gone = self.bobs("DeactivateMFADevice", UserName="carol", SerialNumber=u2f[0]["serial"])
        self.assertEqual(gone.status, 200, gone.text)

    def test_end(self):
        seed = self.enabled()
        session = self.token(seed, 1).keys()
        named = {"SerialNumber": self.serial}

        def delete():
            return self.client.call(session, "DeleteVirtualMFADevice", service="iam", **named)

        def deactivate():
            return self.iam("DeactivateMFADevice", session, UserName="bob", **named)

        self.refused(delete(), 409, "DeleteConflict", "Must deactivate first")
        self.assertEqual(deactivate().status, 200)
        self.refused(deactivate(), 404, "NoSuchEntity")
        self.refused(self.token(seed), 403, "AccessDenied", NOT_YET)
        self.assertEqual(delete().status, 200)
        self.refused(delete(), 404, "NoSuchEntity", "doesn't exist")
        self.assertNotEqual(self.made(), seed)

    def test_lists(self):
        self.made()
        for status, serials in (("Unassigned", [self.serial]), ("Assigned", [self.alice["serial"]]),
                                ("Any", [self.alice["serial"], self.serial])):
            reply = self.on_device("ListVirtualMFADevices", AssignmentStatus=status)
            for serial in (self.serial, self.alice["serial"]):
                self.assertEqual(serial in reply.text, serial in serials, reply.text)
        self.assertEqual(self.aws.audit("bob")["mfa"][0]["enabled"], False)

    def test_leftover(self):
        leftover = {"serial": self.serial, "seed_base32": "A" * 32}
        keys = [{"id": self.bob["access_key_id"], "secret": self.bob["secret"]}]
        self.aws.setup(accounts=[{"id": "123456789012", "virtual_mfa": [leftover],
                                  "users": [{"name": "bob", "keys": keys}]}])
        reply = self.on_device("CreateVirtualMFADevice", VirtualMFADeviceName="bob")
        self.refused(reply, 409, "EntityAlreadyExists")
        reply = self.on_device("DeleteVirtualMFADevice", SerialNumber=self.serial)
        self.assertEqual(reply.status, 200, reply.text)
        self.made()

    def test_propagation(self):
        self.aws.call("propagation", ms=10_000)
        seed = self.enabled()
        self.refused(self.token(seed, 1), 403, "AccessDenied", NOT_YET)
        self.move_clock(10_500)
        session = self.token(seed, 1).keys()
        self.iam("DeactivateMFADevice", session, UserName="bob", SerialNumber=self.serial)
        self.assertEqual(self.aws.audit("bob")["mfa"][0]["enabled"], False)
        self.move_clock(20_000)
        self.assertEqual(self.token(seed, 1).status, 200)
        self.move_clock(21_000)
        self.refused(self.token(seed, 1), 403, "AccessDenied", NOT_YET)

    def test_lost_reply(self):
        self.aws.fault("drop-after", on="CreateVirtualMFADevice", connection="reused")
        self.call("GetCallerIdentity")
        with self.assertRaises(OSError):
            self.made()
        self.client.close()
        self.assertEqual(self.aws.audit("bob")["mfa"][0]["serial"], self.serial)
