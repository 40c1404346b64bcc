// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_OPERATION_H
#define AWSTAP_OPERATION_H

#include <stdbool.h>
#include <sys/queue.h>

#include "helper.h"
#include "peer.h"

#define OPERATION_HELPERS_MAX 48 /* a signer, sixteen devices, a conversation with AWS for each key, and to spare */

/*
 * A signer at work, with the helpers that it needs. At most one operation that unlocks the vault runs at a
 * time, so that a touch is never taken for another request; the others wait their turn. Part of the object that
 * owns it, which sets the callbacks.
 */
struct operation {
    TAILQ_ENTRY(operation) link;
    bool unlocks, running;
    uint32_t seconds; /* that it may take */
    struct peer signer;
    struct helper_request request;
    bool requested; /* a helper is on its way */
    int pidfds[OPERATION_HELPERS_MAX];
    size_t helpers;
    struct timer deadline;
    char failure[256]; /* why the signer could not be started; said at the deadline, which is then at once */
    /* The signer is there: send it the request. */
    void (*on_ready)(struct operation *operation);
    /* A frame from the signer that is not about helpers. A negative value ends the operation. */
    int (*on_frame)(struct operation *operation, const struct frame *frame);
    /* It is over and nothing of it runs any more; why tells a person, NULL: the signer said all it had to. */
    void (*on_end)(struct operation *operation, const char *why);
};

/* Where the vault and the state folder are: told to each signer. The texts must stay. */
void operation_places(const char *vault, const char *state);
const struct msg_places *operation_where(void);

/* Start it, or put it in the queue if it unlocks and another one does. It ends by itself after so many seconds. */
void operation_begin(struct operation *operation, bool unlocks, uint32_t seconds);

/* End it and its helpers now, or take it out of the queue. on_end() is not called. */
void operation_end(struct operation *operation);

#endif
