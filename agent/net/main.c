// SPDX-License-Identifier: BSD-2-Clause
// awstap-net: one conversation with one server of AWS's, on behalf of a signer. It is where what
// the network sends is parsed; it sees requests that are signed already, and never the vault.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "channel.h"
#include "clock.h"
#include "connection.h"
#include "harden.h"
#include "reply.h"
#include "wiping.h"

#define ARENA_SIZE ((size_t)1024 * 1024)
#define SEND_MS    5000
#define REPEAT_MS  4000 /* servers close what is idle for longer, some after 5 s */
#define DRIFT_S    2    /* the server's clock seems to have moved when it is off by more */

struct conversation {
    struct channel channel;
    struct connection connection;
    bool repeating;         /* a HEAD that nobody waits for is under way */
    struct failure failure; /* the latest */
    int64_t told_ahead;     /* by what the server's clock was ahead when last told, in seconds */
};

/* connection_heard: the signer has gone, or has a request that a repeated HEAD holds up. */
static int heard(void *context)
{
    struct conversation *conversation = context;
    struct frame frame;
    int r = channel_fill(&conversation->channel);

    if (r < 0)
        return r;
    if (conversation->channel.ended)
        return -ECANCELED;
    return conversation->repeating ? channel_next(&conversation->channel, &frame) : 0;
}

static int send_failure(struct conversation *conversation)
{
    const struct msg_net_failed msg = {conversation->failure.kind, conversation->failure.text};

    return channel_send(&conversation->channel, MSG_NET_FAILED, &msg, -1, SEND_MS);
}

/* 0 for a server without a Date: then there is nothing to compare. */
static int64_t seconds_ahead(const struct answer *answer)
{
    return answer->date ? (int64_t)answer->date - (int64_t)(clock_now_ms() / 1000) : 0;
}

static int tell_connected(struct conversation *conversation, const struct answer *answer)
{
    const struct msg_net_connected msg = {answer->date};

    conversation->told_ahead = seconds_ahead(answer);
    return channel_send(&conversation->channel, MSG_NET_CONNECTED, &msg, -1, SEND_MS);
}

/* Connect for the first time. 0; -EIO: could not, and the signer knows; another negative errno. */
static int connect_first(struct conversation *conversation, const struct msg_net_connect *msg)
{
    const struct listener listener = {conversation->channel.fd, heard, conversation};
    struct failure *failure = &conversation->failure;
    struct answer answer;
    int r, sent;

    answer_init(&answer);
    r = connection_open(&conversation->connection, msg->url, msg->ca_bundle, &listener, failure);
    if (r == 0)
        r = connection_head(&conversation->connection, &answer, failure);
    if (r == 0)
        r = tell_connected(conversation, &answer);
    answer_free(&answer);
    if (r == -EIO && (sent = send_failure(conversation)) < 0)
        r = sent;
    return r;
}

/*
 * Keep the connection warm. Silent, unless what the signer was told no longer holds. A failure is
 * not told: it may pass before there is a request, which is what finds out.
 */
static int repeat_head(struct conversation *conversation)
{
    struct answer answer;
    int64_t moved;
    int r;

    answer_init(&answer);
    conversation->repeating = true;
    r = connection_head(&conversation->connection, &answer, &conversation->failure);
    conversation->repeating = false;
    if (r == 0) {
        moved = seconds_ahead(&answer) - conversation->told_ahead;
        if (answer.remade || moved > DRIFT_S || moved < -DRIFT_S)
            r = tell_connected(conversation, &answer);
    }
    answer_free(&answer);
    return r == -EIO ? 0 : r;
}

/* While a request is under way its answer may be the only copy of a secret: TERM waits for it. */
static void mask_term(int how)
{
    sigset_t term;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(how, &term, NULL);
}

static int serve_request(struct conversation *conversation, const struct msg_net_request *msg)
{
    const char *host = conversation->connection.endpoint.host;
    struct failure *failure = &conversation->failure;
    struct answer answer;
    struct reply reply;
    int r;

    answer_init(&answer);
    mask_term(SIG_BLOCK);
    r = connection_post(&conversation->connection, &msg->headers, &msg->body, &answer, failure);
    if (r == 0 && (r = reply_read(&reply, &answer, host, failure)) == 0) {
        r = channel_send(&conversation->channel, MSG_NET_REPLY, &reply.msg, -1, SEND_MS);
        reply_free(&reply);
    } else if (r == -EIO) {
        r = send_failure(conversation);
    }
    mask_term(SIG_UNBLOCK);
    answer_free(&answer);
    return r;
}

/* 0: the signer has closed. */
static int serve_requests(struct conversation *conversation)
{
    struct msg_net_request msg;
    struct frame frame;
    int r;

    for (;;) {
        r = channel_receive(&conversation->channel, &frame, REPEAT_MS);
        if (r == -ETIMEDOUT) {
            if ((r = repeat_head(conversation)) < 0)
                return r;
            continue;
        }
        if (r <= 0)
            return r;
        if ((r = message_get(&frame, MSG_NET_REQUEST, &msg)) < 0 ||
            (r = serve_request(conversation, &msg)) < 0)
            return r;
        channel_drop(&conversation->channel, &frame);
    }
}

/* 0: the signer has closed after a conversation as it should be. */
static int converse(struct conversation *conversation)
{
    struct msg_net_connect msg;
    struct frame frame;
    int r = channel_receive(&conversation->channel, &frame, -1);

    if (r <= 0)
        return r;
    if ((r = message_get(&frame, MSG_NET_CONNECT, &msg)) < 0)
        return r;
    r = connect_first(conversation, &msg);
    channel_drop(&conversation->channel, &frame);
    if (r == 0)
        return serve_requests(conversation);
    if (r != -EIO)
        return r;
    /* The signer has its answer; closing is the only thing left to it. */
    r = channel_receive(&conversation->channel, &frame, -1);
    return r > 0 ? -EPROTO : r;
}

static bool has_gone(int error)
{
    return error == -ECANCELED || error == -EPIPE || error == -ECONNRESET;
}

int main(void)
{
    static struct conversation conversation;
    int r;

    unsetenv("SSLKEYLOGFILE"); /* libcurl would write the keys of its connections there */
    signal(SIGPIPE, SIG_IGN);
    if ((r = harden_helper()) < 0 || (r = clock_open()) < 0 ||
        (r = arena_open(ARENA_SIZE, ARENA_LOCK_WANTED)) < 0 ||
        (r = channel_open(&conversation.channel, CHANNEL_HELPER_FD)) < 0 ||
        (r = wiping_start_curl()) < 0) {
        fprintf(stderr, "awstap-net: cannot start: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    r = converse(&conversation);
    connection_close(&conversation.connection);
    channel_close(&conversation.channel);
    arena_close();
    if (r == 0 || has_gone(r))
        return EXIT_SUCCESS;
    fprintf(stderr, "awstap-net: the conversation failed: %s\n", strerror(-r));
    return EXIT_FAILURE;
}
