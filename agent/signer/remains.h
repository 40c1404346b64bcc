// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REMAINS_H
#define AWSTAP_REMAINS_H

#include "journal.h"

/*
 * What a key that leaves the vault leaves behind at AWS: its access keys, the MFA devices that
 * nobody has the seed of any more, and what the journal knows of its user besides. Nothing that
 * another key of the vault goes by.
 */

#define REMAINS_OWN_MAX   16  /* two records of each type, three of each kind of task */
#define REMAINS_TEXT_SIZE 400 /* two of each, as they fit a line for a person */

struct remains {
    size_t own_count, stranger_count;
    const char *own[REMAINS_OWN_MAX];             /* access key ids and serials, the vault's */
    const char *strangers[JOURNAL_STRANGERS_MAX]; /* what AWS has, and the vault did not make */
};

/* The texts are good until the vault is changed, or this is called again. */
void remains_find(const struct vault *vault, const struct key *key, struct remains *remains);

/* "A, B and C", as they fit. out. */
const char *remains_list(const char *const *what, size_t count, char out[REMAINS_TEXT_SIZE]);

#endif
