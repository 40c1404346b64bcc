// SPDX-License-Identifier: BSD-2-Clause
// CTAP 2.1's PIN/UV auth protocols one and two (section 6.5): what a platform and a key agree on.
#include "pin_protocol.h"

#include <errno.h>
#include <fido.h>
#include <openssl/crypto.h>
#include <string.h>

/* HKDF-SHA-256 with a salt of zeros and one block of output. */
static int hkdf(const uint8_t z[SCALAR_SIZE], const char *info, uint8_t out[HASH_SIZE])
{
    static const uint8_t salt[HASH_SIZE];
    uint8_t prk[HASH_SIZE];
    uint8_t block[HASH_SIZE];
    size_t size = strlen(info);
    int r = crypto_hmac(salt, z, SCALAR_SIZE, prk);

    if (r < 0 || size >= sizeof(block))
        return -EIO;
    memcpy(block, info, size);
    block[size] = 1;
    return crypto_hmac(prk, block, size + 1, out);
}

int pin_protocol_agree(int protocol, const uint8_t private[SCALAR_SIZE], const struct point *peer,
                       struct shared_secret *shared)
{
    uint8_t z[SCALAR_SIZE];
    int r = crypto_key_agree(private, peer, z);

    if (r < 0)
        return r;
    shared->protocol = protocol;
    if (protocol == CTAP_PIN_PROTOCOL1) {
        r = crypto_sha256(z, sizeof(z), shared->hmac_key);
        memcpy(shared->aes_key, shared->hmac_key, HASH_SIZE);
        return r;
    }
    r = hkdf(z, "CTAP2 HMAC key", shared->hmac_key);
    return r < 0 ? r : hkdf(z, "CTAP2 AES key", shared->aes_key);
}

int pin_protocol_encrypt(const struct shared_secret *shared, const uint8_t *data, size_t size,
                         uint8_t *out, size_t *out_size)
{
    static const uint8_t zero[BLOCK_SIZE];
    int r;

    if (shared->protocol == CTAP_PIN_PROTOCOL1) {
        *out_size = size;
        return crypto_cbc_encrypt(shared->aes_key, zero, data, size, out);
    }
    r = crypto_random(out, BLOCK_SIZE);
    *out_size = BLOCK_SIZE + size;
    return r < 0 ? r : crypto_cbc_encrypt(shared->aes_key, out, data, size, out + BLOCK_SIZE);
}

int pin_protocol_decrypt(const struct shared_secret *shared, struct bytes data, uint8_t *out,
                         size_t out_max, size_t *out_size)
{
    static const uint8_t zero[BLOCK_SIZE];
    const uint8_t *iv = zero;

    if (shared->protocol == CTAP_PIN_PROTOCOL2) {
        if (data.size < BLOCK_SIZE)
            return -EINVAL;
        iv = data.data;
        data = (struct bytes){data.data + BLOCK_SIZE, data.size - BLOCK_SIZE};
    }
    if (data.size == 0 || data.size % BLOCK_SIZE != 0 || data.size > out_max)
        return -EINVAL;
    *out_size = data.size;
    return crypto_cbc_decrypt(shared->aes_key, iv, data.data, data.size, out);
}

bool pin_protocol_verify(int protocol, const uint8_t key[HASH_SIZE], const void *data, size_t size,
                         struct bytes mac)
{
    size_t expected = protocol == CTAP_PIN_PROTOCOL1 ? HASH_SIZE / 2 : HASH_SIZE;
    uint8_t own[HASH_SIZE];

    return mac.size == expected && crypto_hmac(key, data, size, own) == 0 &&
           CRYPTO_memcmp(own, mac.data, expected) == 0;
}
