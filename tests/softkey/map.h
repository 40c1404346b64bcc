// SPDX-License-Identifier: BSD-2-Clause
// CTAP's CBOR maps: reading fields of a request, whose bytes are from outside, and building
// replies.
#ifndef SOFTKEY_MAP_H
#define SOFTKEY_MAP_H

#include "crypto.h"

#include <cbor.h>
#include <stdbool.h>

/* A string inside a CBOR item: borrowed, not terminated. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

/* The value of key in map, borrowed; NULL when map is no map or has no such key. */
const cbor_item_t *map_get(const cbor_item_t *map, int key);
const cbor_item_t *map_get_named(const cbor_item_t *map, const char *key);

/* False when the item is NULL, of another type, or in chunks. */
bool item_bytes(const cbor_item_t *item, struct bytes *out);
bool item_text(const cbor_item_t *item, struct bytes *out);
bool item_uint(const cbor_item_t *item, uint64_t *out);
/* A COSE key on P-256. */
bool item_point(const cbor_item_t *item, struct point *out);

/* The boolean called name; absent or no boolean: fallback. */
bool map_option(const cbor_item_t *map, const char *name, bool fallback);

/*
 * Add to a definite map. value is consumed in any case; false when it or map is NULL, or map full,
 * so that calls can be chained by &&.
 */
bool map_put(cbor_item_t *map, int key, cbor_item_t *value);
bool map_put_named(cbor_item_t *map, const char *key, cbor_item_t *value);

/* New items, owned by the caller; NULL without memory. An int lies between -256 and 65535. */
cbor_item_t *item_int(int value);
cbor_item_t *item_cose_key(const struct point *point, int algorithm);

#endif
