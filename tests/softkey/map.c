// SPDX-License-Identifier: BSD-2-Clause
// CTAP's CBOR maps: reading fields of a request, whose bytes are from outside, and building
// replies.
#include "map.h"

#include <string.h>

static bool is_int(const cbor_item_t *item, int value)
{
    if (value >= 0)
        return cbor_isa_uint(item) && cbor_get_int(item) == (uint64_t)value;
    return cbor_isa_negint(item) && cbor_get_int(item) == (uint64_t)(-1 - value);
}

const cbor_item_t *map_get(const cbor_item_t *map, int key)
{
    if (map == NULL || !cbor_isa_map(map))
        return NULL;
    for (size_t i = 0; i < cbor_map_size(map); i++) {
        if (is_int(cbor_map_handle(map)[i].key, key))
            return cbor_map_handle(map)[i].value;
    }
    return NULL;
}

const cbor_item_t *map_get_named(const cbor_item_t *map, const char *key)
{
    struct bytes name;

    if (map == NULL || !cbor_isa_map(map))
        return NULL;
    for (size_t i = 0; i < cbor_map_size(map); i++) {
        if (item_text(cbor_map_handle(map)[i].key, &name) && name.size == strlen(key) &&
            memcmp(name.data, key, name.size) == 0)
            return cbor_map_handle(map)[i].value;
    }
    return NULL;
}

bool item_bytes(const cbor_item_t *item, struct bytes *out)
{
    if (item == NULL || !cbor_isa_bytestring(item) || !cbor_bytestring_is_definite(item))
        return false;
    *out = (struct bytes){cbor_bytestring_handle(item), cbor_bytestring_length(item)};
    return true;
}

bool item_text(const cbor_item_t *item, struct bytes *out)
{
    if (item == NULL || !cbor_isa_string(item) || !cbor_string_is_definite(item))
        return false;
    *out = (struct bytes){cbor_string_handle(item), cbor_string_length(item)};
    return true;
}

bool item_uint(const cbor_item_t *item, uint64_t *out)
{
    if (item == NULL || !cbor_isa_uint(item))
        return false;
    *out = cbor_get_int(item);
    return true;
}

static bool coordinate(const cbor_item_t *item, uint8_t out[SCALAR_SIZE])
{
    struct bytes value;

    if (!item_bytes(item, &value) || value.size != SCALAR_SIZE)
        return false;
    memcpy(out, value.data, SCALAR_SIZE);
    return true;
}

bool item_point(const cbor_item_t *item, struct point *out)
{
    return coordinate(map_get(item, -2), out->x) && coordinate(map_get(item, -3), out->y);
}

bool map_option(const cbor_item_t *map, const char *name, bool fallback)
{
    const cbor_item_t *item = map_get_named(map, name);

    return item != NULL && cbor_is_bool(item) ? cbor_get_bool(item) : fallback;
}

static bool put(cbor_item_t *map, cbor_item_t *key, cbor_item_t *value)
{
    bool done = map != NULL && key != NULL && value != NULL &&
                cbor_map_add(map, (struct cbor_pair){key, value});

    if (key != NULL)
        cbor_decref(&key);
    if (value != NULL)
        cbor_decref(&value);
    return done;
}

bool map_put(cbor_item_t *map, int key, cbor_item_t *value)
{
    return put(map, item_int(key), value);
}

bool map_put_named(cbor_item_t *map, const char *key, cbor_item_t *value)
{
    return put(map, cbor_build_string(key), value);
}

cbor_item_t *item_int(int value)
{
    if (value < 0)
        return cbor_build_negint8((uint8_t)(-1 - value));
    return value <= UINT8_MAX ? cbor_build_uint8((uint8_t)value)
                              : cbor_build_uint16((uint16_t)value);
}

cbor_item_t *item_cose_key(const struct point *point, int algorithm)
{
    cbor_item_t *key = cbor_new_definite_map(5);

    if (map_put(key, 1, item_int(2)) && map_put(key, 3, item_int(algorithm)) &&
        map_put(key, -1, item_int(1)) &&
        map_put(key, -2, cbor_build_bytestring(point->x, SCALAR_SIZE)) &&
        map_put(key, -3, cbor_build_bytestring(point->y, SCALAR_SIZE)))
        return key;
    if (key != NULL)
        cbor_decref(&key);
    return NULL;
}
