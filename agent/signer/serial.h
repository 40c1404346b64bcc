// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SERIAL_H
#define AWSTAP_SERIAL_H

#include "vault.h"

/*
 * Another MFA serial for a key. It stands in the vault's head, which only an open vault may change;
 * but whether AWS does its part is known only when the vault has long been closed. So at the touch
 * the MAC of the head as it will be is made, for this one change, and kept: no secret.
 */
struct allowed_serial {
    char serial[KEY_SERIAL_MAX + 1];                     /* empty: the key is to have none */
    uint8_t before[VAULT_KEY_BYTES];                     /* the head's MAC as it is now */
    uint8_t mac[VAULT_KEY_BYTES], hash[VAULT_KEY_BYTES]; /* the head's as it will be */
};

/* With the vault open. The vault stays as it is. 0 or -1 with error. */
int serial_allow(struct vault *vault, struct key *key, const char *serial,
                 struct allowed_serial *allowed, struct error *error);

/*
 * Give the key that serial, in a narrowed vault, which is then to be written: for vault_change().
 * EXIT_FAILED where the head has been changed since serial_allow(), and the vault stays as it is.
 */
int serial_put(struct vault *vault, struct key *key, const struct allowed_serial *allowed,
               struct error *error);

#endif
