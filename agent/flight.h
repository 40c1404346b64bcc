// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FLIGHT_H
#define AWSTAP_FLIGHT_H

#include <stdbool.h>
#include <sys/queue.h>

#include "session.h"

/* A flight is on its way to one session. Equal requests join it, and one unlock serves all that are
 * under way. */
struct flight;

/* Someone who waits for a flight. Exactly one of issued and failed is called, once, and then the
 * wait is over. */
struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct flight *flight; /* NULL: does not wait */
    void (*issued)(struct waiter *waiter, const struct session *session);
    void (*failed)(struct waiter *waiter, const struct msg_failed *failed);
    void (*progress)(struct waiter *waiter, const struct msg_progress *progress);
};

/* Get the session for spec: from the cache and at once, or by a flight. */
void flight_get(const struct spec *spec, struct waiter *waiter);

/* Stop waiting. The last to leave cancels the flight, but for one that wants it to go on. Harmless
 * when not waiting. */
void flight_leave(struct waiter *waiter, bool go_on);

/* End every flight; who waits is told why. */
void flight_cancel_all(uint32_t status, const char *why);

/* How many are under way. */
uint32_t flight_count(void);

#endif
