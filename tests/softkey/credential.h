// SPDX-License-Identifier: BSD-2-Clause
// A credential, kept nowhere: its id is its private key, sealed under the key's master secret.
#ifndef SOFTKEY_CREDENTIAL_H
#define SOFTKEY_CREDENTIAL_H

#include "crypto.h"
#include "map.h"

#include <stdbool.h>
#include <stdint.h>

#define CREDENTIAL_PLAIN_SIZE (SCALAR_SIZE + 2)
#define CREDENTIAL_ID_SIZE    (NONCE_SIZE + CREDENTIAL_PLAIN_SIZE + BLOCK_SIZE)
#define SALT_SIZE             32 /* of hmac-secret, one or two of them */

struct credential {
    uint8_t id[CREDENTIAL_ID_SIZE];
    uint8_t private[SCALAR_SIZE];
    uint8_t protect;  /* credProtect level, 1 to 3 */
    bool hmac_secret; /* made with that extension */
};

/*
 * Make a credential for the relying party whose id hashes to rp; protect and hmac_secret are set by
 * the caller, the rest here. *public is its public key. 0 or a negative errno.
 */
int credential_new(struct credential *credential, const uint8_t master[HASH_SIZE],
                   const uint8_t rp[HASH_SIZE], struct point *public);

/* Open an id, from outside. False: not of this key, or not of this relying party. */
bool credential_open(struct credential *credential, const uint8_t master[HASH_SIZE],
                     const uint8_t rp[HASH_SIZE], struct bytes id);

/*
 * The hmac-secret outputs for one or two salts (size is SALT_SIZE or twice that), into out. With
 * and without user verification they differ. 0 or a negative errno.
 */
int credential_secret(const struct credential *credential, const uint8_t master[HASH_SIZE], bool uv,
                      const uint8_t *salts, size_t size, uint8_t *out);

#endif
