// SPDX-License-Identifier: BSD-2-Clause
// The cryptography of a CTAP2 authenticator, on raw bytes: P-256, SHA-256, HMAC, AES-256.
// All functions return 0, or -EIO when libcrypto refuses (a point off the curve, a wrong tag).
#ifndef SOFTKEY_CRYPTO_H
#define SOFTKEY_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE     32 /* SHA-256, HMAC-SHA-256, AES-256 keys */
#define SCALAR_SIZE   32 /* a P-256 private key, big-endian */
#define BLOCK_SIZE    16 /* AES block, CBC IV, GCM tag */
#define NONCE_SIZE    12 /* GCM nonce */
#define SIGNATURE_MAX 72 /* ECDSA P-256 in DER */

/* A P-256 public key: two big-endian coordinates. */
struct point {
    uint8_t x[SCALAR_SIZE];
    uint8_t y[SCALAR_SIZE];
};

int crypto_random(void *out, size_t size);
int crypto_sha256(const void *data, size_t size, uint8_t out[HASH_SIZE]);
int crypto_hmac(const uint8_t key[HASH_SIZE], const void *data, size_t size,
                uint8_t out[HASH_SIZE]);

/* AES-256-CBC without padding: size is a multiple of BLOCK_SIZE; out has size bytes. */
int crypto_cbc_encrypt(const uint8_t key[HASH_SIZE], const uint8_t iv[BLOCK_SIZE],
                       const uint8_t *data, size_t size, uint8_t *out);
int crypto_cbc_decrypt(const uint8_t key[HASH_SIZE], const uint8_t iv[BLOCK_SIZE],
                       const uint8_t *data, size_t size, uint8_t *out);

/* AES-256-GCM, bound to HASH_SIZE bytes of context; out has size bytes, tag BLOCK_SIZE. */
int crypto_seal(const uint8_t key[HASH_SIZE], const uint8_t nonce[NONCE_SIZE],
                const uint8_t context[HASH_SIZE], const uint8_t *data, size_t size, uint8_t *out,
                uint8_t tag[BLOCK_SIZE]);
int crypto_unseal(const uint8_t key[HASH_SIZE], const uint8_t nonce[NONCE_SIZE],
                  const uint8_t context[HASH_SIZE], const uint8_t *data, size_t size,
                  const uint8_t tag[BLOCK_SIZE], uint8_t *out);

int crypto_key_new(uint8_t private[SCALAR_SIZE], struct point *public);
/* The x coordinate of ECDH with a peer's point, which is checked. */
int crypto_key_agree(const uint8_t private[SCALAR_SIZE], const struct point *peer,
                     uint8_t z[SCALAR_SIZE]);
/* ECDSA over SHA-256 of data; *size is set to the signature's length. */
int crypto_key_sign(const uint8_t private[SCALAR_SIZE], const void *data, size_t data_size,
                    uint8_t signature[SIGNATURE_MAX], size_t *size);

#endif
