// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_QUESTION_H
#define AWSTAP_QUESTION_H

#include <stdint.h>

#include "message.h"

/* A question to the person, from the signer's message to what it is told. */

/* What came of it. */
struct reply {
    enum message_type type; /* PROMPT_ANSWER, DONE or PROMPT_FAILED */
    char *answer;           /* in the arena, of answer_len bytes; reply_free() wipes it */
    size_t answer_len;
    char text[640]; /* why it failed, in one line */
};

/*
 * Ask, and wait for the answer. 0 and *reply, to be freed; -ECANCELED: the conversation (a
 * descriptor, polled and not read) is over; another negative errno: the question is none of ours.
 * There is no dialog afterwards, and the terminal is as it was.
 */
int question_ask(const struct msg_prompt_ask *ask, const struct msg_context *context,
                 int conversation, struct reply *reply);

void reply_free(struct reply *reply);

#endif
