// SPDX-License-Identifier: BSD-2-Clause
// CTAP 2.1's PIN/UV auth protocols one and two (section 6.5): what a platform and a key agree on.
// int results: 0 or a negative errno.
#ifndef SOFTKEY_PIN_PROTOCOL_H
#define SOFTKEY_PIN_PROTOCOL_H

#include "crypto.h"
#include "map.h"

#include <stdbool.h>

#define PROTOCOL_OVERHEAD BLOCK_SIZE /* bytes that encryption adds, at most */

struct shared_secret {
    int protocol; /* CTAP_PIN_PROTOCOL1 or 2 */
    uint8_t hmac_key[HASH_SIZE];
    uint8_t aes_key[HASH_SIZE];
};

int pin_protocol_agree(int protocol, const uint8_t private[SCALAR_SIZE], const struct point *peer,
                       struct shared_secret *shared);

/* size is a multiple of BLOCK_SIZE; out has size + PROTOCOL_OVERHEAD bytes, *out_size is set. */
int pin_protocol_encrypt(const struct shared_secret *shared, const uint8_t *data, size_t size,
                         uint8_t *out, size_t *out_size);

/* out has out_max bytes; -EINVAL when the plain text is not of whole blocks or does not fit. */
int pin_protocol_decrypt(const struct shared_secret *shared, struct bytes data, uint8_t *out,
                         size_t out_max, size_t *out_size);

/* Whether mac is the protocol's MAC of data under key; in constant time. */
bool pin_protocol_verify(int protocol, const uint8_t key[HASH_SIZE], const void *data, size_t size,
                         struct bytes mac);

#endif
