// SPDX-License-Identifier: BSD-2-Clause
// Authenticator data: the statement that a key signs, as WebAuthn lays it out.
#include "command.h"

#include <string.h>

void statement_begin(struct statement *s, struct memory *memory, const uint8_t rp[HASH_SIZE],
                     unsigned flags)
{
    uint64_t counter = ++memory->counter;
    const uint8_t head[] = {(uint8_t)flags, (uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
                            (uint8_t)(counter >> 8), (uint8_t)counter};

    s->size = 0;
    s->full = false;
    statement_add(s, rp, HASH_SIZE);
    statement_add(s, head, sizeof(head));
}

void statement_add(struct statement *s, const void *data, size_t size)
{
    if (size > sizeof(s->data) - s->size) {
        s->full = true;
        return;
    }
    memcpy(s->data + s->size, data, size);
    s->size += size;
}

void statement_add_item(struct statement *s, cbor_item_t *item)
{
    size_t size = 0;

    if (item != NULL) {
        size = cbor_serialize(item, s->data + s->size, sizeof(s->data) - s->size);
        cbor_decref(&item);
    }
    s->full = s->full || size == 0;
    s->size += size;
}

cbor_item_t *statement_item(const struct statement *s)
{
    return s->full ? NULL : cbor_build_bytestring(s->data, s->size);
}

cbor_item_t *statement_signature(const struct statement *s, const uint8_t private[SCALAR_SIZE],
                                 const uint8_t client_data[HASH_SIZE])
{
    uint8_t message[STATEMENT_MAX + HASH_SIZE];
    uint8_t signature[SIGNATURE_MAX];
    size_t size;

    memcpy(message, s->data, s->size);
    memcpy(message + s->size, client_data, HASH_SIZE);
    if (crypto_key_sign(private, message, s->size + HASH_SIZE, signature, &size) < 0)
        return NULL;
    return cbor_build_bytestring(signature, size);
}
