// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TENDING_H
#define AWSTAP_TENDING_H

#include "peer.h"

/*
 * Tending: what is due about a key, done in the background right after the touch that made it
 * possible. It asks nobody. What failed is kept for `status` and shown, until it succeeds, or a
 * person has rotated the key or removed it.
 */

/* Tend this key, unless that waits already. */
void tending_add(const char *key);

/* Tend this key no more (NULL: none), now or later: what it is tended with is being forgotten. */
void tending_forget(const char *key);

/* What became of a key's rotation that nobody watched. */
void tending_note(const struct msg_outcome *outcome);

/* A person has seen to this key: what failed before is no trouble any more. */
void tending_settle(const char *key);

/* Send an OUTCOME for each key whose last one failed. */
void tending_tell(struct peer *client);

/* The agent is about to end: begin nothing more. */
void tending_close(void);

#endif
