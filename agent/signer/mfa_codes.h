// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MFA_CODES_H
#define AWSTAP_MFA_CODES_H

#include "server.h"
#include "totp.h"

/*
 * The codes of an MFA device for the next minutes, computed while its seed is at hand: the seed can
 * be wiped, and AWS be waited for.
 */

#define MFA_CODES                                                                                  \
    8 /* two pairs to enable the device with, and four to try the first session with */

struct mfa_codes; /* in the arena; wiped by arena_free() */

/* Compute those of step and of the ones after it. 0 or -1 with error. */
int mfa_codes_make(const uint8_t *seed, size_t len, uint64_t step, struct mfa_codes **codes,
                   struct error *error);

/* The code of this step; NULL: it is none of them. */
const char *mfa_codes_of(const struct mfa_codes *codes, uint64_t step);

/*
 * Take count unused codes of consecutive steps, the first is that of *step, and wait until the last
 * one is good; the person is told. They are noted as used, in the ledger of the state folder, for
 * the device of this serial. 0 or -1 with error: EXIT_AWS, all of them are used up.
 */
int mfa_codes_take(const struct mfa_codes *codes, struct agent *agent, struct server *server,
                   const char *state, const char *serial, unsigned count, uint64_t *step,
                   struct error *error);

#endif
