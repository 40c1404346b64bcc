// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DIALOG_H
#define AWSTAP_DIALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "terminal.h"

/* One question, put to the person by one pinentry. */

#define ANSWER_MAX 255 /* bytes of a typed answer */

enum dialog_end {
    DIALOG_ANSWERED,
    DIALOG_CANCELLED,
    DIALOG_TIMED_OUT,
    DIALOG_UNSHOWN, /* the pinentry can't be run, or can't show a dialog here: another may */
    DIALOG_LOCALE,  /* the same, because of a character that is not ASCII */
    DIALOG_DIED,    /* it showed the dialog, and ended without an answer */
    DIALOG_JUNK,    /* it does not speak as a pinentry does */
    DIALOG_OVER,    /* the conversation is over: nobody wants to know any more */
};

struct dialog {
    /* What is asked and where; the caller's. */
    const struct msg_prompt_ask *ask;
    const struct msg_context *context;
    struct terminal *terminal;
    char *const *environment;
    int conversation;
    uint64_t until_ms, deadline_ms; /* when the pinentry is to give up, and when we do */
    /* What came of it. */
    char *answer; /* the caller's, in the arena, of ANSWER_MAX + 1 bytes */
    size_t answer_len;
    char reason[160]; /* why it could not be shown, in ASCII */
    bool missing;     /* it can't be shown because there is no such program */
};

/*
 * Ask by the pinentry at path. ascii: without any other character; on_terminal: the terminal is
 * lent to it, and set right afterwards.
 */
enum dialog_end dialog_run(struct dialog *dialog, const char *path, bool on_terminal, bool ascii);

#endif
