// SPDX-License-Identifier: BSD-2-Clause
// A dialog with the person: the signer's conversation with awstap-prompt.
#include "prompt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "arena.h"
#include "clock.h"

#define SEND_MS 2000
#define END_MS  2000  /* its pinentry gets a second to end by itself */
#define LATE_MS 10000 /* awstap-prompt itself gives up 5 s after the time is over */

void prompt_init(struct prompt *prompt)
{
    *prompt = (struct prompt){.channel = {.fd = -1}};
}

static int helper_died(struct error *error)
{
    return error_set(error, EXIT_FAILED, "awstap-prompt has ended unexpectedly; run it again");
}

/* Begin a conversation: the first thing that awstap-prompt learns is where it can ask. */
static int open_dialog(struct prompt *prompt, struct agent *agent, struct error *error)
{
    struct frame context;

    if (agent_need(agent, PROGRAM_PROMPT, &prompt->channel, error) < 0)
        return -1;
    if (message_next(&agent->context, &context) == 1 &&
        channel_forward(&prompt->channel, &context, -1) == 0)
        return 0;
    prompt_close(prompt);
    return helper_died(error);
}

/* As it stands on the terminal of who waits. */
static const char *invitation(enum prompt_kind kind)
{
    switch (kind) {
    case PROMPT_PIN:
        return "type the PIN of the security key in the dialog";
    case PROMPT_PASSPHRASE:
        return "type the passphrase in the dialog";
    case PROMPT_NEW_PASSPHRASE:
        return "type a new passphrase in the dialog, twice";
    case PROMPT_CODE:
        return "type the code in the dialog";
    case PROMPT_RECOVERY:
        return "type the recovery code in the dialog";
    case PROMPT_CONFIRM:
        break;
    }
    return "answer the dialog with yes or no";
}

/* A new passphrase is thought up and typed twice, a recovery code has 64 characters. */
static uint32_t seconds_for(enum prompt_kind kind)
{
    if (kind == PROMPT_RECOVERY)
        return PROMPT_RECOVERY_SECONDS;
    return kind == PROMPT_NEW_PASSPHRASE ? 2 * PROMPT_SECONDS : PROMPT_SECONDS;
}

int prompt_begin(struct prompt *prompt, struct agent *agent, const struct question *question,
                 struct error *error)
{
    const struct msg_prompt_ask ask = {question->kind, question->stake, question->label,
                                       question->problem, seconds_for(question->kind)};

    if (prompt->asked)
        prompt_close(prompt);
    if (prompt->channel.fd < 0 && open_dialog(prompt, agent, error) < 0)
        return -1;
    agent_progress(agent, PROGRESS_PROMPT, "%s", invitation(question->kind));
    if (channel_send(&prompt->channel, MSG_PROMPT_ASK, &ask, -1, SEND_MS) < 0) {
        prompt_close(prompt);
        return helper_died(error);
    }
    prompt->asked = true;
    prompt->kind = question->kind;
    return 0;
}

/* 1 and *answer, or -1 with error. */
static int keep_answer(const struct bytes *typed, struct answer **answer, struct error *error)
{
    if (typed->len > PROMPT_ANSWER_MAX || memchr(typed->data, 0, typed->len))
        return helper_died(error);
    if (!(*answer = arena_alloc(sizeof **answer)))
        return error_set(error, EXIT_FAILED, "out of memory");
    (*answer)->len = typed->len;
    memcpy((*answer)->text, typed->data, typed->len);
    return 1;
}

/* What awstap-prompt has said to the question: as prompt_look(), but never 0. */
static int take(const struct prompt *prompt, const struct frame *frame, struct answer **answer,
                struct error *error)
{
    struct msg_prompt_answer typed;
    struct msg_prompt_failed failed;
    struct msg_done done;

    if (message_get(frame, MSG_PROMPT_FAILED, &failed) == 0)
        return error_set(error, failed.status, "%s", failed.text);
    if (prompt->kind == PROMPT_CONFIRM)
        return message_get(frame, MSG_DONE, &done) == 0 ? 1 : helper_died(error);
    if (message_get(frame, MSG_PROMPT_ANSWER, &typed) == 0)
        return keep_answer(&typed.answer, answer, error);
    return helper_died(error);
}

int prompt_look(struct prompt *prompt, struct answer **answer, struct error *error)
{
    struct frame frame;
    int r;

    *answer = NULL;
    if (channel_fill(&prompt->channel) < 0)
        prompt->channel.ended = true;
    r = channel_next(&prompt->channel, &frame);
    if (r == 1) {
        r = prompt->asked ? take(prompt, &frame, answer, error) : helper_died(error);
        channel_drop(&prompt->channel, &frame);
        prompt->asked = false;
    } else if (r < 0 || prompt->channel.ended) {
        r = helper_died(error);
    }
    if (r < 0)
        prompt_close(prompt);
    return r;
}

void prompt_close(struct prompt *prompt)
{
    uint64_t deadline = clock_deadline_ms(END_MS);
    struct frame frame;

    if (prompt->channel.fd >= 0)
        shutdown(prompt->channel.fd, SHUT_WR);
    while (prompt->channel.fd >= 0 &&
           channel_receive(&prompt->channel, &frame, clock_left_ms(deadline)) == 1)
        channel_drop(&prompt->channel, &frame);
    channel_close(&prompt->channel);
    prompt->asked = false;
}

int prompt_await(struct prompt *prompt, struct agent *agent, struct answer **answer,
                 struct error *error)
{
    uint64_t deadline = clock_deadline_ms((int)seconds_for(prompt->kind) * 1000 + LATE_MS);
    int left, r = 0;

    while (r == 0 && (left = clock_left_ms(deadline)) != 0) {
        struct pollfd pollfds[] = {{.fd = prompt->channel.fd, .events = POLLIN},
                                   {.fd = agent->channel.fd, .events = POLLIN}};

        if (poll(pollfds, 2, left) <= 0)
            continue;
        if (pollfds[1].revents)
            agent_look(agent);
        if (pollfds[0].revents)
            r = prompt_look(prompt, answer, error);
    }
    if (r == 0)
        r = helper_died(error);
    return r < 0 ? -1 : 0;
}

int prompt_ask(struct agent *agent, const struct question *question, struct answer **answer,
               struct error *error)
{
    struct answer *unwanted;
    struct prompt prompt;
    int r;

    prompt_init(&prompt);
    if (prompt_begin(&prompt, agent, question, error) < 0)
        return -1;
    r = prompt_await(&prompt, agent, answer ? answer : &unwanted, error);
    prompt_close(&prompt);
    return r;
}
