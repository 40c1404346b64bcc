// SPDX-License-Identifier: BSD-2-Clause
// authenticatorMakeCredential: ES256, never resident, attested by itself.
#include "command.h"

#include <fido.h>
#include <string.h>

static bool offers_es256(const cbor_item_t *params)
{
    if (params == NULL || !cbor_isa_array(params))
        return false;
    for (size_t i = 0; i < cbor_array_size(params); i++) {
        const cbor_item_t *alg = map_get_named(cbor_array_handle(params)[i], "alg");

        if (alg != NULL && cbor_isa_negint(alg) && cbor_get_int(alg) == -1 - COSE_ES256)
            return true;
    }
    return false;
}

/* Whether this key, as far as the request may know, holds a credential of the list. */
static bool excludes(const struct authenticator *a, const struct creation *c,
                     const cbor_item_t *list)
{
    struct credential credential;
    struct bytes id;

    if (list == NULL || !cbor_isa_array(list))
        return false;
    for (size_t i = 0; i < cbor_array_size(list); i++) {
        if (item_bytes(map_get_named(cbor_array_handle(list)[i], "id"), &id) &&
            credential_open(&credential, a->memory->master, c->rp, id) &&
            (c->uv || credential.protect != FIDO_CRED_PROT_UV_REQUIRED))
            return true;
    }
    return false;
}

static int parse(struct creation *c, const cbor_item_t *request)
{
    const cbor_item_t *options = map_get(request, 7);
    struct bytes client_data, rp;

    if (!item_bytes(map_get(request, 1), &client_data) || client_data.size != HASH_SIZE ||
        !item_text(map_get_named(map_get(request, 2), "id"), &rp) || map_get(request, 3) == NULL)
        return FIDO_ERR_MISSING_PARAMETER;
    memcpy(c->client_data, client_data.data, HASH_SIZE);
    if (crypto_sha256(rp.data, rp.size, c->rp) < 0)
        return FIDO_ERR_ERR_OTHER;
    if (!offers_es256(map_get(request, 4)))
        return FIDO_ERR_UNSUPPORTED_ALGORITHM;
    if (map_option(options, "rk", false))
        return FIDO_ERR_UNSUPPORTED_OPTION;
    return map_option(options, "up", true) ? FIDO_OK : FIDO_ERR_INVALID_OPTION;
}

static int parse_extensions(const struct options *options, struct creation *c,
                            const cbor_item_t *extensions)
{
    uint64_t protect = 0;

    c->hmac_secret = !options->no_hmac_secret && map_option(extensions, "hmac-secret", false);
    if (!options->no_cred_protect &&
        item_uint(map_get_named(extensions, "credProtect"), &protect) &&
        (protect < FIDO_CRED_PROT_UV_OPTIONAL || protect > FIDO_CRED_PROT_UV_REQUIRED))
        return FIDO_ERR_INVALID_PARAMETER;
    c->protect = (uint8_t)protect;
    return FIDO_OK;
}

static int settle_uv(struct authenticator *a, struct creation *c, const cbor_item_t *request)
{
    const struct options *options = a->options;
    int status = consent_settle(a,
                                &(struct consent){
                                    .param = map_get(request, 8),
                                    .protocol = map_get(request, 9),
                                    .client_data = c->client_data,
                                    .rp = c->rp,
                                    .permission = PERMISSION_MAKE_CRED,
                                    .uv = map_option(map_get(request, 7), "uv", false),
                                },
                                &c->uv);

    if (status == FIDO_OK && !c->uv && !options->make_cred_uv_not_required &&
        (options->uv || a->memory->pin[0] != '\0'))
        return FIDO_ERR_PIN_REQUIRED;
    return status;
}

static void add_extensions(struct statement *s, const struct creation *c)
{
    cbor_item_t *map = cbor_new_definite_map((c->protect != 0) + (size_t)c->hmac_secret);

    if ((c->protect == 0 || map_put_named(map, "credProtect", item_int(c->protect))) &&
        (!c->hmac_secret || map_put_named(map, "hmac-secret", cbor_build_bool(true)))) {
        statement_add_item(s, map);
        return;
    }
    s->full = true;
    if (map != NULL)
        cbor_decref(&map);
}

static void state(struct authenticator *a, struct statement *s, const struct creation *c,
                  const struct credential *credential, const struct point *public)
{
    static const uint8_t id_size[] = {0, CREDENTIAL_ID_SIZE};
    bool extended = c->protect != 0 || c->hmac_secret;

    statement_begin(s, a->memory, c->rp,
                    CTAP_AUTHDATA_USER_PRESENT | CTAP_AUTHDATA_ATT_CRED |
                        (c->uv ? CTAP_AUTHDATA_USER_VERIFIED : 0U) |
                        (extended ? CTAP_AUTHDATA_EXT_DATA : 0U));
    statement_add(s, a->options->aaguid, AAGUID_SIZE);
    statement_add(s, id_size, sizeof(id_size));
    statement_add(s, credential->id, CREDENTIAL_ID_SIZE);
    statement_add_item(s, item_cose_key(public, COSE_ES256));
    if (extended)
        add_extensions(s, c);
}

static int finish(struct authenticator *a, cbor_item_t **reply)
{
    const struct creation *c = &a->pending.creation;
    struct credential credential = {
        .protect = c->protect != 0 ? c->protect : FIDO_CRED_PROT_UV_OPTIONAL,
        .hmac_secret = c->hmac_secret,
    };
    struct statement s;
    struct point public;
    cbor_item_t *attestation;

    consent_spend(a);
    if (c->excluded)
        return FIDO_ERR_CREDENTIAL_EXCLUDED;
    if (credential_new(&credential, a->memory->master, c->rp, &public) < 0)
        return FIDO_ERR_ERR_OTHER;
    state(a, &s, c, &credential, &public);

    *reply = cbor_new_definite_map(3);
    attestation = cbor_new_definite_map(2);
    if (map_put(*reply, 1, cbor_build_string("packed")) && map_put(*reply, 2, statement_item(&s)) &&
        map_put_named(attestation, "alg", item_int(COSE_ES256)) &&
        map_put_named(attestation, "sig",
                      statement_signature(&s, credential.private, c->client_data)) &&
        map_put(*reply, 3, cbor_incref(attestation))) {
        a->memory->credentials++;
        cbor_decref(&attestation);
        return FIDO_OK;
    }
    if (attestation != NULL)
        cbor_decref(&attestation);
    return FIDO_ERR_ERR_OTHER;
}

int make_credential(struct authenticator *a, const cbor_item_t *request, cbor_item_t **reply)
{
    struct creation *c = &a->pending.creation;
    int status = parse(c, request);

    if (status == FIDO_OK)
        status = parse_extensions(a->options, c, map_get(request, 6));
    if (status == FIDO_OK)
        status = settle_uv(a, c, request);
    if (status != FIDO_OK)
        return status;
    c->excluded = excludes(a, c, map_get(request, 5));
    return consent_touch(a, finish, reply);
}
