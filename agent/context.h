// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CONTEXT_H
#define AWSTAP_CONTEXT_H

#include "message.h"

/* Where a person can be asked: on the seat's display where there is one, else on the terminal of
 * who asks. */
struct context {
    struct buf frame; /* CONTEXT as the client sent it; empty: it has not */
};

/* The pinentry that the person chose ("": the usual one), and the display that we were started
 * with. The text must stay. */
void context_open(const char *pinentry);

void context_init(struct context *context);
void context_free(struct context *context);

/*
 * Keep what a client says. A display of this machine is remembered for those who ask without one:
 * a program in the background, or over SSH. 0, or -EPROTO.
 */
int context_take(struct context *context, const struct frame *frame);

/* Whether a person can be reached at the place itself, display or terminal. */
bool context_reaches(const struct context *context);

/*
 * What is handed on to awstap-prompt; context may be NULL: nobody in particular asks. The texts are
 * the context's and ours, good until the next call.
 */
struct msg_context context_tell(const struct context *context);

#endif
