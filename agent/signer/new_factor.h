// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_NEW_FACTOR_H
#define AWSTAP_NEW_FACTOR_H

#include "agent.h"
#include "vault.h"

/* A factor that is being enrolled: all that the vault is to know of it, before it is opened. */

#define NEW_FACTOR_SEED                                                                            \
    20 /* bytes of a TOTP seed: as long as SHA-1's output (RFC 4226, section 4) */

/* In the arena: one arena_free() wipes it. */
struct new_factor {
    struct slot slot; /* label, kind and facts */
    uint8_t secret[VAULT_KEY_BYTES];
    uint8_t seed[NEW_FACTOR_SEED];
    size_t seed_len; /* 0: no code goes with it */
};

/*
 * Have the person choose a passphrase in a dialog. with_totp: show the seed of its codes at the
 * terminal, and have a code of it typed in. The vault may be locked. 0 or -1 with error.
 */
int new_passphrase(struct agent *agent, const struct vault *vault, int terminal, bool with_totp,
                   struct new_factor *factor, struct error *error);

/* Show a new recovery code at the terminal, and have it typed back. 0 or -1 with error. */
int new_recovery(struct agent *agent, int terminal, struct new_factor *factor, struct error *error);

#endif
