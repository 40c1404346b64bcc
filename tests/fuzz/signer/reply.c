// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: what the signer makes of an answer of AWS. The input is the body of a NET_REPLY
// frame.
#include <stdlib.h>

#include "arena.h"
#include "sts.h"

#define DATE 1767225600u /* the date of the replies in the corpus */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A session of any role but the one asked for is none. */
static void read_role(const struct msg_net_reply *reply)
{
    static const char hops[] = "role_arn\0arn:aws:iam::123456789012:role/r";
    const struct list list = {hops, sizeof hops};
    struct sts_session session;
    struct role role;
    struct error error;

    if (role_read(&list, "s", "aws", &role, &error) < 0)
        abort();
    if (sts_role_read(reply, &role, DATE, &session, &error) == 0)
        sts_session_free(&session);
}

static void read_ok(const struct msg_net_reply *reply)
{
    struct sts_identity identity;
    struct sts_session session;
    struct error error;

    if (sts_session_read(reply, 43200, DATE, &session, &error) == 0) {
        if (session.expiration <= (reply->date ? reply->date : DATE))
            abort();
        sts_session_free(&session);
    }
    read_role(reply);
    if (sts_identity_read(reply, &identity, &error) == 0 && !*identity.user)
        abort();
}

static void explain(const struct msg_net_reply *reply)
{
    const struct sts_context context = {.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                        .mfa_serial = "GAHT12345678",
                                        .region = "us-east-1"};
    struct error error;

    sts_explain(reply, &context, &error);
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
    if (sts_verdict(&reply) == STS_OK)
        read_ok(&reply);
    else
        explain(&reply);
    return 0;
}
