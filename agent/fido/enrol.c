// SPDX-License-Identifier: BSD-2-Clause
// Enrolling: a new credential on a security key, proven by deriving its secret once.
#include "enrol.h"

#include <fido.h>
#include <string.h>
#include <sys/random.h>

#include "arena.h"
#include "derive.h"
#include "token.h"
#include "rp.h"

#define SEND_MS 5000

/*
 * Until awstap can ask for a PIN, a key that has one is refused: enrolled without it, it would
 * open the vault for whoever finds it, against what its owner set up.
 */
static int check_request(const struct token *token, const struct msg_fido_enrol *msg)
{
    if (!msg->user_id.len || msg->salt.len != SALT_SIZE || !(msg->flags & FIDO_UP))
        return FIDO_ERR_MISSING_PARAMETER;
    return msg->flags != FIDO_UP || token->has_pin || token->always_uv ? FIDO_ERR_PIN_REQUIRED
                                                                       : FIDO_OK;
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
        if (derive_probe(token, enrolled) == FIDO_OK)
            return FIDO_ERR_CREDENTIAL_EXCLUDED;
        if ((r = fido_cred_exclude(cred, enrolled->id, enrolled->id_len)) != FIDO_OK)
            return r;
    }
    return FIDO_OK;
}

/* A credential to be asked for: not resident, so that nothing on a stolen key lists it. */
static int describe(fido_cred_t *cred, const struct msg_fido_enrol *msg)
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
                  const struct msg_fido_enrol *msg, struct credential *made)
{
    size_t id_len = fido_cred_id_len(cred);

    if (!id_len || id_len > CREDENTIAL_ID_MAX)
        return FIDO_ERR_LIMIT_EXCEEDED;
    if (fido_cred_type(cred) != COSE_ES256 || fido_cred_pubkey_len(cred) != PUBLIC_KEY_SIZE)
        return FIDO_ERR_UNSUPPORTED_ALGORITHM;
    *made = (struct credential){.flags = msg->flags, .id_len = id_len};
    memcpy(made->id, fido_cred_id_ptr(cred), id_len);
    memcpy(made->public_key, fido_cred_pubkey_ptr(cred), PUBLIC_KEY_SIZE);
    memcpy(made->salt, msg->salt.data, SALT_SIZE);
    memcpy(made->aaguid, token->aaguid, AAGUID_SIZE);
    return FIDO_OK;
}

static int make_credential(struct token *token, const struct msg_fido_enrol *msg,
                           const struct credentials *credentials, struct credential *made)
{
    fido_cred_t *cred = fido_cred_new();
    int r = cred ? describe(cred, msg) : FIDO_ERR_INTERNAL;

    if (r == FIDO_OK)
        r = exclude(token, cred, credentials);
    if (r == FIDO_OK)
        r = token_make_cred(token, cred);
    if (r == FIDO_OK)
        r = verify(cred);
    if (r == FIDO_OK)
        r = record(cred, token, msg, made);
    fido_cred_free(&cred);
    return r;
}

static int prove(struct token *token, const struct credential *made)
{
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    const struct msg_fido_enrolled msg = {
        .id = {made->id, made->id_len},
        .public_key = {made->public_key, PUBLIC_KEY_SIZE},
        .aaguid = {made->aaguid, AAGUID_SIZE},
        .flags = made->flags,
        .secret = {secret, SECRET_SIZE},
    };
    int r = secret ? derive_try_without_touch(token, made) : FIDO_ERR_INTERNAL;

    if (r == FIDO_OK)
        r = derive_secret(token, made, secret);
    if (r == FIDO_OK && channel_send(token->channel, MSG_FIDO_ENROLLED, &msg, -1, SEND_MS) < 0)
        r = FIDO_ERR_INTERNAL;
    arena_free(secret);
    return r;
}

int enrol(struct channel *channel, const struct msg_fido_enrol *msg,
          const struct credentials *credentials)
{
    struct credential made;
    struct token token;
    int r = token_open(&token, channel, msg->path);

    if (r == FIDO_OK)
        r = check_request(&token, msg);
    if (r == FIDO_OK)
        r = make_credential(&token, msg, credentials, &made);
    if (r == FIDO_OK)
        r = prove(&token, &made);
    token_close(&token);
    return r;
}
