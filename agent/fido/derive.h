// SPDX-License-Identifier: BSD-2-Clause
// Deriving: a security key's secret for a credential, believed only with a verified assertion.
// All return FIDO_OK or a FIDO_ERR_ that failure.c knows.
#ifndef AWSTAP_FIDO_DERIVE_H
#define AWSTAP_FIDO_DERIVE_H

#include <stdbool.h>

#include "credential.h"
#include "token.h"

/*
 * Find out without a touch whether the key holds the credential. FIDO_OK: it does;
 * FIDO_ERR_NO_CREDENTIALS: it does not; another code: it does not tell, or is gone.
 */
int derive_probe(struct token *token, const struct credential *credential);

/*
 * FIDO_OK where the key keeps the credential's secret until it is touched;
 * FIDO_ERR_USER_PRESENCE_REQUIRED where it gives it away.
 */
int derive_try_without_touch(struct token *token, const struct credential *credential);

/* One touch: the credential's secret (SECRET_SIZE bytes in the arena, the caller's). */
int derive_secret(struct token *token, const struct credential *credential, uint8_t *secret);

/* Serve FIDO_DERIVE: choose from the credentials the one of this key, derive, send FIDO_SECRET. */
int derive(struct channel *channel, const struct msg_fido_derive *msg,
           const struct credentials *credentials);

#endif
