// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SLOT_CODE_H
#define AWSTAP_SLOT_CODE_H

#include "vault.h"

/* The TOTP code that goes with a passphrase: good once, in its step and in the ones beside it. */

#define SLOT_NAME_SIZE 64

enum slot_code {
    SLOT_CODE_FAILED = -1, /* error says why */
    SLOT_CODE_WRONG,
    SLOT_CODE_USED, /* it has been used already; a later one will do */
    SLOT_CODE_RIGHT,
};

/* The name of a slot in the files of the state folder. */
void slot_name(const struct vault *vault, uint32_t slot_id, char name[SLOT_NAME_SIZE]);

/*
 * Hold a typed code (a text, blanks do not matter) against the seed, by this computer's clock, and
 * let a right one be used from here on. slot_id: whose code it is, of a slot to be as well. error
 * has the line for the person unless it is right.
 */
enum slot_code slot_code_check(const struct vault *vault, uint32_t slot_id, const uint8_t *seed,
                               size_t seed_len, const char *typed, struct error *error);

#endif
