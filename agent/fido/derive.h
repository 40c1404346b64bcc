// SPDX-License-Identifier: BSD-2-Clause
// Deriving: a security key's secret for a credential, believed only with a verified assertion.
// All return FIDO_OK or a code that failure.c knows.
#ifndef AWSTAP_FIDO_DERIVE_H
#define AWSTAP_FIDO_DERIVE_H

#include "credential.h"
#include "user.h"

/*
 * Find out without a touch whether the key holds the credential; one that wants its user verified
 * is hidden without a pin (or NULL). FIDO_OK: it does; FIDO_ERR_NO_CREDENTIALS: it does not;
 * another code: it does not tell, or is gone.
 */
int derive_probe(struct token *token, const struct credential *credential, const char *pin);

/*
 * FIDO_OK where the key keeps the credential's secret until it is touched; FAILURE_TOUCHLESS where
 * it gives it away.
 */
int derive_try_without_touch(struct token *token, const struct credential *credential);

/*
 * One touch: the credential's secret (SECRET_SIZE bytes in the arena, the caller's). The user is
 * verified exactly as the credential's flags say: with it a key gives another secret than without.
 */
int derive_secret(struct token *token, const struct credential *credential, struct user *user,
                  uint8_t *secret);

/* Serve FIDO_DERIVE: choose from the credentials the one of this key, derive, send FIDO_SECRET. */
int derive(struct channel *channel, const struct msg_fido_derive *msg,
           const struct credentials *credentials);

#endif
