// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: what the signer makes of an answer of AWS. The input is the body of a NET_REPLY
// frame.
#include <stdlib.h>

#include "arena.h"
#include "sts.h"

#define DATE 1767225600u /* the date of the replies in the corpus */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    if (sts_identity_read(reply, &identity, &error) == 0 && !*identity.user)
        abort();
}

static void explain(const struct msg_net_reply *reply)
{
    const struct sts_context context = {"AKIAIOSFODNN7EXAMPLE", "GAHT12345678", "us-east-1"};
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
