// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_VAULT_KEYS_H
#define AWSTAP_VAULT_KEYS_H

#include <stdint.h>

#include "vault.h"
#include "vault_format.h"

/* What an unlocked vault holds beside K_rec, in the arena: its secret, and what is made of it. */
struct vault_keys {
    struct vault_secret secret;
    uint8_t head[VAULT_KEY_BYTES]; /* K_head: never leaves the signer */
    uint8_t log[VAULT_KEY_BYTES];  /* K_log: of log.anchor; it stays when the vault key changes */
};

/* The keys of an unlocked vault; of any other the process ends: a fault of ours. */
const struct vault_keys *vault_keys_of(const struct vault *vault);

/* Make K_head, K_log and (into record) K_rec of keys->secret. */
void vault_keys_derive(struct vault_keys *keys, uint8_t record[VAULT_KEY_BYTES],
                       const uint8_t vault_id[VAULT_ID_BYTES]);

/* The MACs of an encoded vault. K_rec's covers K_head's, so that no two writes can be mixed. */
void vault_keys_head_mac(const struct vault_keys *keys, const uint8_t *data,
                         const struct vault_sections *sections, uint8_t mac[VAULT_KEY_BYTES]);
void vault_keys_record_mac(const uint8_t record[VAULT_KEY_BYTES], const uint8_t *data,
                           const struct vault_sections *sections,
                           const uint8_t head_mac[VAULT_KEY_BYTES], uint8_t mac[VAULT_KEY_BYTES]);

/* What a head that was believed is known by. */
void vault_keys_head_hash(const uint8_t *data, const struct vault_sections *sections,
                          uint8_t hash[VAULT_KEY_BYTES]);

#endif
