// SPDX-License-Identifier: BSD-2-Clause
// A signer and its helpers: started, connected to each other, ended together.
#include "operation.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "authority.h"
#include "clock.h"
#include "log.h"

static TAILQ_HEAD(, operation) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct operation *touching; /* the one on LANE_TOUCH */
static unsigned busy;              /* lanes */
static bool closing;
static struct msg_places places;

void operation_places(const char *vault, const char *state)
{
    places.vault = vault;
    places.state = state;
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

/* In a later round: whoever began the operation may still be in the middle of it. */
static void finish_soon(struct operation *operation, const char *why)
{
    snprintf(operation->failure, sizeof operation->failure, "%s", why);
    operation->deadline.deadline_ms = 0;
}

static void on_deadline(struct timer *timer)
{
    struct operation *operation = LOOP_OWNER(timer, struct operation, deadline);

    finish(operation,
           operation->failure[0] ? operation->failure : "it took too long; run it again");
}

static void refuse_helper(struct operation *operation, const char *error)
{
    const struct msg_failed failed = {EXIT_FAILED, error};

    peer_send(&operation->signer, MSG_FAILED, &failed, -1);
}

static void give(struct operation_helper *helper)
{
    struct operation *operation = helper->operation;

    if (helper->program == PROGRAM_PROMPT) {
        const struct msg_context context =
            context_tell(operation->on_context ? operation->on_context(operation) : NULL);

        peer_send(&operation->signer, MSG_CONTEXT, &context, -1);
    }
    peer_send(&operation->signer, MSG_HELPER, NULL, helper->conversation);
    helper->conversation = -1;
    helper->awaited = false;
    helper->state = HELPER_GIVEN;
}

static bool has_ended(const struct operation_helper *helper)
{
    struct pollfd end = {.fd = helper->pidfd, .events = POLLIN};

    return helper->state == HELPER_GIVEN && (helper->pidfd < 0 || poll(&end, 1, 0) == 1);
}

/* That of one that has ended, where no other is left: NULL where all are at work. */
static struct operation_helper *find_place(struct operation *operation)
{
    struct operation_helper *helpers = operation->helpers;

    if (operation->helper_count < OPERATION_HELPERS_MAX)
        return &helpers[operation->helper_count++];
    for (size_t i = 0; i < OPERATION_HELPERS_MAX; i++)
        if (has_ended(&helpers[i])) {
            if (helpers[i].pidfd >= 0)
                close(helpers[i].pidfd);
            return &helpers[i];
        }
    return NULL;
}

static struct operation_helper *add_helper(struct operation *operation, enum program program)
{
    struct operation_helper *helper = find_place(operation);

    if (!helper)
        return NULL;
    *helper = (struct operation_helper){
        .operation = operation, .program = program, .conversation = -1, .pidfd = -1};
    return helper;
}

static struct operation_helper *find_awaited(struct operation *operation)
{
    for (size_t i = 0; i < operation->helper_count; i++)
        if (operation->helpers[i].awaited)
            return &operation->helpers[i];
    return NULL;
}

static struct operation_helper *find_spare(struct operation *operation, enum program program)
{
    for (size_t i = 0; i < operation->helper_count; i++)
        if (operation->helpers[i].program == program && operation->helpers[i].state != HELPER_GIVEN)
            return &operation->helpers[i];
    return NULL;
}

static int on_signer_frame(struct peer *peer, const struct frame *frame);

static void on_signer_end(struct peer *peer, int error)
{
    struct operation *operation = LOOP_OWNER(peer, struct operation, signer);

    finish(operation,
           error == -EPROTONOSUPPORT
               ? "awstap was upgraded while its agent ran; end the agent and run it again"
               : "awstap-signer ended unexpectedly; run it again");
}

static void meet_signer(struct operation_helper *helper)
{
    struct operation *operation = helper->operation;
    int conversation = helper->conversation;

    helper->conversation = -1;
    helper->state = HELPER_GIVEN;
    operation->signer.on_frame = on_signer_frame;
    operation->signer.on_end = on_signer_end;
    if (peer_open(&operation->signer, conversation) < 0) {
        finish_soon(operation, "out of memory");
        return;
    }
    places.log_start = log_start();
    places.log_key = log_key();
    places.log_count = log_count();
    peer_send(&operation->signer, MSG_PLACES, &places, -1);
    operation->on_ready(operation);
}

static void on_started(struct helper_request *request, int conversation, int pidfd,
                       const char *error)
{
    struct operation_helper *helper = LOOP_OWNER(request, struct operation_helper, request);

    helper->conversation = conversation;
    helper->pidfd = pidfd;
    helper->state = error ? HELPER_GIVEN : HELPER_SPARE;
    if (helper->program == PROGRAM_SIGNER && error)
        finish_soon(helper->operation, error);
    else if (helper->program == PROGRAM_SIGNER)
        meet_signer(helper);
    else if (helper->awaited && error)
        refuse_helper(helper->operation, error);
    else if (helper->awaited)
        give(helper);
    helper->awaited = false;
}

static void start(struct operation_helper *helper)
{
    helper->state = HELPER_STARTING;
    helper->request.started = on_started;
    helper_start(helper->program, &helper->request);
}

static int on_need(struct operation *operation, const struct frame *frame)
{
    struct operation_helper *helper;
    struct msg_need need;

    if (message_get(frame, MSG_NEED, &need) < 0 || find_awaited(operation) ||
        (need.program != PROGRAM_FIDO && need.program != PROGRAM_NET &&
         need.program != PROGRAM_PROMPT))
        return -EPROTO;
    helper = find_spare(operation, need.program);
    if (!helper && !(helper = add_helper(operation, need.program))) {
        refuse_helper(operation,
                      "it needs too many helpers; unplug some security keys and run it again");
        return 0;
    }
    helper->awaited = true;
    if (helper->state == HELPER_SPARE)
        give(helper);
    else if (helper->state == HELPER_EXPECTED)
        start(helper);
    return 0;
}

static int on_signer_frame(struct peer *peer, const struct frame *frame)
{
    struct operation *operation = LOOP_OWNER(peer, struct operation, signer);

    switch (frame->type) {
    case MSG_NEED:
        return on_need(operation, frame);
    case MSG_KEEP:
        operation->opened = true;
        return authority_keep(frame);
    case MSG_DAY_KEY:
        return authority_day_key(frame);
    case MSG_AUTHORITY:
        return authority_answer(peer, frame);
    default:
        return operation->on_frame(operation, frame);
    }
}

static void run(struct operation *operation)
{
    operation->running = true;
    busy |= operation->lanes;
    if (operation->lanes & LANE_TOUCH)
        touching = operation;
    operation->deadline.deadline_ms = clock_boot_ms() + (uint64_t)operation->seconds * 1000;
    for (size_t i = 0; i < operation->helper_count; i++)
        start(&operation->helpers[i]);
}

void operation_plugged(void)
{
    if (touching && touching->signer.channel.fd >= 0)
        peer_send(&touching->signer, MSG_PLUGGED, NULL, -1);
}

void operation_expect(struct operation *operation, enum program program)
{
    add_helper(operation, program);
}

static unsigned lanes_awaited(void)
{
    const struct operation *operation;
    unsigned lanes = 0;

    TAILQ_FOREACH (operation, &waiting, link)
        lanes |= operation->lanes;
    return lanes;
}

const char *operation_begin(struct operation *operation, unsigned lanes, uint32_t seconds)
{
    unsigned taken = busy | lanes_awaited();

    operation->lanes = lanes;
    operation->seconds = seconds;
    operation->signer.channel.fd = -1;
    operation->deadline.due = on_deadline;
    loop_time(&operation->deadline);
    add_helper(operation, PROGRAM_SIGNER);
    if (lanes & taken) {
        TAILQ_INSERT_TAIL(&waiting, operation, link);
        return lanes & taken & LANE_TOUCH
                   ? "another awstap command is waiting for its touch; this one comes after it"
                   : "another awstap command is changing the vault; this one comes after it";
    }
    run(operation);
    return NULL;
}

/* In the order in which they came: none overtakes one that waits for the same lane. */
static void run_next(void)
{
    struct operation *operation, *next;
    unsigned taken = busy;

    for (operation = TAILQ_FIRST(&waiting); operation && !closing; operation = next) {
        next = TAILQ_NEXT(operation, link);
        if (!(operation->lanes & taken)) {
            TAILQ_REMOVE(&waiting, operation, link);
            run(operation);
        }
        taken |= operation->lanes;
    }
}

void operation_close(void)
{
    closing = true;
}

static void end_helper(struct operation_helper *helper)
{
    helper_withdraw(&helper->request);
    if (helper->conversation >= 0)
        close(helper->conversation);
    helper_end(helper->pidfd);
}

void operation_end(struct operation *operation)
{
    loop_untime(&operation->deadline);
    if (!operation->running) {
        TAILQ_REMOVE(&waiting, operation, link);
        return;
    }
    operation->running = false;
    peer_close(&operation->signer);
    while (operation->helper_count)
        end_helper(&operation->helpers[--operation->helper_count]);
    busy &= ~operation->lanes;
    if (operation == touching)
        touching = NULL;
    if (operation->lanes)
        run_next();
}
