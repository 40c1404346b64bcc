// SPDX-License-Identifier: BSD-2-Clause
// A signer and its helpers: started, connected to each other, ended together.
#include "operation.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"

static TAILQ_HEAD(, operation) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct operation *unlocking;
static struct msg_places places;

void operation_places(const char *vault, const char *state)
{
    places = (struct msg_places){vault, state};
}

const struct msg_places *operation_where(void)
{
    return &places;
}

static void finish(struct operation *operation, const char *why)
{
    operation_end(operation);
    operation->on_end(operation, why);
}

static void need_helper(struct operation *operation, enum program program)
{
    operation->requested = true;
    helper_start(program, &operation->request);
}

static int on_need(struct operation *operation, const struct frame *frame)
{
    struct msg_need need;

    if (message_get(frame, MSG_NEED, &need) < 0 || operation->requested ||
        (need.program != PROGRAM_FIDO && need.program != PROGRAM_NET))
        return -EPROTO;
    need_helper(operation, need.program);
    return 0;
}

static int on_signer_frame(struct peer *peer, const struct frame *frame)
{
    struct operation *operation = LOOP_OWNER(peer, struct operation, signer);

    if (frame->type == MSG_NEED)
        return on_need(operation, frame);
    return operation->on_frame(operation, frame);
}

static void on_signer_end(struct peer *peer, int error)
{
    struct operation *operation = LOOP_OWNER(peer, struct operation, signer);

    finish(operation, error == -EPROTONOSUPPORT
                          ? "awstap was upgraded while its agent ran; end the agent and run it again"
                          : "awstap-signer ended unexpectedly; run it again");
}

static void on_deadline(struct timer *timer)
{
    struct operation *operation = LOOP_OWNER(timer, struct operation, deadline);

    finish(operation, operation->failure[0] ? operation->failure : "it took too long; run it again");
}

/* In a later round: whoever began the operation may still be in the middle of it. */
static void finish_soon(struct operation *operation, const char *why)
{
    snprintf(operation->failure, sizeof operation->failure, "%s", why);
    operation->deadline.deadline_ms = 0;
}

/* The signer itself has started. */
static void meet_signer(struct operation *operation, int conversation)
{
    operation->signer.on_frame = on_signer_frame;
    operation->signer.on_end = on_signer_end;
    if (peer_open(&operation->signer, conversation) < 0) {
        finish_soon(operation, "out of memory");
        return;
    }
    peer_send(&operation->signer, MSG_PLACES, &places, -1);
    operation->on_ready(operation);
}

static void refuse_helper(struct operation *operation, const char *error)
{
    const struct msg_failed failed = {EXIT_FAILED, error};

    peer_send(&operation->signer, MSG_FAILED, &failed, -1);
}

static void on_started(struct helper_request *request, int conversation, int pidfd, const char *error)
{
    struct operation *operation = LOOP_OWNER(request, struct operation, request);
    bool is_signer = operation->helpers == 0;

    operation->requested = false;
    if (error && is_signer) {
        finish_soon(operation, error);
    } else if (error) {
        refuse_helper(operation, error);
    } else if (operation->helpers == OPERATION_HELPERS_MAX) {
        close(conversation);
        helper_end(pidfd);
        refuse_helper(operation, "too many helpers");
    } else {
        operation->pidfds[operation->helpers++] = pidfd;
        if (is_signer)
            meet_signer(operation, conversation);
        else
            peer_send(&operation->signer, MSG_HELPER, NULL, conversation);
    }
}

static void run(struct operation *operation)
{
    operation->running = true;
    operation->deadline.deadline_ms = clock_boot_ms() + (uint64_t)operation->seconds * 1000;
    need_helper(operation, PROGRAM_SIGNER);
}

void operation_begin(struct operation *operation, bool unlocks, uint32_t seconds)
{
    operation->unlocks = unlocks;
    operation->seconds = seconds;
    operation->request.started = on_started;
    operation->signer.channel.fd = -1;
    operation->deadline.due = on_deadline;
    loop_time(&operation->deadline);
    if (unlocks && unlocking) {
        TAILQ_INSERT_TAIL(&waiting, operation, link);
        return;
    }
    if (unlocks)
        unlocking = operation;
    run(operation);
}

static void run_next(void)
{
    unlocking = TAILQ_FIRST(&waiting);
    if (!unlocking)
        return;
    TAILQ_REMOVE(&waiting, unlocking, link);
    run(unlocking);
}

void operation_end(struct operation *operation)
{
    loop_untime(&operation->deadline);
    if (!operation->running) {
        TAILQ_REMOVE(&waiting, operation, link);
        return;
    }
    operation->running = false;
    helper_withdraw(&operation->request);
    peer_close(&operation->signer);
    while (operation->helpers)
        helper_end(operation->pidfds[--operation->helpers]);
    if (operation == unlocking)
        run_next();
}
