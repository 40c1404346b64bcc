// SPDX-License-Identifier: BSD-2-Clause
// Deriving: a security key's secret for a credential, believed only with a verified assertion.
#include "derive.h"

#include <fido/es256.h>
#include <string.h>
#include <sys/random.h>

#include "arena.h"
#include "failure.h"
#include "rp.h"

#define SEND_MS 5000

/* Bits of the authenticator data's flags, as WebAuthn numbers them. */
#define FLAG_UP 0x01
#define FLAG_UV 0x04

/* An assertion to be asked for. Without uv it is left out and not FALSE, which some keys refuse. */
static int make_assert(const struct credential *credential, bool with_secret, fido_opt_t up,
                       bool with_uv, fido_assert_t **made)
{
    uint8_t hash[32];
    fido_assert_t *assert = fido_assert_new();
    int r = FIDO_ERR_INTERNAL;

    if (!assert || getrandom(hash, sizeof hash, 0) != sizeof hash)
        goto fail;
    if ((r = fido_assert_set_rp(assert, RP_ID)) != FIDO_OK ||
        (r = fido_assert_set_clientdata_hash(assert, hash, sizeof hash)) != FIDO_OK ||
        (r = fido_assert_allow_cred(assert, credential->id, credential->id_len)) != FIDO_OK ||
        (r = fido_assert_set_up(assert, up)) != FIDO_OK ||
        (credential->flags & FIDO_UV && with_uv &&
         (r = fido_assert_set_uv(assert, FIDO_OPT_TRUE)) != FIDO_OK))
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

int derive_probe(struct token *token, const struct credential *credential, const char *pin)
{
    fido_assert_t *assert = NULL;
    int r = make_assert(credential, false, FIDO_OPT_FALSE, pin != NULL, &assert);

    if (r == FIDO_OK)
        r = token_get_assert_silently(token, assert, pin);
    fido_assert_free(&assert);
    return r == FIDO_ERR_INVALID_CREDENTIAL ? FIDO_ERR_NO_CREDENTIALS : r;
}

int derive_try_without_touch(struct token *token, const struct credential *credential)
{
    fido_assert_t *assert = NULL;
    int r = make_assert(credential, true, FIDO_OPT_FALSE, false, &assert);

    if (r != FIDO_OK)
        return r;
    /* Keys refuse this in many ways. One that is gone by now is found out by the next call. */
    if (token_get_assert_silently(token, assert, NULL) == FIDO_OK &&
        fido_assert_count(assert) > 0 && fido_assert_hmac_secret_len(assert, 0) > 0 &&
        !(fido_assert_flags(assert, 0) & FLAG_UP))
        r = FAILURE_TOUCHLESS;
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
 * than without, so one that verified the user unasked, or did not when asked, gave the wrong one.
 */
static int check_assert(const fido_assert_t *assert, const struct credential *credential)
{
    bool wanted = credential->flags & FIDO_UV;

    if (fido_assert_count(assert) != 1)
        return FIDO_ERR_INVALID_CBOR;
    if (!(fido_assert_flags(assert, 0) & FLAG_UP))
        return FIDO_ERR_USER_PRESENCE_REQUIRED;
    if (!!(fido_assert_flags(assert, 0) & FLAG_UV) != wanted)
        return wanted ? FIDO_ERR_PIN_REQUIRED : FAILURE_ALWAYS_VERIFIES;
    if (fido_assert_hmac_secret_len(assert, 0) != SECRET_SIZE)
        return FIDO_ERR_INVALID_LENGTH;
    return verify_signature(assert, credential);
}

struct derivation {
    const struct credential *credential;
    uint8_t *secret;
};

static int derive_once(struct token *token, const struct user *user, void *what)
{
    const struct derivation *wanted = what;
    fido_assert_t *assert = NULL;
    int r = make_assert(wanted->credential, true, FIDO_OPT_TRUE, true, &assert);

    if (r == FIDO_OK)
        r = token_get_assert(token, assert, user->how, user->pin);
    if (r == FIDO_OK)
        r = check_assert(assert, wanted->credential);
    if (r == FIDO_OK)
        memcpy(wanted->secret, fido_assert_hmac_secret_ptr(assert, 0), SECRET_SIZE);
    fido_assert_free(&assert); /* wipes libfido2's copy */
    return r;
}

int derive_secret(struct token *token, const struct credential *credential, struct user *user,
                  uint8_t *secret)
{
    struct derivation wanted = {credential, secret};

    return user_verified(user, token, derive_once, &wanted);
}

static bool is_transport_error(int r)
{
    return r == FIDO_ERR_RX || r == FIDO_ERR_TX || r == FIDO_ERR_INTERNAL ||
           r == FIDO_ERR_KEEPALIVE_CANCEL;
}

static bool is_of_model(const struct credential *credential, const struct token *token)
{
    return memcmp(credential->aaguid, token->aaguid, AAGUID_SIZE) == 0;
}

/*
 * The credential of this key that wants no verification, found without a touch, so that a key that
 * cannot help never blinks. Where a key does not tell, the first one that it may hold.
 */
static int choose(struct token *token, const struct credentials *credentials,
                  const struct credential **chosen)
{
    const struct credential *maybe = NULL;
    int nothing = FIDO_ERR_NO_CREDENTIALS;

    for (size_t i = 0; i < credentials->count; i++) {
        const struct credential *credential = &credentials->list[i];
        int r;

        if (credential->flags != FIDO_UP || !is_of_model(credential, token))
            continue;
        if (token->always_uv) {
            nothing = FAILURE_ALWAYS_VERIFIES;
            continue;
        }
        r = derive_probe(token, credential, NULL);
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

/* With the PIN a key tells which credentials it holds, and a wrong one shows before it blinks. */
static int probe_once(struct token *token, const struct user *user, void *what)
{
    const struct credential *const *credential = what;
    int r = user->pin ? derive_probe(token, *credential, user->pin) : FIDO_OK;

    switch (r) {
    case FIDO_ERR_NO_CREDENTIALS:
    case FIDO_ERR_PIN_INVALID:
    case FIDO_ERR_PIN_AUTH_BLOCKED:
    case FIDO_ERR_PIN_BLOCKED:
    case FIDO_ERR_PIN_NOT_SET:
    case FIDO_ERR_PIN_POLICY_VIOLATION:
        return r;
    default:
        return is_transport_error(r) ? r : FIDO_OK;
    }
}

/*
 * Try the credentials that want their user verified, of which keys say nothing before that. Keys of
 * one model may hold any of them; one user is verified for all.
 */
static int derive_verified(struct token *token, const struct credentials *credentials,
                           const struct credential **chosen, uint8_t *secret)
{
    struct user user = {.pin = NULL};
    int r = FIDO_ERR_NO_CREDENTIALS;

    for (size_t i = 0; i < credentials->count && r == FIDO_ERR_NO_CREDENTIALS; i++) {
        *chosen = &credentials->list[i];
        if (!((*chosen)->flags & FIDO_UV) || !is_of_model(*chosen, token))
            continue;
        r = user.pin ? FIDO_OK : user_of(&user, token, (*chosen)->flags);
        if (r == FIDO_OK)
            r = user_verified(&user, token, probe_once, chosen);
        if (r == FIDO_OK)
            r = derive_secret(token, *chosen, &user, secret);
    }
    user_forget(&user);
    return r;
}

/* FIDO_OK, *chosen and its secret. */
static int derive_any(struct token *token, const struct credentials *credentials,
                      const struct credential **chosen, uint8_t *secret)
{
    struct user nobody = {.how = VERIFY_NOT, .problem = ""};
    int verified, r = choose(token, credentials, chosen);

    if (r == FIDO_OK)
        return derive_secret(token, *chosen, &nobody, secret);
    if (r != FIDO_ERR_NO_CREDENTIALS && r != FAILURE_ALWAYS_VERIFIES)
        return r;
    verified = derive_verified(token, credentials, chosen, secret);
    return verified == FIDO_ERR_NO_CREDENTIALS ? r : verified;
}

int derive(struct channel *channel, const struct msg_fido_derive *msg,
           const struct credentials *credentials)
{
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    const struct credential *chosen = NULL;
    struct token token;
    int r = token_open(&token, channel, msg->path);

    if (r == FIDO_OK)
        r = secret ? derive_any(&token, credentials, &chosen, secret) : FIDO_ERR_INTERNAL;
    if (r == FIDO_OK) {
        const struct msg_fido_secret answer = {chosen->slot, {secret, SECRET_SIZE}};

        if (channel_send(channel, MSG_FIDO_SECRET, &answer, -1, SEND_MS) < 0)
            r = FIDO_ERR_KEEPALIVE_CANCEL;
    }
    token_close(&token);
    arena_free(secret);
    return r;
}
