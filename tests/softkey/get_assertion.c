// SPDX-License-Identifier: BSD-2-Clause
// authenticatorGetAssertion: for a credential of the allow list, with hmac-secret.
#include "command.h"

#include <fido.h>
#include <string.h>

static int parse(struct assertion *s, const cbor_item_t *request)
{
    struct bytes client_data, rp;

    if (!item_text(map_get(request, 1), &rp) || !item_bytes(map_get(request, 2), &client_data) ||
        client_data.size != HASH_SIZE)
        return FIDO_ERR_MISSING_PARAMETER;
    memcpy(s->client_data, client_data.data, HASH_SIZE);
    s->up = map_option(map_get(request, 5), "up", true);
    return crypto_sha256(rp.data, rp.size, s->rp) < 0 ? FIDO_ERR_ERR_OTHER : FIDO_OK;
}

static int settle_uv(struct authenticator *a, struct assertion *s, const cbor_item_t *request)
{
    return consent_settle(a,
                          &(struct consent){
                              .param = map_get(request, 6),
                              .protocol = map_get(request, 7),
                              .client_data = s->client_data,
                              .rp = s->rp,
                              .permission = PERMISSION_GET_ASSERT,
                              .uv = map_option(map_get(request, 5), "uv", false),
                          },
                          &s->uv);
}

/* The first credential of the list that this key made and the request may use. */
static int choose(const struct authenticator *a, struct assertion *s, const cbor_item_t *list)
{
    struct bytes id;

    if (list == NULL || !cbor_isa_array(list))
        return FIDO_ERR_NO_CREDENTIALS;
    for (size_t i = 0; i < cbor_array_size(list); i++) {
        if (item_bytes(map_get_named(cbor_array_handle(list)[i], "id"), &id) &&
            credential_open(&s->credential, a->memory->master, s->rp, id) &&
            (s->uv || s->credential.protect != FIDO_CRED_PROT_UV_REQUIRED))
            return FIDO_OK;
    }
    return FIDO_ERR_NO_CREDENTIALS;
}

/* The hmac-secret extension's input, decrypted. */
static int parse_salts(struct authenticator *a, struct assertion *s, const cbor_item_t *input)
{
    const cbor_item_t *number = map_get(input, 4);
    int protocol = CTAP_PIN_PROTOCOL1;
    struct bytes sealed, mac;
    struct point peer;
    int status = number != NULL ? consent_protocol(a, number, &protocol) : FIDO_OK;

    if (status != FIDO_OK)
        return status;
    if (!item_point(map_get(input, 1), &peer) || !item_bytes(map_get(input, 2), &sealed) ||
        !item_bytes(map_get(input, 3), &mac))
        return FIDO_ERR_MISSING_PARAMETER;
    if (!a->agreement_made || pin_protocol_agree(protocol, a->agreement, &peer, &s->shared) < 0)
        return FIDO_ERR_INVALID_PARAMETER;
    if (!pin_protocol_verify(protocol, s->shared.hmac_key, sealed.data, sealed.size, mac))
        return FIDO_ERR_PIN_AUTH_INVALID;
    if (pin_protocol_decrypt(&s->shared, sealed, s->salts, sizeof(s->salts), &s->salts_size) < 0 ||
        s->salts_size % SALT_SIZE != 0)
        return FIDO_ERR_INVALID_LENGTH;
    return FIDO_OK;
}

static int parse_extensions(struct authenticator *a, struct assertion *s,
                            const cbor_item_t *extensions)
{
    const cbor_item_t *input = map_get_named(extensions, "hmac-secret");
    const struct options *options = a->options;

    s->salts_size = 0;
    if (input == NULL || options->no_hmac_secret)
        return FIDO_OK;
    if (!s->up && !options->touchless_secret)
        return FIDO_ERR_UNSUPPORTED_OPTION;
    if (!s->credential.hmac_secret || options->empty_secret)
        return FIDO_OK;
    return parse_salts(a, s, input);
}

/* The hmac-secret extension's output: the secrets, encrypted for the platform. */
static cbor_item_t *secrets(const struct authenticator *a, const struct assertion *s)
{
    uint8_t plain[2 * SALT_SIZE];
    uint8_t sealed[sizeof(plain) + PROTOCOL_OVERHEAD];
    size_t size;
    cbor_item_t *map;

    if (credential_secret(&s->credential, a->memory->master, s->uv, s->salts, s->salts_size,
                          plain) < 0 ||
        pin_protocol_encrypt(&s->shared, plain, s->salts_size, sealed, &size) < 0)
        return NULL;
    map = cbor_new_definite_map(1);
    if (map_put_named(map, "hmac-secret", cbor_build_bytestring(sealed, size)))
        return map;
    if (map != NULL)
        cbor_decref(&map);
    return NULL;
}

static cbor_item_t *descriptor(const struct credential *credential)
{
    cbor_item_t *map = cbor_new_definite_map(2);

    if (map_put_named(map, "id", cbor_build_bytestring(credential->id, CREDENTIAL_ID_SIZE)) &&
        map_put_named(map, "type", cbor_build_string("public-key")))
        return map;
    if (map != NULL)
        cbor_decref(&map);
    return NULL;
}

static int finish(struct authenticator *a, cbor_item_t **reply)
{
    const struct assertion *s = &a->pending.assertion;
    bool secret = s->salts_size > 0;
    struct statement statement;

    if (s->up)
        consent_spend(a);
    statement_begin(&statement, a->memory, s->rp,
                    (s->up && !a->options->touchless_up ? CTAP_AUTHDATA_USER_PRESENT : 0U) |
                        (s->uv ? CTAP_AUTHDATA_USER_VERIFIED : 0U) |
                        (secret ? CTAP_AUTHDATA_EXT_DATA : 0U));
    if (secret)
        statement_add_item(&statement, secrets(a, s));

    *reply = cbor_new_definite_map(3);
    if (!map_put(*reply, 1, descriptor(&s->credential)) ||
        !map_put(*reply, 2, statement_item(&statement)) ||
        !map_put(*reply, 3, statement_signature(&statement, s->credential.private, s->client_data)))
        return FIDO_ERR_ERR_OTHER;
    a->memory->assertions++;
    a->memory->secrets += secret;
    return FIDO_OK;
}

int get_assertion(struct authenticator *a, const cbor_item_t *request, cbor_item_t **reply)
{
    struct assertion *s = &a->pending.assertion;
    int status = parse(s, request);

    if (status == FIDO_OK)
        status = settle_uv(a, s, request);
    if (status == FIDO_OK)
        status = choose(a, s, map_get(request, 3));
    if (status == FIDO_OK)
        status = parse_extensions(a, s, map_get(request, 4));
    if (status != FIDO_OK)
        return status;
    if (a->sensor || (s->up && !a->options->touchless_up))
        return consent_touch(a, finish, reply);
    return finish(a, reply);
}
