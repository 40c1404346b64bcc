// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: any bytes as what comes in on a conversation. What decodes must encode to the same
// frame.
#include "message.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Room for each message's struct. */
union message {
    uint8_t raw[128];
    uint64_t align;
    struct msg_key key;
};

static void expect_same(const struct buf *out, const struct frame *frame)
{
    struct frame again;

    if (message_next(out, &again) != 1 || again.type != frame->type || again.len != frame->len ||
        buf_len(out) != sizeof(uint32_t) + 1 + frame->len ||
        memcmp(again.body, frame->body, frame->len) != 0)
        abort();
}

static void decode(const struct frame *frame)
{
    union message message;
    struct buf out;

    buf_init(&out);
    if (message_get(frame, (enum message_type)frame->type, &message) == 0) {
        if (message_put(&out, (enum message_type)frame->type, &message) < 0)
            abort();
        expect_same(&out, frame);
    }
    buf_free(&out);
    if (message_forward(&out, frame) < 0)
        abort();
    expect_same(&out, frame);
    buf_free(&out);
}

/* The frame in a block of its very size, so that ASan sees a byte too far. */
static void decode_exact(const struct frame *frame)
{
    uint8_t *body = malloc(frame->len ? frame->len : 1);

    if (!body)
        abort();
    memcpy(body, frame->body, frame->len);
    decode(&(struct frame){frame->type, body, frame->len});
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct frame frame;
    struct buf in;

    if (!ready && arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        abort();
    ready = true;
    buf_init(&in);
    if (buf_put(&in, data, size) == 0)
        while (message_next(&in, &frame) == 1) {
            decode_exact(&frame);
            message_drop(&in, &frame);
        }
    buf_free(&in);
    return 0;
}
