// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AUTHORITY_H
#define AWSTAP_AUTHORITY_H

#include <stdbool.h>

#include "peer.h"

/*
 * What the agent keeps of openings for operations on the life of a key: K_rec, by which a new
 * secret is sealed into the vault without a touch; and what IAM is asked with, the cached sessions
 * apart: sessions that a command took for itself, and signing keys of one day. All in the arena.
 */

/* From here on what expires is wiped by a timer of the loop. */
void authority_open(void);

/* Take in KEEP or DAY_KEY. 0 or -EPROTO. */
int authority_keep(const struct frame *frame);
int authority_day_key(const struct frame *frame);

/* Keep this session of the key, whatever becomes of it in the cache. */
void authority_session(const char *key, const struct msg_issued *issued);

/* Answer AUTHORITY. 0 or -EPROTO. */
int authority_answer(struct peer *signer, const struct frame *frame);

/* Whether a key of the vault has this trigger, by the vault itself; nothing kept of it: it may be.
 */
bool authority_locks_on(enum lock_trigger trigger);

/* Call visit with the name of each key for which there is a session or a day's key. It may forget
 * that key. */
void authority_each(void (*visit)(const char *key));

/* Wipe what there is for a key. NULL: for all, and K_rec. */
void authority_forget(const char *key);

/* Wipe K_rec, which is no key's alone: until the next opening nothing is sealed without a touch. */
void authority_forget_record_key(void);

#endif
