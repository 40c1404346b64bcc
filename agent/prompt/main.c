// SPDX-License-Identifier: BSD-2-Clause
// awstap-prompt: questions to the person on behalf of a signer, by a pinentry. It sees an answer,
// and neither the vault nor what the answer opens.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "channel.h"
#include "clock.h"
#include "harden.h"
#include "question.h"

#define ARENA_SIZE ((size_t)256 * 1024)
#define SEND_MS    5000
#define CONTEXT_MS 5000 /* it was there before we were */

/* Told to end: the conversation reads as closed then, which takes the dialog away and ends us. */
static void hang_up(int number)
{
    (void)number;
    shutdown(CHANNEL_HELPER_FD, SHUT_RDWR);
}

/* 0 or a negative errno. Our own session: no terminal's Ctrl-C and no job control reach us. */
static int prepare(struct channel *channel)
{
    const struct sigaction end = {.sa_handler = hang_up}, ignore = {.sa_handler = SIG_IGN};
    int r;

    setsid();
    if (sigaction(SIGTERM, &end, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
        return -errno;
    if ((r = harden_helper()) < 0 || (r = clock_open()) < 0 ||
        (r = arena_open(ARENA_SIZE, ARENA_LOCK_WANTED)) < 0)
        return r;
    return channel_open(channel, CHANNEL_HELPER_FD);
}

/* Where to ask: kept holds the frame that context leads into. 1; 0: closed; a negative errno. */
static int learn_context(struct channel *channel, struct buf *kept, struct msg_context *context)
{
    struct frame frame;
    int r = channel_receive(channel, &frame, CONTEXT_MS);

    if (r <= 0)
        return r;
    if ((r = message_forward(kept, &frame)) < 0)
        return r;
    channel_drop(channel, &frame);
    if (message_next(kept, &frame) != 1)
        return -EPROTO;
    r = message_get(&frame, MSG_CONTEXT, context);
    return r < 0 ? r : 1;
}

static int send_reply(struct channel *channel, const struct reply *reply)
{
    const struct msg_prompt_answer answer = {{(uint8_t *)reply->answer, reply->answer_len}};
    const struct msg_prompt_failed failed = {EXIT_PERSON, reply->text};
    const struct msg_done done = {""};

    if (reply->type == MSG_PROMPT_ANSWER)
        return channel_send(channel, MSG_PROMPT_ANSWER, &answer, -1, SEND_MS);
    if (reply->type == MSG_DONE)
        return channel_send(channel, MSG_DONE, &done, -1, SEND_MS);
    return channel_send(channel, MSG_PROMPT_FAILED, &failed, -1, SEND_MS);
}

static int serve(struct channel *channel, const struct frame *frame,
                 const struct msg_context *context)
{
    struct msg_prompt_ask ask;
    struct reply reply;
    int r = message_get(frame, MSG_PROMPT_ASK, &ask);

    if (r < 0)
        return r;
    if ((r = question_ask(&ask, context, channel->fd, &reply)) == 0)
        r = send_reply(channel, &reply);
    reply_free(&reply);
    return r;
}

/* 0: it ended as it should. */
static int converse(struct channel *channel, struct buf *kept)
{
    struct msg_context context;
    struct frame frame;
    int r = learn_context(channel, kept, &context);

    while (r > 0 && (r = channel_receive(channel, &frame, -1)) > 0) {
        if ((r = serve(channel, &frame, &context)) == 0)
            r = 1;
        channel_drop(channel, &frame);
    }
    return r;
}

static bool has_gone(int error)
{
    return error == -ECANCELED || error == -EPIPE || error == -ECONNRESET;
}

int main(void)
{
    struct channel channel;
    struct buf kept;
    int r;

    if ((r = prepare(&channel)) < 0) {
        fprintf(stderr, "awstap-prompt: cannot start: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    buf_init(&kept);
    r = converse(&channel, &kept);
    buf_free(&kept);
    channel_close(&channel);
    arena_close();
    if (r == 0 || has_gone(r))
        return EXIT_SUCCESS;
    fprintf(stderr, "awstap-prompt: the conversation failed: %s\n", strerror(-r));
    return EXIT_FAILURE;
}
