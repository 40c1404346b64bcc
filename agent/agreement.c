// SPDX-License-Identifier: BSD-2-Clause
// Agreements: a yes or no of the person at this end.
#include "agreement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "operation.h"

#define AGREE_S 75 /* a dialog of 60 s, and the way */

struct agreement {
    struct operation operation;
    char *stake;
    void (*answered)(void *context, uint32_t status, const char *text);
    void *context;
};

static void release(struct agreement *agreement)
{
    free(agreement->stake);
    loop_free(agreement);
}

static void answer(struct agreement *agreement, uint32_t status, const char *text)
{
    agreement->answered(agreement->context, status, text);
    operation_end(&agreement->operation);
    release(agreement);
}

static void on_ready(struct operation *operation)
{
    const struct agreement *agreement = LOOP_OWNER(operation, struct agreement, operation);
    const struct msg_agree agree = {agreement->stake};

    peer_send(&operation->signer, MSG_AGREE, &agree, -1);
}

static int on_frame(struct operation *operation, const struct frame *frame)
{
    struct agreement *agreement = LOOP_OWNER(operation, struct agreement, operation);
    struct msg_failed failed;
    struct msg_done done;

    if (frame->type == MSG_PROGRESS)
        return 0;
    if (message_get(frame, MSG_DONE, &done) == 0)
        answer(agreement, 0, done.text);
    else if (message_get(frame, MSG_FAILED, &failed) == 0)
        answer(agreement, failed.status ? failed.status : EXIT_PERSON, failed.text);
    else
        return -EPROTO;
    return 0;
}

static void on_end(struct operation *operation, const char *why)
{
    struct agreement *agreement = LOOP_OWNER(operation, struct agreement, operation);

    agreement->answered(agreement->context, EXIT_FAILED, why);
    release(agreement);
}

struct agreement *agreement_ask(const char *stake,
                                void (*answered)(void *context, uint32_t status, const char *text),
                                void *context)
{
    struct agreement *agreement = calloc(1, sizeof *agreement);

    if (!agreement || !(agreement->stake = strdup(stake))) {
        free(agreement);
        return NULL;
    }
    agreement->answered = answered;
    agreement->context = context;
    agreement->operation.on_ready = on_ready;
    agreement->operation.on_frame = on_frame;
    agreement->operation.on_end = on_end;
    operation_begin(&agreement->operation, LANE_TOUCH, AGREE_S);
    return agreement;
}

void agreement_cancel(struct agreement *agreement)
{
    operation_end(&agreement->operation);
    release(agreement);
}
