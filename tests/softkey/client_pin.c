// SPDX-License-Identifier: BSD-2-Clause
// authenticatorClientPIN: setting, changing and trying the PIN, and tokens that prove it.
#include "command.h"

#include <fido.h>
#include <openssl/crypto.h>
#include <string.h>

#define PIN_HASH_SIZE   16
#define PIN_PADDED_SIZE 64
#define MISSES_MAX      3 /* wrong PINs in a row, then only a power cycle helps */

enum {
    GET_RETRIES = 1,
    GET_KEY_AGREEMENT = 2,
    SET_PIN = 3,
    CHANGE_PIN = 4,
    GET_TOKEN = 5,
    GET_TOKEN_UV = 6,
    GET_UV_RETRIES = 7,
    GET_TOKEN_PIN = 9,
};

static int reply_one(cbor_item_t **reply, int key, cbor_item_t *value)
{
    *reply = cbor_new_definite_map(1);
    return map_put(*reply, key, value) ? FIDO_OK : FIDO_ERR_ERR_OTHER;
}

static int get_retries(const struct authenticator *a, cbor_item_t **reply)
{
    bool blocked = a->memory->misses >= MISSES_MAX;

    *reply = cbor_new_definite_map(2);
    return map_put(*reply, 3, item_int((int)a->memory->retries)) &&
                   map_put(*reply, 4, cbor_build_bool(blocked))
               ? FIDO_OK
               : FIDO_ERR_ERR_OTHER;
}

static int get_key_agreement(struct authenticator *a, cbor_item_t **reply)
{
    if (!a->agreement_made) {
        if (crypto_key_new(a->agreement, &a->agreement_public) < 0)
            return FIDO_ERR_ERR_OTHER;
        a->agreement_made = true;
    }
    return reply_one(reply, 1, item_cose_key(&a->agreement_public, COSE_ECDH_ES256));
}

/* Protocol and shared secret of a request. */
static int agree(const struct authenticator *a, const cbor_item_t *request,
                 struct shared_secret *shared)
{
    struct point peer;
    int protocol;
    int status = consent_protocol(a, map_get(request, 1), &protocol);

    if (status != FIDO_OK)
        return status;
    if (!item_point(map_get(request, 3), &peer))
        return FIDO_ERR_MISSING_PARAMETER;
    if (!a->agreement_made || pin_protocol_agree(protocol, a->agreement, &peer, shared) < 0)
        return FIDO_ERR_INVALID_PARAMETER;
    return FIDO_OK;
}

static int pin_blocked(const struct memory *memory)
{
    if (memory->retries == 0)
        return FIDO_ERR_PIN_BLOCKED;
    return memory->misses >= MISSES_MAX ? FIDO_ERR_PIN_AUTH_BLOCKED : FIDO_OK;
}

static bool pin_matches(const struct memory *memory, const struct shared_secret *shared,
                        struct bytes sealed)
{
    uint8_t given[PIN_HASH_SIZE];
    uint8_t own[HASH_SIZE];
    size_t size;

    return pin_protocol_decrypt(shared, sealed, given, sizeof(given), &size) == 0 &&
           size == PIN_HASH_SIZE && crypto_sha256(memory->pin, strlen(memory->pin), own) == 0 &&
           CRYPTO_memcmp(given, own, PIN_HASH_SIZE) == 0;
}

/* One try of the PIN: it costs a retry before it is looked at. */
static int try_pin(struct authenticator *a, const struct shared_secret *shared, struct bytes sealed)
{
    struct memory *memory = a->memory;
    int status = pin_blocked(memory);

    if (status != FIDO_OK)
        return status;
    memory->retries--;
    if (pin_matches(memory, shared, sealed)) {
        memory->retries = PIN_RETRIES;
        memory->misses = 0;
        memory->uv_retries = UV_RETRIES;
        return FIDO_OK;
    }
    memory->misses++;
    a->agreement_made = false;
    status = pin_blocked(memory);
    return status != FIDO_OK ? status : FIDO_ERR_PIN_INVALID;
}

static int store_pin(struct authenticator *a, const struct shared_secret *shared,
                     struct bytes sealed)
{
    uint8_t pin[PIN_PADDED_SIZE];
    size_t size;

    if (pin_protocol_decrypt(shared, sealed, pin, sizeof(pin), &size) < 0 || size != sizeof(pin))
        return FIDO_ERR_INVALID_PARAMETER;
    size = strnlen((const char *)pin, sizeof(pin));
    if (size < PIN_MIN || size > PIN_MAX || memchr(pin, '\n', size) != NULL)
        return FIDO_ERR_PIN_POLICY_VIOLATION;
    memset(a->memory->pin, 0, sizeof(a->memory->pin));
    memcpy(a->memory->pin, pin, size);
    a->memory->retries = PIN_RETRIES;
    a->memory->misses = 0;
    consent_spend(a);
    return FIDO_OK;
}

static int set_pin(struct authenticator *a, const cbor_item_t *request)
{
    struct shared_secret shared;
    struct bytes sealed, mac;
    int status = agree(a, request, &shared);

    if (status != FIDO_OK)
        return status;
    if (!item_bytes(map_get(request, 4), &mac) || !item_bytes(map_get(request, 5), &sealed))
        return FIDO_ERR_MISSING_PARAMETER;
    if (a->memory->pin[0] != '\0' ||
        !pin_protocol_verify(shared.protocol, shared.hmac_key, sealed.data, sealed.size, mac))
        return FIDO_ERR_PIN_AUTH_INVALID;
    return store_pin(a, &shared, sealed);
}

static int change_pin(struct authenticator *a, const cbor_item_t *request)
{
    uint8_t signed_data[PIN_PADDED_SIZE + PIN_HASH_SIZE + 2 * PROTOCOL_OVERHEAD];
    struct shared_secret shared;
    struct bytes sealed, hash, mac;
    int status = agree(a, request, &shared);

    if (status != FIDO_OK)
        return status;
    if (!item_bytes(map_get(request, 4), &mac) || !item_bytes(map_get(request, 5), &sealed) ||
        !item_bytes(map_get(request, 6), &hash))
        return FIDO_ERR_MISSING_PARAMETER;
    if (a->memory->pin[0] == '\0')
        return FIDO_ERR_PIN_NOT_SET;
    if (sealed.size > PIN_PADDED_SIZE + PROTOCOL_OVERHEAD ||
        hash.size > PIN_HASH_SIZE + PROTOCOL_OVERHEAD)
        return FIDO_ERR_INVALID_PARAMETER;
    memcpy(signed_data, sealed.data, sealed.size);
    memcpy(signed_data + sealed.size, hash.data, hash.size);
    if (!pin_protocol_verify(shared.protocol, shared.hmac_key, signed_data, sealed.size + hash.size,
                             mac))
        return FIDO_ERR_PIN_AUTH_INVALID;
    status = try_pin(a, &shared, hash);
    return status != FIDO_OK ? status : store_pin(a, &shared, sealed);
}

/* Make the token that a grant describes the live one, and hand it over. */
static int grant_token(struct authenticator *a, const struct grant *grant, cbor_item_t **reply)
{
    uint8_t sealed[HASH_SIZE + PROTOCOL_OVERHEAD];
    size_t size;

    a->token = grant->token;
    a->token.live = true;
    a->token.protocol = grant->shared.protocol;
    if (crypto_random(a->token.key, HASH_SIZE) < 0 ||
        pin_protocol_encrypt(&grant->shared, a->token.key, HASH_SIZE, sealed, &size) < 0)
        return FIDO_ERR_ERR_OTHER;
    return reply_one(reply, 2, cbor_build_bytestring(sealed, size));
}

/* permissions and rpId of a request, into the token to be granted. */
static int parse_permissions(struct token *token, const cbor_item_t *request)
{
    struct bytes rp;

    if (!item_uint(map_get(request, 9), &token->permissions) || token->permissions == 0)
        return FIDO_ERR_INVALID_PARAMETER;
    if (token->permissions & ~(uint64_t)(PERMISSION_MAKE_CRED | PERMISSION_GET_ASSERT))
        return FIDO_ERR_UNAUTHORIZED_PERM;
    if (!item_text(map_get(request, 10), &rp))
        return FIDO_ERR_MISSING_PARAMETER;
    token->bound = true;
    return crypto_sha256(rp.data, rp.size, token->rp) < 0 ? FIDO_ERR_ERR_OTHER : FIDO_OK;
}

static int get_token_by_pin(struct authenticator *a, const cbor_item_t *request, bool permissions,
                            cbor_item_t **reply)
{
    struct grant grant = {.token.permissions = PERMISSION_MAKE_CRED | PERMISSION_GET_ASSERT};
    struct bytes hash;
    int status = agree(a, request, &grant.shared);

    if (status == FIDO_OK && permissions)
        status = parse_permissions(&grant.token, request);
    if (status != FIDO_OK)
        return status;
    if (!item_bytes(map_get(request, 6), &hash))
        return FIDO_ERR_MISSING_PARAMETER;
    if (a->memory->pin[0] == '\0')
        return FIDO_ERR_PIN_NOT_SET;
    status = try_pin(a, &grant.shared, hash);
    return status != FIDO_OK ? status : grant_token(a, &grant, reply);
}

static int finish_token_by_uv(struct authenticator *a, cbor_item_t **reply)
{
    return grant_token(a, &a->pending.grant, reply);
}

static int get_token_by_uv(struct authenticator *a, const cbor_item_t *request)
{
    struct grant *grant = &a->pending.grant;
    int status = agree(a, request, &grant->shared);

    grant->token = (struct token){.touched = true};
    if (status == FIDO_OK)
        status = parse_permissions(&grant->token, request);
    if (status == FIDO_OK)
        status = a->options->uv ? consent_sensor(a) : FIDO_ERR_NOT_ALLOWED;
    if (status != FIDO_OK)
        return status;
    a->sensor = true;
    a->finish = finish_token_by_uv;
    return COMMAND_WAIT;
}

int client_pin(struct authenticator *a, const cbor_item_t *request, cbor_item_t **reply)
{
    uint64_t subcommand;

    if (!item_uint(map_get(request, 2), &subcommand))
        return FIDO_ERR_MISSING_PARAMETER;
    if (a->options->only_2_0 && subcommand > GET_TOKEN)
        return FIDO_ERR_INVALID_PARAMETER;
    switch (subcommand) {
    case GET_RETRIES:
        return get_retries(a, reply);
    case GET_KEY_AGREEMENT:
        return get_key_agreement(a, reply);
    case SET_PIN:
        return set_pin(a, request);
    case CHANGE_PIN:
        return change_pin(a, request);
    case GET_TOKEN:
        return get_token_by_pin(a, request, false, reply);
    case GET_TOKEN_UV:
        return get_token_by_uv(a, request);
    case GET_UV_RETRIES:
        return reply_one(reply, 5, item_int((int)a->memory->uv_retries));
    case GET_TOKEN_PIN:
        return get_token_by_pin(a, request, true, reply);
    default:
        return FIDO_ERR_INVALID_PARAMETER;
    }
}
