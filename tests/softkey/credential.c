// SPDX-License-Identifier: BSD-2-Clause
// A credential, kept nowhere: its id is its private key, sealed under the key's master secret.
#include "credential.h"

#include <errno.h>
#include <string.h>

static int sealing_key(const uint8_t master[HASH_SIZE], uint8_t key[HASH_SIZE])
{
    static const char label[] = "credential id";

    return crypto_hmac(master, label, sizeof(label), key);
}

int credential_new(struct credential *credential, const uint8_t master[HASH_SIZE],
                   const uint8_t rp[HASH_SIZE], struct point *public)
{
    uint8_t *nonce = credential->id;
    uint8_t *sealed = nonce + NONCE_SIZE;
    uint8_t *tag = sealed + CREDENTIAL_PLAIN_SIZE;
    uint8_t plain[CREDENTIAL_PLAIN_SIZE];
    uint8_t key[HASH_SIZE];

    if (crypto_key_new(credential->private, public) < 0 || sealing_key(master, key) < 0 ||
        crypto_random(nonce, NONCE_SIZE) < 0)
        return -EIO;
    memcpy(plain, credential->private, SCALAR_SIZE);
    plain[SCALAR_SIZE] = credential->protect;
    plain[SCALAR_SIZE + 1] = credential->hmac_secret;
    return crypto_seal(key, nonce, rp, plain, sizeof(plain), sealed, tag);
}

bool credential_open(struct credential *credential, const uint8_t master[HASH_SIZE],
                     const uint8_t rp[HASH_SIZE], struct bytes id)
{
    uint8_t plain[CREDENTIAL_PLAIN_SIZE];
    uint8_t key[HASH_SIZE];

    if (id.size != CREDENTIAL_ID_SIZE || sealing_key(master, key) < 0 ||
        crypto_unseal(key, id.data, rp, id.data + NONCE_SIZE, sizeof(plain),
                      id.data + NONCE_SIZE + sizeof(plain), plain) < 0)
        return false;
    memcpy(credential->id, id.data, CREDENTIAL_ID_SIZE);
    memcpy(credential->private, plain, SCALAR_SIZE);
    credential->protect = plain[SCALAR_SIZE];
    credential->hmac_secret = plain[SCALAR_SIZE + 1] != 0;
    return true;
}

int credential_secret(const struct credential *credential, const uint8_t master[HASH_SIZE], bool uv,
                      const uint8_t *salts, size_t size, uint8_t *out)
{
    uint8_t label[1 + CREDENTIAL_ID_SIZE];
    uint8_t random[HASH_SIZE];

    label[0] = uv ? 'v' : 'p';
    memcpy(label + 1, credential->id, CREDENTIAL_ID_SIZE);
    if (crypto_hmac(master, label, sizeof(label), random) < 0)
        return -EIO;
    for (size_t at = 0; at < size; at += SALT_SIZE) {
        if (crypto_hmac(random, salts + at, SALT_SIZE, out + at) < 0)
            return -EIO;
    }
    return 0;
}
