// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: what the signer makes of an answer of IAM. The input is the body of a NET_REPLY
// frame.
#include <stdlib.h>

#include "arena.h"
#include "iam_call.h"

#define USER   "alice"
#define SERIAL "arn:aws:iam::123456789012:mfa/alice"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lists(const struct msg_net_reply *reply)
{
    char marker[IAM_MARKER_SIZE] = "";
    struct iam_devices devices = {0};
    struct iam_keys keys = {0};
    struct error error;

    if (iam_keys_read(reply, USER, &keys, &error) == 0)
        for (size_t i = 0; i < keys.count; i++)
            if (!access_key_id_valid(keys.keys[i].id))
                abort();
    if (iam_devices_read(reply, USER, &devices, &error) == 0)
        for (size_t i = 0; i < devices.count; i++)
            if (!mfa_serial_valid(devices.devices[i].serial))
                abort();
    if (iam_marker_read(reply, "ListAccessKeys", marker, &error) == 1 && !*marker)
        abort();
}

static void read_created(const struct msg_net_reply *reply)
{
    struct access_key created;
    struct iam_last_used used;
    struct error error;
    struct seed seed;

    if (iam_created_key_read(reply, USER, &created, &error) == 0) {
        if (!access_key_id_valid(created.id) || !access_key_secret_valid(created.secret))
            abort();
        access_key_free(&created);
    }
    if (iam_created_device_read(reply, SERIAL, &seed, &error) == 0) {
        if (seed.len < SEED_MIN || seed.len > SEED_MAX)
            abort();
        seed_free(&seed);
    }
    if (iam_last_used_read(reply, USER, &used, &error) == 0)
        for (const char *c = used.service; *c; c++)
            if (*c < ' ' || *c > '~')
                abort();
}

static void explain(const struct msg_net_reply *reply)
{
    static struct key key = {.name = "work", .arn = "arn:aws:iam::123456789012:user/" USER};
    static struct authority authority = {.access_key_id = "ASIAIOSFODNN7EXAMPLE"};
    const struct iam iam = {.key = &key, .authority = &authority};
    struct error error;

    iam_patience(reply);
    iam_explain(&iam, "ListAccessKeys", reply, &error);
    for (const char *c = error.text; *c; c++)
        if (*c < ' ' || *c > '~')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct frame frame = {.type = MSG_NET_REPLY, .body = data, .len = size};
    static bool ready;
    struct msg_net_reply reply;

    if (!ready && arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        abort();
    ready = true;
    if (message_get(&frame, MSG_NET_REPLY, &reply) < 0)
        return 0;
    if (iam_verdict(&reply) == IAM_OK) {
        read_lists(&reply);
        read_created(&reply);
    } else {
        explain(&reply);
    }
    return 0;
}
