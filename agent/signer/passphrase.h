// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PASSPHRASE_H
#define AWSTAP_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "slot.h"

/* A new passphrase: whether it is strong enough, and what a guess at it shall cost. */

#define PASSPHRASE_CHARACTERS 12
#define PASSPHRASE_RULE                                                                            \
    "At least 12 characters; repeats (aaa, abcabc) and runs (1234) do not count."
#define PASSPHRASE_ADVICE "A few words that do not belong together are good."

/*
 * The characters of a passphrase (UTF-8) that a guesser does not get for nothing: one that goes on
 * with a run (aaaa, 1234, dcba), or with what stood there before (abcabc), is not counted.
 */
size_t passphrase_strength(const char *text, size_t len);

/*
 * Make the slot's salt, choose the cost of Argon2id, 256 MiB and 3 passes or, where memory is
 * short, half as much and half again down to the format's least, and derive the slot's secret (32
 * bytes, in the arena). slot->id is any but 0. 0 or -1 with error.
 */
int passphrase_make(struct slot *slot, const char *passphrase, size_t len, uint8_t *secret,
                    struct error *error);

/* Whether passphrase_make() had to lower the cost. */
bool passphrase_lowered(const struct slot *slot);

#endif
