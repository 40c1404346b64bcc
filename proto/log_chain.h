// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOG_CHAIN_H
#define AWSTAP_LOG_CHAIN_H

#include <sodium.h>
#include <string.h>

#include "log_line.h"

/*
 * The chain of keys that makes the log forward-secure. A segment begins with a random key; each
 * line has a MAC under the key of its turn, the next key is made of that one, and that one is
 * erased. So whoever breaks in learns the key of the lines to come, and none of the lines that are
 * there. The first key is sealed to the vault. These few lines stand in a header because agent and
 * signer, and they alone, link libsodium.
 */

static inline void log_chain_hash(uint8_t *out, size_t out_len, const uint8_t key[LOG_KEY_BYTES],
                                  const char *label, const void *data, size_t len)
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, key, LOG_KEY_BYTES, out_len);
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
    crypto_generichash_update(&state, data, len);
    crypto_generichash_final(&state, out, out_len);
    sodium_memzero(&state, sizeof state);
}

/* The id of the segment that begins with this key: nobody can put another key in its place. */
static inline void log_chain_id(const uint8_t first[LOG_KEY_BYTES], uint8_t id[LOG_ID_BYTES])
{
    log_chain_hash(id, LOG_ID_BYTES, first, "awstap 1 log id", NULL, 0);
}

static inline void log_chain_mac(const uint8_t key[LOG_KEY_BYTES], const char *line, size_t len,
                                 uint8_t mac[LOG_MAC_BYTES])
{
    log_chain_hash(mac, LOG_MAC_BYTES, key, "awstap 1 log line", line, len);
}

/* Step to the key of the next line. */
static inline void log_chain_step(uint8_t key[LOG_KEY_BYTES])
{
    uint8_t next[LOG_KEY_BYTES];

    log_chain_hash(next, sizeof next, key, "awstap 1 log next", NULL, 0);
    memcpy(key, next, sizeof next);
    sodium_memzero(next, sizeof next);
}

#endif
