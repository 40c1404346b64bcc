// SPDX-License-Identifier: BSD-2-Clause
// The signer's conversation with its agent.
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "printable.h"

#define SEND_MS  5000 /* the agent never blocks: slower than this it is gone */
#define START_MS 5000 /* to start a helper */

/* What is in memory is wiped with the process; what was half done at AWS is in the journal. */
static _Noreturn void end(void)
{
    arena_close();
    _exit(0);
}

/* Returns only while the signer is held to what it does. */
static void agent_is_gone(struct agent *agent)
{
    if (!agent->held)
        end();
    agent->gone = true;
}

int agent_open(struct agent *agent)
{
    struct msg_places places;
    struct frame frame;
    int r;

    buf_init(&agent->request);
    buf_init(&agent->wants);
    buf_init(&agent->riders);
    buf_init(&agent->context);
    if ((r = channel_open(&agent->channel, CHANNEL_HELPER_FD)) < 0)
        return r;
    if (channel_receive(&agent->channel, &frame, START_MS) != 1)
        return -EPROTO;
    if ((r = message_get(&frame, MSG_PLACES, &places)) < 0)
        return r;
    agent->vault = arena_strdup(places.vault);
    agent->state = arena_strdup(places.state);
    agent->logs = places.log_start.len == LOG_ID_BYTES && places.log_key.len == LOG_KEY_BYTES;
    if (agent->logs) {
        memcpy(agent->log_id, places.log_start.data, LOG_ID_BYTES);
        memcpy(agent->log_key, places.log_key.data, LOG_KEY_BYTES);
    }
    agent->log_count = places.log_count;
    channel_drop(&agent->channel, &frame);
    return agent->vault && agent->state ? 0 : -ENOMEM;
}

void agent_request(struct agent *agent, struct frame *request)
{
    struct frame frame;

    if (channel_receive(&agent->channel, &frame, -1) != 1 ||
        message_forward(&agent->request, &frame) < 0 || message_next(&agent->request, request) != 1)
        end();
    channel_drop(&agent->channel, &frame);
}

void agent_send(struct agent *agent, enum message_type type, const void *msg)
{
    if (!agent->gone && channel_send(&agent->channel, type, msg, -1, SEND_MS) < 0)
        agent_is_gone(agent);
}

void agent_progress(struct agent *agent, enum progress_kind kind, const char *format, ...)
{
    char text[256];
    const struct msg_progress progress = {kind, text};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    agent_send(agent, MSG_PROGRESS, &progress);
}

/* Whether a frame of this type may come at any time. */
static bool comes_unasked(uint8_t type)
{
    return type == MSG_WANT || type == MSG_RIDER || type == MSG_PLUGGED;
}

/* More riders than there is room for go unnamed; no WANT may be lost. */
static void keep(struct agent *agent, const struct frame *frame)
{
    if (frame->type == MSG_RIDER)
        (void)message_forward(&agent->riders, frame);
    else if (frame->type == MSG_PLUGGED)
        agent->plugged = true;
    else if (frame->type != MSG_WANT || message_forward(&agent->wants, frame) < 0)
        end();
    channel_drop(&agent->channel, frame);
}

static void keep_context(struct agent *agent, const struct frame *frame)
{
    buf_take(&agent->context, buf_len(&agent->context));
    if (message_forward(&agent->context, frame) < 0)
        end();
    channel_drop(&agent->channel, frame);
}

/* The answer to what was asked, still to be dropped. A CONTEXT before it is for awstap-prompt. */
static void await_answer(struct agent *agent, struct frame *frame)
{
    for (;;) {
        if (channel_receive(&agent->channel, frame, START_MS) != 1)
            end();
        if (comes_unasked(frame->type))
            keep(agent, frame);
        else if (frame->type == MSG_CONTEXT)
            keep_context(agent, frame);
        else
            return;
    }
}

int agent_need(struct agent *agent, enum program program, struct channel *helper,
               struct error *error)
{
    const struct msg_need need = {program};
    struct msg_failed failed;
    struct frame frame;
    int r;

    if (agent->gone)
        return error_set(error, EXIT_FAILED, "the agent has ended; start it and run it again");
    agent_send(agent, MSG_NEED, &need);
    await_answer(agent, &frame);
    if (message_get(&frame, MSG_HELPER, NULL) == 0)
        r = channel_open(helper, channel_claim_fd(&agent->channel));
    else if (message_get(&frame, MSG_FAILED, &failed) == 0)
        r = error_set(error, failed.status, "%s", failed.text);
    else
        end();
    channel_drop(&agent->channel, &frame);
    return r < -1 ? error_set(error, EXIT_FAILED, "cannot talk to a helper: %s", strerror(-r)) : r;
}

void agent_ask(struct agent *agent, enum message_type type, const void *msg,
               enum message_type expected, struct frame *answer)
{
    agent_send(agent, type, msg);
    await_answer(agent, answer);
    if (answer->type != expected)
        end();
}

void agent_drop_answer(struct agent *agent, const struct frame *answer)
{
    channel_drop(&agent->channel, answer);
}

static void mask_ending(int how)
{
    sigset_t ending;

    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGHUP);
    sigprocmask(how, &ending, NULL);
}

void agent_hold(struct agent *agent)
{
    mask_ending(SIG_BLOCK);
    agent->held = true;
}

void agent_release(struct agent *agent)
{
    agent->held = false;
    if (agent->gone)
        end();
    mask_ending(SIG_UNBLOCK);
}

bool agent_look(struct agent *agent)
{
    struct frame frame;
    int r;

    if (agent->gone)
        return false;
    if (channel_fill(&agent->channel) < 0)
        agent_is_gone(agent);
    while ((r = channel_next(&agent->channel, &frame)) == 1)
        keep(agent, &frame);
    if (r < 0 || agent->channel.ended)
        agent_is_gone(agent);
    return buf_len(&agent->wants) > 0 || buf_len(&agent->riders) > 0;
}

void agent_wait(struct agent *agent, uint64_t deadline_ms)
{
    int left;

    while ((left = clock_left_ms(deadline_ms)) != 0) {
        struct pollfd pollfd = {.fd = agent->gone ? -1 : agent->channel.fd, .events = POLLIN};

        if (poll(&pollfd, 1, left) > 0)
            agent_look(agent);
    }
}

/* The first of the frames kept, decoded. False: there is none. */
static bool next(const struct buf *kept, enum message_type type, void *msg)
{
    struct frame frame;

    if (message_next(kept, &frame) != 1)
        return false;
    if (message_get(&frame, type, msg) < 0)
        end();
    return true;
}

static void drop(struct buf *kept)
{
    struct frame frame;

    if (message_next(kept, &frame) == 1)
        message_drop(kept, &frame);
}

bool agent_next_want(struct agent *agent, struct msg_want *want)
{
    return next(&agent->wants, MSG_WANT, want);
}

void agent_drop_want(struct agent *agent)
{
    drop(&agent->wants);
}

bool agent_next_rider(struct agent *agent, struct msg_rider *rider)
{
    return next(&agent->riders, MSG_RIDER, rider);
}

void agent_drop_rider(struct agent *agent)
{
    drop(&agent->riders);
}

bool agent_plugged(struct agent *agent)
{
    bool plugged = agent->plugged;

    agent->plugged = false;
    return plugged;
}

const char *agent_requester(struct agent *agent)
{
    struct msg_rider rider;
    struct frame frame;

    if (agent->requester_known)
        return agent->requester;
    while (!agent_next_rider(agent, &rider)) {
        if (channel_receive(&agent->channel, &frame, START_MS) != 1)
            end();
        keep(agent, &frame);
    }
    snprintf(agent->requester, sizeof agent->requester, "%s", rider.who);
    agent_drop_rider(agent);
    printable_clean(agent->requester);
    agent->requester_known = true;
    return agent->requester;
}
