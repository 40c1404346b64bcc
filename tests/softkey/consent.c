// SPDX-License-Identifier: BSD-2-Clause
// The person's part in a command: user verification by token or sensor, and the touch.
#include "command.h"

#include <fido.h>
#include <string.h>

int consent_protocol(const struct authenticator *a, const cbor_item_t *item, int *protocol)
{
    uint64_t number;

    if (!item_uint(item, &number))
        return FIDO_ERR_MISSING_PARAMETER;
    if (number != CTAP_PIN_PROTOCOL1 && number != CTAP_PIN_PROTOCOL2)
        return FIDO_ERR_INVALID_PARAMETER;
    *protocol = (int)number;
    if (a->options->pin_protocol != 0 && a->options->pin_protocol != *protocol)
        return FIDO_ERR_INVALID_PARAMETER;
    return FIDO_OK;
}

int consent_sensor(const struct authenticator *a)
{
    if (!a->options->uv)
        return FIDO_ERR_INVALID_OPTION;
    return a->memory->uv_retries == 0 ? FIDO_ERR_UV_BLOCKED : FIDO_OK;
}

int consent_sensor_failed(struct authenticator *a)
{
    if (a->memory->uv_retries > 0)
        a->memory->uv_retries--;
    return a->memory->uv_retries == 0 ? FIDO_ERR_UV_BLOCKED : FIDO_ERR_UV_INVALID;
}

void consent_spend(struct authenticator *a)
{
    a->token.live = false;
}

int consent_touch(struct authenticator *a, finish_fn *finish, cbor_item_t **reply)
{
    if (a->touched)
        return finish(a, reply);
    a->finish = finish;
    return COMMAND_WAIT;
}

/* The answer to an empty pinUvAuthParam: CTAP's way of asking which key is touched. */
static int selected(struct authenticator *a, cbor_item_t **reply)
{
    *reply = NULL;
    return a->memory->pin[0] != '\0' ? FIDO_ERR_PIN_INVALID : FIDO_ERR_PIN_NOT_SET;
}

static int check_token(struct authenticator *a, const struct consent *c, struct bytes param)
{
    struct token *token = &a->token;
    int protocol;
    int status = consent_protocol(a, c->protocol, &protocol);

    if (status != FIDO_OK)
        return status;
    if (!token->live || token->protocol != protocol || !(token->permissions & c->permission) ||
        !pin_protocol_verify(protocol, token->key, c->client_data, HASH_SIZE, param))
        return FIDO_ERR_PIN_AUTH_INVALID;
    if (token->bound && memcmp(token->rp, c->rp, HASH_SIZE) != 0)
        return FIDO_ERR_PIN_AUTH_INVALID;
    token->bound = true;
    memcpy(token->rp, c->rp, HASH_SIZE);
    a->touched = token->touched;
    return FIDO_OK;
}

int consent_settle(struct authenticator *a, const struct consent *consent, bool *uv)
{
    struct bytes param;

    *uv = true;
    if (item_bytes(consent->param, &param)) {
        if (param.size > 0)
            return check_token(a, consent, param);
        a->finish = selected;
        return COMMAND_WAIT;
    }
    if (consent->uv || (a->options->always_uv && a->options->uv)) {
        a->sensor = true;
        return consent_sensor(a);
    }
    *uv = false;
    return a->options->always_uv ? FIDO_ERR_PIN_REQUIRED : FIDO_OK;
}
