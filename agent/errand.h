// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ERRAND_H
#define AWSTAP_ERRAND_H

#include <stdbool.h>

#include "operation.h"

/* An errand: a client's request that the agent hands to a signer unread, and the answers that it
 * hands back. */
struct errand;

/* Whether requests of this type are errands; and whether this one asks a person for anything. */
bool errand_is(uint8_t type);
bool errand_asks(const struct frame *request);

/* Who asks. The texts must stay. */
struct asker {
    struct peer *peer;
    const char *who;
    const struct context *context;
};

/*
 * Run it for this client; fd (or -1) came with the request and is taken over. on_end is called
 * once, when the client has had its DONE or FAILED. NULL, and nothing is called: the frame is
 * malformed, or memory is short.
 */
struct errand *errand_run(const struct asker *asker, const struct frame *request, int fd,
                          void (*on_end)(struct peer *client));

/*
 * End the errands that have K_rec or a session in hand, or may yet get them: those about this key
 * for which the vault has been opened (NULL: all but those that only read). What they have asked
 * AWS for is still sealed. Their clients are told why.
 */
void errand_lock(const char *key, const char *why);

/* Call visit with the key that an errand is about for which the vault has been opened ("": none);
 * there is one such errand at most. It may be ended. */
void errand_visit_opened(void (*visit)(const char *key));

/* The client has gone: end it. on_end is not called. */
void errand_cancel(struct errand *errand);

#endif
