// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ROTATE_H
#define AWSTAP_ROTATE_H

#include "life.h"

/*
 * A key's access key, replaced step by step: section 5 of the design. Each step first looks where
 * the journal says that the task stands, so each may be called anew after whatever came between.
 */

/* Whether the vault asks for something to be done about this key that needs no person: a rotation
 * that is due, or one that is unfinished. now: seconds since 1970. */
bool rotate_is_due(const struct vault *vault, const struct key *key, uint64_t now);

/* Whether what a person wants deleted can be the id of an access key; "" is nothing. 0, or -1 with
 * EXIT_USAGE. It comes before anybody is shown it. */
int rotate_check_discard(const char *discard, struct error *error);

/*
 * Up to PHASE_CHECKED: a new access key, sealed, in use, and taken by AWS; kind is TASK_ROTATE or
 * TASK_REVOKE. discard: an access key id unknown to the vault that the person wants deleted first,
 * or the new one of a rotation that is given up, or the old one of a rotation that is over but for
 * that; or "". Refuses where AWS has two keys, and names both. What AWS created and could not be
 * sealed is deleted again. Where the task is further on than that, nothing is done.
 * 0; where it was begun before, PHASE_SEALED may be all that is known, and the touch that
 * rotate_proven() speaks of is the proof; or -1 with error (EXIT_PERSON: see denial.h).
 */
int rotate_replace(struct life *life, enum task_kind kind, const char *discard,
                   struct error *error);

/* Note that a factor has opened the new record, and got the session that is life's authority.
 * EXIT_AWS: that session is of the old one. */
int rotate_proven(struct life *life, enum task_kind kind, struct error *error);

/*
 * Switch the old key off; delete it and drop its record. Only after rotate_proven(), with a session
 * of the new one as life's authority, and while AWS lists that one as active: somebody may have
 * taken it away since. EXIT_PERSON: the session is older than that, and the next touch shows.
 */
int rotate_disable_old(struct life *life, enum task_kind kind, struct error *error);
int rotate_delete_old(struct life *life, enum task_kind kind, struct error *error);

#endif
