// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_HASH_H
#define AWSTAP_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

#define HASH_BYTES 32

/*
 * BLAKE2b-256 of the label with its NUL and of each part behind its length (u64, big-endian), under
 * key (HASH_BYTES, or NULL for none). The label keeps the uses of one key apart, the lengths keep
 * the parts apart. out may be key.
 */
void hash_labelled(uint8_t out[HASH_BYTES], const uint8_t *key, const char *label,
                   const struct bytes *parts, size_t count);

#endif
