// SPDX-License-Identifier: BSD-2-Clause
// Enrolling: a new credential on a security key, proven by deriving its secret once.
#include "enrol.h"

#include <fido.h>
#include <string.h>
#include <sys/random.h>

#include "arena.h"
#include "derive.h"
#include "failure.h"
#include "rp.h"

#define SEND_MS 5000

/*
 * The flags to be recorded. Where the key can verify its user, the credential wants that: without,
 * it would open the vault for whoever finds the key, against what its owner set up.
 */
static uint32_t choose_flags(const struct token *token)
{
    if (token->has_sensor)
        return FIDO_UP | FIDO_UV;
    return token->has_pin || token->always_uv ? FIDO_UP | FIDO_UV | FIDO_PIN : FIDO_UP;
}

static int check_request(const struct token *token, const struct msg_fido_enrol *msg,
                         uint32_t *flags)
{
    *flags = msg->flags ? msg->flags : choose_flags(token);
    if (!msg->user_id.len || msg->salt.len != SALT_SIZE || !(*flags & FIDO_UP))
        return FIDO_ERR_MISSING_PARAMETER;
    if (*flags & FIDO_UV)
        return token->protects ? FIDO_OK : FAILURE_UNPROTECTED;
    return choose_flags(token) == FIDO_UP ? FIDO_OK : FIDO_ERR_PIN_REQUIRED;
}

/*
 * Exclude what may be on this key. Where the key tells now that it holds one, it is refused before
 * anybody touches it.
 */
static int exclude(struct token *token, fido_cred_t *cred, const struct credentials *credentials)
{
    int r;

    for (size_t i = 0; i < credentials->count; i++) {
        const struct credential *enrolled = &credentials->list[i];

        if (memcmp(enrolled->aaguid, token->aaguid, AAGUID_SIZE) != 0)
            continue;
        if (derive_probe(token, enrolled, NULL) == FIDO_OK)
            return FIDO_ERR_CREDENTIAL_EXCLUDED;
        if ((r = fido_cred_exclude(cred, enrolled->id, enrolled->id_len)) != FIDO_OK)
            return r;
    }
    return FIDO_OK;
}

/* A credential to be asked for: not resident, so that nothing on a stolen key lists it. */
static int describe(fido_cred_t *cred, const struct msg_fido_enrol *msg, uint32_t flags)
{
    uint8_t hash[32];
    int r;

    if (getrandom(hash, sizeof hash, 0) != sizeof hash)
        return FIDO_ERR_INTERNAL;
    if ((r = fido_cred_set_type(cred, COSE_ES256)) != FIDO_OK ||
        (r = fido_cred_set_clientdata_hash(cred, hash, sizeof hash)) != FIDO_OK ||
        (r = fido_cred_set_rp(cred, RP_ID, RP_NAME)) != FIDO_OK ||
        (r = fido_cred_set_user(cred, msg->user_id.data, msg->user_id.len, RP_NAME, RP_NAME,
                                NULL)) != FIDO_OK ||
        (r = fido_cred_set_extensions(cred, FIDO_EXT_HMAC_SECRET)) != FIDO_OK)
        return r;
    if (flags & FIDO_UV && ((r = fido_cred_set_uv(cred, FIDO_OPT_TRUE)) != FIDO_OK ||
                            (r = fido_cred_set_prot(cred, FIDO_CRED_PROT_UV_REQUIRED)) != FIDO_OK))
        return r;
    return fido_cred_set_rk(cred, FIDO_OPT_FALSE);
}

/* Nobody's certificate is trusted here; a wrong signature still means that something is wrong. */
static int verify(const fido_cred_t *cred)
{
    if (fido_cred_x5c_len(cred))
        return fido_cred_verify(cred);
    return fido_cred_sig_len(cred) ? fido_cred_verify_self(cred) : FIDO_OK;
}

/* The new credential as it will be handed to us ever after. */
static int record(const fido_cred_t *cred, const struct token *token,
                  const struct msg_fido_enrol *msg, uint32_t flags, struct credential *made)
{
    size_t id_len = fido_cred_id_len(cred);

    if (!id_len || id_len > CREDENTIAL_ID_MAX)
        return FIDO_ERR_LIMIT_EXCEEDED;
    if (fido_cred_type(cred) != COSE_ES256 || fido_cred_pubkey_len(cred) != PUBLIC_KEY_SIZE)
        return FIDO_ERR_UNSUPPORTED_ALGORITHM;
    *made = (struct credential){.flags = flags, .id_len = id_len};
    memcpy(made->id, fido_cred_id_ptr(cred), id_len);
    memcpy(made->public_key, fido_cred_pubkey_ptr(cred), PUBLIC_KEY_SIZE);
    memcpy(made->salt, msg->salt.data, SALT_SIZE);
    memcpy(made->aaguid, token->aaguid, AAGUID_SIZE);
    return FIDO_OK;
}

static int make_once(struct token *token, const struct user *user, void *what)
{
    return token_make_cred(token, what, user->how, user->pin);
}

static int make_credential(struct token *token, const struct msg_fido_enrol *msg, uint32_t flags,
                           const struct credentials *credentials, struct user *user,
                           struct credential *made)
{
    fido_cred_t *cred = fido_cred_new();
    int r = cred ? describe(cred, msg, flags) : FIDO_ERR_INTERNAL;

    if (r == FIDO_OK)
        r = exclude(token, cred, credentials);
    if (r == FIDO_OK)
        r = user_verified(user, token, make_once, cred);
    if (r == FIDO_OK)
        r = verify(cred);
    if (r == FIDO_OK)
        r = record(cred, token, msg, flags, made);
    fido_cred_free(&cred);
    return r;
}

/*
 * The key must keep the new credential as it was asked to: from whoever does not touch it, or, and
 * then a touch is not what protects it, from whoever is not verified.
 */
static int check_protection(struct token *token, const struct credential *made)
{
    if (!(made->flags & FIDO_UV))
        return derive_try_without_touch(token, made);
    return derive_probe(token, made, NULL) == FIDO_OK ? FAILURE_UNPROTECTED : FIDO_OK;
}

static int prove(struct token *token, const struct credential *made, struct user *user)
{
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    const struct msg_fido_enrolled msg = {
        .id = {made->id, made->id_len},
        .public_key = {made->public_key, PUBLIC_KEY_SIZE},
        .aaguid = {made->aaguid, AAGUID_SIZE},
        .flags = made->flags,
        .secret = {secret, SECRET_SIZE},
    };
    int r = secret ? check_protection(token, made) : FIDO_ERR_INTERNAL;

    if (r == FIDO_OK)
        r = derive_secret(token, made, user, secret);
    if (r == FIDO_OK && channel_send(token->channel, MSG_FIDO_ENROLLED, &msg, -1, SEND_MS) < 0)
        r = FIDO_ERR_KEEPALIVE_CANCEL;
    arena_free(secret);
    return r;
}

int enrol(struct channel *channel, const struct msg_fido_enrol *msg,
          const struct credentials *credentials)
{
    struct user user = {.pin = NULL};
    struct credential made;
    struct token token;
    uint32_t flags;
    int r = token_open(&token, channel, msg->path);

    if (r == FIDO_OK)
        r = check_request(&token, msg, &flags);
    if (r == FIDO_OK)
        r = user_of(&user, &token, flags);
    if (r == FIDO_OK)
        r = make_credential(&token, msg, flags, credentials, &user, &made);
    if (r == FIDO_OK)
        r = prove(&token, &made, &user);
    user_forget(&user);
    token_close(&token);
    return r;
}
