// SPDX-License-Identifier: BSD-2-Clause
// The cryptography of a CTAP2 authenticator, over libcrypto's EVP interface.
#include "crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <string.h>

#define CURVE      "prime256v1"
#define POINT_SIZE (1 + 2 * SCALAR_SIZE) /* uncompressed: 04, x, y */

int crypto_random(void *out, size_t size)
{
    return size <= INT_MAX && RAND_bytes(out, (int)size) == 1 ? 0 : -EIO;
}

int crypto_sha256(const void *data, size_t size, uint8_t out[HASH_SIZE])
{
    return EVP_Digest(data, size, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int crypto_hmac(const uint8_t key[HASH_SIZE], const void *data, size_t size, uint8_t out[HASH_SIZE])
{
    return HMAC(EVP_sha256(), key, HASH_SIZE, data, size, out, NULL) != NULL ? 0 : -EIO;
}

static int cbc(const uint8_t *key, const uint8_t *iv, const uint8_t *data, size_t size,
               uint8_t *out, int encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = 0;
    int r = -EIO;

    if (ctx != NULL && size <= INT_MAX && size % BLOCK_SIZE == 0 &&
        EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv, encrypt) == 1 &&
        EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
        EVP_CipherUpdate(ctx, out, &done, data, (int)size) == 1 && (size_t)done == size)
        r = 0;
    EVP_CIPHER_CTX_free(ctx);
    return r;
}

int crypto_cbc_encrypt(const uint8_t key[HASH_SIZE], const uint8_t iv[BLOCK_SIZE],
                       const uint8_t *data, size_t size, uint8_t *out)
{
    return cbc(key, iv, data, size, out, 1);
}

int crypto_cbc_decrypt(const uint8_t key[HASH_SIZE], const uint8_t iv[BLOCK_SIZE],
                       const uint8_t *data, size_t size, uint8_t *out)
{
    return cbc(key, iv, data, size, out, 0);
}

int crypto_seal(const uint8_t key[HASH_SIZE], const uint8_t nonce[NONCE_SIZE],
                const uint8_t context[HASH_SIZE], const uint8_t *data, size_t size, uint8_t *out,
                uint8_t tag[BLOCK_SIZE])
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int done = 0;
    int r = -EIO;

    if (ctx != NULL && size <= INT_MAX &&
        EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_EncryptUpdate(ctx, NULL, &done, context, HASH_SIZE) == 1 &&
        EVP_EncryptUpdate(ctx, out, &done, data, (int)size) == 1 &&
        EVP_EncryptFinal_ex(ctx, out + done, &done) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BLOCK_SIZE, tag) == 1)
        r = 0;
    EVP_CIPHER_CTX_free(ctx);
    return r;
}

int crypto_unseal(const uint8_t key[HASH_SIZE], const uint8_t nonce[NONCE_SIZE],
                  const uint8_t context[HASH_SIZE], const uint8_t *data, size_t size,
                  const uint8_t tag[BLOCK_SIZE], uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t expected[BLOCK_SIZE];
    int done = 0;
    int r = -EIO;

    memcpy(expected, tag, BLOCK_SIZE);
    if (ctx != NULL && size <= INT_MAX &&
        EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
        EVP_DecryptUpdate(ctx, NULL, &done, context, HASH_SIZE) == 1 &&
        EVP_DecryptUpdate(ctx, out, &done, data, (int)size) == 1 &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BLOCK_SIZE, expected) == 1 &&
        EVP_DecryptFinal_ex(ctx, out + done, &done) == 1)
        r = 0;
    EVP_CIPHER_CTX_free(ctx);
    return r;
}

int crypto_key_new(uint8_t private[SCALAR_SIZE], struct point *public)
{
    EVP_PKEY *pair = EVP_EC_gen(CURVE);
    BIGNUM *scalar = NULL;
    uint8_t point[POINT_SIZE];
    size_t size = 0;
    int r = -EIO;

    if (pair != NULL && EVP_PKEY_get_bn_param(pair, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
        BN_bn2binpad(scalar, private, SCALAR_SIZE) == SCALAR_SIZE &&
        EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
                                        &size) == 1 &&
        size == POINT_SIZE) {
        memcpy(public->x, point + 1, SCALAR_SIZE);
        memcpy(public->y, point + 1 + SCALAR_SIZE, SCALAR_SIZE);
        r = 0;
    }
    BN_clear_free(scalar);
    EVP_PKEY_free(pair);
    return r;
}

/* Exactly one of private and public is given. NULL when libcrypto refuses. */
static EVP_PKEY *import_key(const uint8_t *private, const struct point *public)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    BIGNUM *scalar = NULL;
    EVP_PKEY *key = NULL;
    uint8_t point[POINT_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};

    if (ctx == NULL || build == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) != 1)
        goto out;
    if (private != NULL) {
        scalar = BN_bin2bn(private, SCALAR_SIZE, NULL);
        if (scalar == NULL || OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, scalar) != 1)
            goto out;
    } else {
        memcpy(point + 1, public->x, SCALAR_SIZE);
        memcpy(point + 1 + SCALAR_SIZE, public->y, SCALAR_SIZE);
        if (OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point,
                                             sizeof(point)) != 1)
            goto out;
    }
    params = OSSL_PARAM_BLD_to_param(build);
    if (params == NULL ||
        EVP_PKEY_fromdata(ctx, &key, private != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          params) != 1)
        key = NULL;
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_clear_free(scalar);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

int crypto_key_agree(const uint8_t private[SCALAR_SIZE], const struct point *peer,
                     uint8_t z[SCALAR_SIZE])
{
    EVP_PKEY *own = import_key(private, NULL);
    EVP_PKEY *other = import_key(NULL, peer);
    EVP_PKEY_CTX *ctx = own != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
    size_t size = SCALAR_SIZE;
    int r = -EIO;

    if (ctx != NULL && other != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
        EVP_PKEY_derive_set_peer(ctx, other) == 1 && EVP_PKEY_derive(ctx, z, &size) == 1 &&
        size == SCALAR_SIZE)
        r = 0;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(other);
    EVP_PKEY_free(own);
    return r;
}

int crypto_key_sign(const uint8_t private[SCALAR_SIZE], const void *data, size_t data_size,
                    uint8_t signature[SIGNATURE_MAX], size_t *size)
{
    EVP_PKEY *key = import_key(private, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int r = -EIO;

    *size = SIGNATURE_MAX;
    if (key != NULL && ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(ctx, signature, size, data, data_size) == 1)
        r = 0;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return r;
}
