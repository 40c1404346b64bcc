// SPDX-License-Identifier: BSD-2-Clause
// The keys of an unlocked vault, and the MACs they make.
#include "vault_keys.h"

#include "hash.h"

void vault_keys_derive(struct vault_keys *keys, const uint8_t vault_id[VAULT_ID_BYTES])
{
    struct bytes id = {vault_id, VAULT_ID_BYTES};

    hash_labelled(keys->head, keys->secret.private_key, "awstap 1 K_head", &id, 1);
    hash_labelled(keys->record, keys->secret.private_key, "awstap 1 K_rec", &id, 1);
    hash_labelled(keys->log, keys->secret.anchor, "awstap 1 K_log", &id, 1);
}

void vault_keys_head_mac(const struct vault_keys *keys, const uint8_t *data,
                         const struct vault_sections *sections, uint8_t mac[VAULT_KEY_BYTES])
{
    struct bytes parts[] = {
        {data, sections->head},
        {data + sections->head, sections->records - sections->head},
    };

    hash_labelled(mac, keys->head, "awstap 1 head", parts, 2);
}

void vault_keys_record_mac(const struct vault_keys *keys, const uint8_t *data,
                           const struct vault_sections *sections,
                           const uint8_t head_mac[VAULT_KEY_BYTES], uint8_t mac[VAULT_KEY_BYTES])
{
    struct bytes parts[] = {
        {data, sections->head},
        {data + sections->records, sections->end - sections->records},
        {head_mac, VAULT_KEY_BYTES},
    };

    hash_labelled(mac, keys->record, "awstap 1 records", parts, 3);
}
