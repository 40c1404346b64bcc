// SPDX-License-Identifier: BSD-2-Clause
// The one hash of the vault: BLAKE2b-256, keyed or not, over a label and parts.
#include "hash.h"

#include <endian.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void hash_labelled(uint8_t out[HASH_BYTES], const uint8_t *key, const char *label,
                   const struct bytes *parts, size_t count)
{
    crypto_generichash_state state;

    if (crypto_generichash_init(&state, key, key ? HASH_BYTES : 0, HASH_BYTES) < 0)
        abort();
    crypto_generichash_update(&state, (const uint8_t *)label, strlen(label) + 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t length = htobe64(parts[i].len);
        crypto_generichash_update(&state, (const uint8_t *)&length, sizeof(length));
        crypto_generichash_update(&state, parts[i].data, parts[i].len);
    }
    crypto_generichash_final(&state, out, HASH_BYTES);
    sodium_memzero(&state, sizeof(state));
}
