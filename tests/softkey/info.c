// SPDX-License-Identifier: BSD-2-Clause
// authenticatorGetInfo: what this key says it can do.
#include "command.h"

#include <fido.h>

/* Consumes item; so that pushes can be chained by &&. */
static bool push(cbor_item_t *array, cbor_item_t *item)
{
    bool done = array != NULL && item != NULL && cbor_array_push(array, item);

    if (item != NULL)
        cbor_decref(&item);
    return done;
}

/* The names that are not NULL, as an array. */
static cbor_item_t *name_array(const char *first, const char *second)
{
    size_t count = (first != NULL ? 1U : 0U) + (second != NULL ? 1U : 0U);
    cbor_item_t *array = cbor_new_definite_array(count);

    if (array != NULL && (first == NULL || push(array, cbor_build_string(first))) &&
        (second == NULL || push(array, cbor_build_string(second))))
        return array;
    if (array != NULL)
        cbor_decref(&array);
    return NULL;
}

static cbor_item_t *protocol_array(const struct options *options)
{
    cbor_item_t *array = cbor_new_definite_array(options->pin_protocol != 0 ? 1 : 2);
    bool done = options->pin_protocol != 0 ? push(array, item_int(options->pin_protocol))
                                           : push(array, item_int(CTAP_PIN_PROTOCOL2)) &&
                                                 push(array, item_int(CTAP_PIN_PROTOCOL1));

    if (!done && array != NULL)
        cbor_decref(&array);
    return done ? array : NULL;
}

/* In canonical order: shorter names first. */
static cbor_item_t *option_map(const struct authenticator *a)
{
    const struct options *o = a->options;
    cbor_item_t *map = cbor_new_definite_map(7);

    if (map_put_named(map, "rk", cbor_build_bool(false)) &&
        map_put_named(map, "up", cbor_build_bool(true)) &&
        (!o->uv || map_put_named(map, "uv", cbor_build_bool(true))) &&
        (!o->always_uv || map_put_named(map, "alwaysUv", cbor_build_bool(true))) &&
        map_put_named(map, "clientPin", cbor_build_bool(a->memory->pin[0] != '\0')) &&
        (o->only_2_0 || map_put_named(map, "pinUvAuthToken", cbor_build_bool(true))) &&
        (!o->make_cred_uv_not_required ||
         map_put_named(map, "makeCredUvNotRqd", cbor_build_bool(true))))
        return map;
    if (map != NULL)
        cbor_decref(&map);
    return NULL;
}

int get_info(struct authenticator *a, cbor_item_t **reply)
{
    const struct options *o = a->options;
    cbor_item_t *map = cbor_new_definite_map(6);

    *reply = map;
    if (map_put(map, 1, name_array("FIDO_2_0", o->only_2_0 ? NULL : "FIDO_2_1")) &&
        map_put(map, 2,
                name_array(o->no_cred_protect ? NULL : "credProtect",
                           o->no_hmac_secret ? NULL : "hmac-secret")) &&
        map_put(map, 3, cbor_build_bytestring(o->aaguid, AAGUID_SIZE)) &&
        map_put(map, 4, option_map(a)) && map_put(map, 5, item_int(MESSAGE_MAX)) &&
        map_put(map, 6, protocol_array(o)))
        return FIDO_OK;
    return FIDO_ERR_ERR_OTHER;
}
