// SPDX-License-Identifier: BSD-2-Clause
// The keys of an unlocked vault, and the MACs they make.
#include "vault_keys.h"

#include <stdlib.h>

#include "hash.h"

const struct vault_keys *vault_keys_of(const struct vault *vault)
{
    if (!vault->unlocked)
        abort();
    return vault->unlocked;
}

void vault_keys_derive(struct vault_keys *keys, uint8_t record[VAULT_KEY_BYTES],
                       const uint8_t vault_id[VAULT_ID_BYTES])
{
    struct bytes id = {vault_id, VAULT_ID_BYTES};

    hash_labelled(keys->head, keys->secret.private_key, "awstap 1 K_head", &id, 1);
    hash_labelled(record, keys->secret.private_key, "awstap 1 K_rec", &id, 1);
    hash_labelled(keys->log, keys->secret.anchor, "awstap 1 K_log", &id, 1);
}

/* Of prefix and head, under key (or none). */
static void hash_head(uint8_t out[VAULT_KEY_BYTES], const uint8_t *key, const char *label,
                      const uint8_t *data, const struct vault_sections *sections)
{
    struct bytes parts[] = {
        {data, sections->head},
        {data + sections->head, sections->records - sections->head},
    };

    hash_labelled(out, key, label, parts, 2);
}

void vault_keys_head_mac(const struct vault_keys *keys, const uint8_t *data,
                         const struct vault_sections *sections, uint8_t mac[VAULT_KEY_BYTES])
{
    hash_head(mac, keys->head, "awstap 1 head", data, sections);
}

void vault_keys_record_mac(const uint8_t record[VAULT_KEY_BYTES], const uint8_t *data,
                           const struct vault_sections *sections,
                           const uint8_t head_mac[VAULT_KEY_BYTES], uint8_t mac[VAULT_KEY_BYTES])
{
    struct bytes parts[] = {
        {data, sections->head},
        {data + sections->records, sections->end - sections->records},
        {head_mac, VAULT_KEY_BYTES},
    };

    hash_labelled(mac, record, "awstap 1 records", parts, 3);
}

void vault_keys_head_hash(const uint8_t *data, const struct vault_sections *sections,
                          uint8_t hash[VAULT_KEY_BYTES])
{
    hash_head(hash, NULL, "awstap 1 kept head", data, sections);
}
