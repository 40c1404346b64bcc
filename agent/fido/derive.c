// SPDX-License-Identifier: BSD-2-Clause
// Deriving: a security key's secret for a credential, believed only with a verified assertion.
#include "derive.h"

#include <fido/es256.h>
#include <string.h>
#include <sys/random.h>

#include "arena.h"
#include "rp.h"

#define SEND_MS 5000

/* Bits of the authenticator data's flags, as WebAuthn numbers them. */
#define FLAG_UP 0x01
#define FLAG_UV 0x04

/* An assertion to be asked for. uv is left out and not FALSE, which some keys refuse. */
static int make_assert(const struct credential *credential, bool with_secret, fido_opt_t up,
                       fido_assert_t **made)
{
    uint8_t hash[32];
    fido_assert_t *assert = fido_assert_new();
    int r = FIDO_ERR_INTERNAL;

    if (!assert || getrandom(hash, sizeof hash, 0) != sizeof hash)
        goto fail;
    if ((r = fido_assert_set_rp(assert, RP_ID)) != FIDO_OK ||
        (r = fido_assert_set_clientdata_hash(assert, hash, sizeof hash)) != FIDO_OK ||
        (r = fido_assert_allow_cred(assert, credential->id, credential->id_len)) != FIDO_OK ||
        (r = fido_assert_set_up(assert, up)) != FIDO_OK)
        goto fail;
    if (with_secret &&
        ((r = fido_assert_set_extensions(assert, FIDO_EXT_HMAC_SECRET)) != FIDO_OK ||
         (r = fido_assert_set_hmac_salt(assert, credential->salt, SALT_SIZE)) != FIDO_OK))
        goto fail;
    *made = assert;
    return FIDO_OK;
fail:
    fido_assert_free(&assert);
    return r;
}

int derive_probe(struct token *token, const struct credential *credential)
{
    fido_assert_t *assert = NULL;
    int r = make_assert(credential, false, FIDO_OPT_FALSE, &assert);

    if (r == FIDO_OK)
        r = token_get_assert_silently(token, assert);
    fido_assert_free(&assert);
    return r == FIDO_ERR_INVALID_CREDENTIAL ? FIDO_ERR_NO_CREDENTIALS : r;
}

int derive_try_without_touch(struct token *token, const struct credential *credential)
{
    fido_assert_t *assert = NULL;
    int r = make_assert(credential, true, FIDO_OPT_FALSE, &assert);

    if (r != FIDO_OK)
        return r;
    /* Keys refuse this in many ways. One that is gone by now is found out by the next call. */
    if (token_get_assert_silently(token, assert) == FIDO_OK && fido_assert_count(assert) > 0 &&
        fido_assert_hmac_secret_len(assert, 0) > 0 && !(fido_assert_flags(assert, 0) & FLAG_UP))
        r = FIDO_ERR_USER_PRESENCE_REQUIRED;
    fido_assert_free(&assert);
    return r;
}

static int verify_signature(const fido_assert_t *assert, const struct credential *credential)
{
    es256_pk_t *public_key = es256_pk_new();
    int r = FIDO_ERR_INTERNAL;

    if (public_key &&
        (r = es256_pk_from_ptr(public_key, credential->public_key, PUBLIC_KEY_SIZE)) == FIDO_OK)
        r = fido_assert_verify(assert, 0, COSE_ES256, public_key);
    es256_pk_free(&public_key);
    return r;
}

/*
 * libfido2 hands over the secret of any answer. With user verification a key gives another secret
 * than without, so one that verified the user unasked has given the wrong one.
 */
static int check_assert(const fido_assert_t *assert, const struct credential *credential)
{
    if (fido_assert_count(assert) != 1)
        return FIDO_ERR_INVALID_CBOR;
    if (!(fido_assert_flags(assert, 0) & FLAG_UP))
        return FIDO_ERR_USER_PRESENCE_REQUIRED;
    if (fido_assert_flags(assert, 0) & FLAG_UV)
        return FIDO_ERR_PIN_REQUIRED;
    if (fido_assert_hmac_secret_len(assert, 0) != SECRET_SIZE)
        return FIDO_ERR_INVALID_LENGTH;
    return verify_signature(assert, credential);
}

int derive_secret(struct token *token, const struct credential *credential, uint8_t *secret)
{
    fido_assert_t *assert = NULL;
    int r = make_assert(credential, true, FIDO_OPT_TRUE, &assert);

    if (r == FIDO_OK)
        r = token_get_assert(token, assert);
    if (r == FIDO_OK)
        r = check_assert(assert, credential);
    if (r == FIDO_OK)
        memcpy(secret, fido_assert_hmac_secret_ptr(assert, 0), SECRET_SIZE);
    fido_assert_free(&assert); /* wipes libfido2's copy */
    return r;
}

static bool is_transport_error(int r)
{
    return r == FIDO_ERR_RX || r == FIDO_ERR_TX || r == FIDO_ERR_INTERNAL ||
           r == FIDO_ERR_KEEPALIVE_CANCEL;
}

/*
 * The credential of this key, found without a touch, so that a key that cannot help never blinks.
 * Where a key does not tell, the first one that it may hold.
 */
static int choose(struct token *token, const struct credentials *credentials,
                  const struct credential **chosen)
{
    const struct credential *maybe = NULL;
    int nothing = FIDO_ERR_NO_CREDENTIALS;

    for (size_t i = 0; i < credentials->count; i++) {
        const struct credential *credential = &credentials->list[i];
        int r;

        if (memcmp(credential->aaguid, token->aaguid, AAGUID_SIZE) != 0)
            continue;
        if (credential->flags != FIDO_UP || token->always_uv) {
            nothing = FIDO_ERR_PIN_REQUIRED;
            continue;
        }
        r = derive_probe(token, credential);
        if (is_transport_error(r))
            return r;
        if (r == FIDO_OK) {
            *chosen = credential;
            return FIDO_OK;
        }
        if (r != FIDO_ERR_NO_CREDENTIALS && !maybe)
            maybe = credential;
    }
    *chosen = maybe;
    return maybe ? FIDO_OK : nothing;
}

static int send_secret(struct token *token, const struct credential *credential)
{
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    struct msg_fido_secret msg = {.slot = credential->slot, .secret = {secret, SECRET_SIZE}};
    int r = secret ? derive_secret(token, credential, secret) : FIDO_ERR_INTERNAL;

    if (r == FIDO_OK && channel_send(token->channel, MSG_FIDO_SECRET, &msg, -1, SEND_MS) < 0)
        r = FIDO_ERR_INTERNAL;
    arena_free(secret);
    return r;
}

int derive(struct channel *channel, const struct msg_fido_derive *msg,
           const struct credentials *credentials)
{
    const struct credential *chosen = NULL;
    struct token token;
    int r = token_open(&token, channel, msg->path);

    if (r == FIDO_OK)
        r = choose(&token, credentials, &chosen);
    if (r == FIDO_OK)
        r = send_secret(&token, chosen);
    token_close(&token);
    return r;
}
