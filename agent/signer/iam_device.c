// SPDX-License-Identifier: BSD-2-Clause
// A user's MFA devices at IAM. AWS keeps virtual ones apart from their users: they are made, then
// given to one.
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "iam_call.h"
#include "sts_reply.h"

#define LIST    "ListMFADevices"
#define CREATE  "CreateVirtualMFADevice"
#define MEMBERS LIST "Result/MFADevices/member/"
/* Two codes that no device gives one after the other but once in 10^12 times. */
#define NO_CODE         "000000"
#define NO_NEXT_CODE    "111111"
#define DEVICE_NAME_MAX 226u /* characters of a device's name */
#define SEED_BASE64_MAX                                                                            \
    256u /* characters of base64 around those of base32: twice what AWS gives out */

static int read_device(const struct msg_net_reply *reply, const char *user, size_t nth,
                       struct iam_device *device, struct error *error)
{
    const char *owner = iam_member(reply, MEMBERS "UserName", nth);
    const char *serial = iam_member(reply, MEMBERS "SerialNumber", nth);
    const char *enabled = iam_member(reply, MEMBERS "EnableDate", nth);

    if (!owner || strcmp(owner, user) != 0)
        return sts_not_believed(reply, "UserName", error);
    if (!serial || !mfa_serial_valid(serial))
        return sts_not_believed(reply, "SerialNumber", error);
    if (!enabled || !sts_time(enabled, &device->enabled))
        return sts_not_believed(reply, "EnableDate", error);
    strcpy(device->serial, serial);
    return 0;
}

int iam_devices_read(const struct msg_net_reply *reply, const char *user, void *list,
                     struct error *error)
{
    struct iam_devices *devices = list;
    size_t nth;

    for (nth = 0; iam_member(reply, MEMBERS "SerialNumber", nth); nth++) {
        if (devices->count == IAM_DEVICES_MAX)
            return sts_not_believed(reply, "more MFA devices than a user can have", error);
        if (read_device(reply, user, nth, &devices->devices[devices->count], error) < 0)
            return -1;
        devices->count++;
    }
    if (iam_member(reply, MEMBERS "UserName", nth) || iam_member(reply, MEMBERS "EnableDate", nth))
        return sts_not_believed(reply, "SerialNumber", error);
    return 0;
}

enum iam_verdict iam_list_devices(struct iam *iam, struct iam_devices *devices, struct error *error)
{
    devices->count = 0;
    return iam_list(iam, LIST, iam_devices_read, devices, error);
}

/* base64 of the base32 that a person would type, as base32. 0 or a negative errno. */
static int put_base32(struct buf *text, const char *base64)
{
    size_t len = strlen(base64), got = 0;
    uint8_t *room;
    int r = buf_extend(text, len, &room);

    if (r < 0)
        return r;
    r = sodium_base642bin(room, len, base64, len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL);
    buf_trim(text, len - (r == 0 ? got : 0));
    return r;
}

int iam_created_device_read(const struct msg_net_reply *reply, const char *serial,
                            struct seed *seed, struct error *error)
{
    const char *base64 = sts_field(reply, CREATE, "VirtualMFADevice/Base32StringSeed");
    struct error odd;
    struct buf text;
    int r;

    *seed = (struct seed){0};
    if (strcmp(sts_field(reply, CREATE, "VirtualMFADevice/SerialNumber"), serial) != 0)
        return sts_not_believed(reply, "SerialNumber", error);
    if (!ascii_consists_of(base64, ASCII_WORD "+/=", 1, SEED_BASE64_MAX))
        return sts_not_believed(reply, "Base32StringSeed", error);
    buf_init(&text);
    r = put_base32(&text, base64);
    if (r == 0)
        r = seed_read(&text, seed, &odd);
    buf_free(&text);
    return r < 0 ? sts_not_believed(reply, "Base32StringSeed", error) : 0;
}

static int make_serial(const struct key *key, const char *name, char serial[257],
                       struct error *error)
{
    int n = 0;

    if (ascii_consists_of(name, ASCII_WORD "_+=,.@-", 1, DEVICE_NAME_MAX))
        n = snprintf(serial, 257, "arn:%s:iam::%s:mfa/%s", key->partition, key->account, name);
    return n > 0 && n < 257
               ? 0
               : error_set(error, EXIT_USAGE, "%s can't be the name of an MFA device", name);
}

enum iam_verdict iam_create_device(struct iam *iam, const char *name, char serial[257],
                                   struct seed *seed, struct error *error)
{
    const struct iam_parameter parameters[] = {{"VirtualMFADeviceName", name}, {0}};
    struct msg_net_reply reply;
    enum iam_verdict verdict;

    *seed = (struct seed){0};
    if (make_serial(iam->key, name, serial, error) < 0)
        return IAM_FAILED;
    verdict = iam_create(iam, CREATE, parameters, &reply, error);
    if (verdict == IAM_OK && iam_created_device_read(&reply, serial, seed, error) < 0)
        verdict = IAM_UNKNOWN;
    iam_created(iam);
    return verdict;
}

/* iam_ask() or iam_ask_once() */
typedef enum iam_verdict asking(struct iam *iam, const char *action,
                                const struct iam_parameter *parameters, struct msg_net_reply *reply,
                                struct error *error);

static enum iam_verdict enable(struct iam *iam, asking *ask, const char *serial, const char *code,
                               const char *next_code, struct error *error)
{
    const struct iam_parameter parameters[] = {{"UserName", iam_user_name(iam->key)},
                                               {"SerialNumber", serial},
                                               {"AuthenticationCode1", code},
                                               {"AuthenticationCode2", next_code},
                                               {0}};
    struct msg_net_reply reply;

    return ask(iam, "EnableMFADevice", parameters, &reply, error);
}

enum iam_verdict iam_enable_device(struct iam *iam, const char *serial, const char *code,
                                   const char *next_code, struct error *error)
{
    return enable(iam, iam_ask_once, serial, code, next_code, error);
}

/*
 * By two codes that are not the device's, since nothing else tells:
 * ListMFADevices knows only what has a user, and ListVirtualMFADevices wants a permission on all of
 * the account's devices, which those who may make their own seldom have. The answers are in the IAM
 * API reference, EnableMFADevice, Errors: NoSuchEntity (there is none), InvalidAuthenticationCode
 * (one without a user), EntityAlreadyExists (one with a user). A server that takes such codes has
 * the device too.
 */
enum iam_verdict iam_device_exists(struct iam *iam, const char *serial, struct error *error)
{
    enum iam_verdict verdict = enable(iam, iam_ask, serial, NO_CODE, NO_NEXT_CODE, error);

    return verdict == IAM_CODE || verdict == IAM_OK ? IAM_EXISTS : verdict;
}

enum iam_verdict iam_deactivate_device(struct iam *iam, const char *serial, struct error *error)
{
    const struct iam_parameter parameters[] = {
        {"UserName", iam_user_name(iam->key)}, {"SerialNumber", serial}, {0}};
    struct msg_net_reply reply;

    return iam_confirm_gone(iam, iam_ask(iam, "DeactivateMFADevice", parameters, &reply, error),
                            error);
}

enum iam_verdict iam_delete_device(struct iam *iam, const char *serial, struct error *error)
{
    const struct iam_parameter parameters[] = {{"SerialNumber", serial}, {0}};
    struct msg_net_reply reply;

    return iam_ask(iam, "DeleteVirtualMFADevice", parameters, &reply, error);
}
