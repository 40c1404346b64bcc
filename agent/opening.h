// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_OPENING_H
#define AWSTAP_OPENING_H

#include "flight.h"

/* The opening of the vault that all flights of keys ride on: one at a time, one touch for all that
 * is asked before it. */

/* Take on a flight that is FLIGHT_QUEUED: now, or by the next opening. */
void opening_take(struct flight *flight);

/* Someone else waits for flight `of`, and so for the flight with this id that was taken on: tell
 * him what is awaited, and the person of him. */
void opening_greet(uint32_t id, const struct flight *of, struct waiter *client);

/* A flight is gone: an opening ends with its last one, and the key stops blinking. */
void opening_look(void);

/* A security key was pulled: once the vault is open, a key with lock_on=removal gets nothing more
 * of it. */
void opening_pulled(void);

/* End it; its flights are the caller's to end. */
void opening_cancel(void);

#endif
