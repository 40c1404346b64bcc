// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PROMPT_H
#define AWSTAP_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent.h"

/*
 * A dialog with the person, by an awstap-prompt of its own: on the seat's display, or on the
 * terminal of who asked. One at a time, which the agent sees to by running one unlocking operation
 * at a time.
 */

#define PROMPT_SECONDS          60 /* a person reads, thinks, and types */
#define PROMPT_RECOVERY_SECONDS 240
#define PROMPT_ANSWER_MAX       255 /* bytes of a typed answer */
#define PROMPT_STAKE_SIZE       1200

struct prompt {
    struct channel channel; /* fd -1: no dialog; else poll it for POLLIN, then prompt_look() */
    bool asked;             /* a question waits for its answer */
    enum prompt_kind kind;  /* of the question */
};

/* What a dialog asks. The texts are the caller's. */
struct question {
    enum prompt_kind kind;
    const char *stake;   /* lines: what is at stake first, then who asks */
    const char *label;   /* of the field: "PIN:"; empty for PROMPT_CONFIRM */
    const char *problem; /* what was wrong with the last answer; empty: nothing */
};

/* A typed answer. In the arena: one arena_free() wipes it. */
struct answer {
    size_t len;
    char text[PROMPT_ANSWER_MAX + 1]; /* a NUL follows the last byte */
};

void prompt_init(struct prompt *prompt);

/*
 * Ask, and tell the person by PROGRESS. A question that waits for its answer is taken away first,
 * answered or not: no answer is ever taken for that of another question. 0, or -1 with error: no
 * dialog can be shown.
 */
int prompt_begin(struct prompt *prompt, struct agent *agent, const struct question *question,
                 struct error *error);

/*
 * What has come of it, without waiting. 1: *answer (NULL for PROMPT_CONFIRM: yes), the caller's to
 * arena_free(); 0: nothing yet; -1 with error: cancelled, no answer in time, no dialog possible.
 */
int prompt_look(struct prompt *prompt, struct answer **answer, struct error *error);

/*
 * Wait for the answer; what the agent sends meanwhile is kept. 0 and *answer as above, or -1 with
 * error. Another question may be asked in the same dialog then.
 */
int prompt_await(struct prompt *prompt, struct agent *agent, struct answer **answer,
                 struct error *error);

/* Take the dialog away, and wait until the terminal that it was on is as before (2 s at most).
 * Harmless where there is none. */
void prompt_close(struct prompt *prompt);

/*
 * Ask and wait; what the agent sends meanwhile is kept. 0 and *answer as above (answer may be NULL
 * for PROMPT_CONFIRM), or -1 with error. The dialog is gone afterwards.
 */
int prompt_ask(struct agent *agent, const struct question *question, struct answer **answer,
               struct error *error);

#endif
