// SPDX-License-Identifier: BSD-2-Clause
// The CTAP 2.1 authenticator: a command's bytes in, a reply's bytes out, and a person in between.
#include "authenticator.h"

#include "command.h"

#include <fido.h>
#include <stdlib.h>
#include <string.h>

struct authenticator *authenticator_new(const struct options *options, struct memory *memory)
{
    struct authenticator *a = calloc(1, sizeof(*a));

    if (a != NULL) {
        a->options = options;
        a->memory = memory;
    }
    return a;
}

void authenticator_free(struct authenticator *authenticator)
{
    free(authenticator);
}

/* Bytes that say success and are no CBOR. */
static size_t junk(uint8_t reply[MESSAGE_MAX])
{
    memset(reply, 0xff, 64);
    reply[0] = FIDO_OK;
    return 64;
}

/* The bytes of a reply; item is consumed, and sent with success only. */
static size_t encode(int status, cbor_item_t *item, uint8_t reply[MESSAGE_MAX])
{
    size_t size = 0;

    if (status == FIDO_OK && item != NULL) {
        size = cbor_serialize(item, reply + 1, MESSAGE_MAX - 1);
        if (size == 0)
            status = FIDO_ERR_ERR_OTHER;
    }
    if (item != NULL)
        cbor_decref(&item);
    reply[0] = (uint8_t)status;
    return 1 + size;
}

static int finish_selection(struct authenticator *a, cbor_item_t **reply)
{
    (void)a;
    *reply = NULL;
    return FIDO_OK;
}

static int dispatch(struct authenticator *a, uint8_t command, const cbor_item_t *request,
                    cbor_item_t **reply)
{
    switch (command) {
    case CTAP_CBOR_GETINFO:
        return get_info(a, reply);
    case CTAP_CBOR_MAKECRED:
        return make_credential(a, request, reply);
    case CTAP_CBOR_ASSERT:
        return get_assertion(a, request, reply);
    case CTAP_CBOR_CLIENT_PIN:
        return client_pin(a, request, reply);
    case COMMAND_SELECTION:
        a->finish = finish_selection;
        return COMMAND_WAIT;
    default:
        return FIDO_ERR_INVALID_COMMAND;
    }
}

static enum operation operation_of(uint8_t command)
{
    switch (command) {
    case CTAP_CBOR_GETINFO:
        return OPERATION_INFO;
    case CTAP_CBOR_MAKECRED:
        return OPERATION_MAKE_CRED;
    case CTAP_CBOR_ASSERT:
        return OPERATION_GET_ASSERT;
    case CTAP_CBOR_CLIENT_PIN:
        return OPERATION_CLIENT_PIN;
    default:
        return OPERATION_COUNT;
    }
}

/* The CBOR after the command byte; *request is NULL when there is none. */
static int parse(const uint8_t *data, size_t size, cbor_item_t **request)
{
    struct cbor_load_result result;

    *request = NULL;
    if (size == 0)
        return FIDO_OK;
    *request = cbor_load(data, size, &result);
    return *request != NULL && result.read == size ? FIDO_OK : FIDO_ERR_INVALID_CBOR;
}

size_t authenticator_begin(struct authenticator *authenticator, const uint8_t *command, size_t size,
                           uint8_t reply[MESSAGE_MAX])
{
    struct authenticator *a = authenticator;
    const struct fault *fault;
    cbor_item_t *request = NULL;
    cbor_item_t *item = NULL;
    int status;

    a->finish = NULL;
    a->sensor = false;
    a->touched = false;
    if (size == 0)
        return encode(FIDO_ERR_INVALID_LENGTH, NULL, reply);
    a->operation = operation_of(command[0]);
    if (a->operation != OPERATION_COUNT) {
        fault = &a->options->faults[a->operation];
        if (fault->junk)
            return junk(reply);
        if (fault->code != 0 && !fault->after_touch)
            return encode(fault->code, NULL, reply);
    }
    status = parse(command + 1, size - 1, &request);
    if (status == FIDO_OK)
        status = dispatch(a, command[0], request, &item);
    if (request != NULL)
        cbor_decref(&request);
    return status == COMMAND_WAIT ? 0 : encode(status, item, reply);
}

static int touched(struct authenticator *a, finish_fn *finish, cbor_item_t **item)
{
    const struct fault *fault =
        a->operation != OPERATION_COUNT ? &a->options->faults[a->operation] : NULL;

    a->memory->touches++;
    if (a->sensor)
        a->memory->uv_retries = UV_RETRIES;
    if (fault != NULL && fault->code != 0)
        return fault->code;
    return finish(a, item);
}

size_t authenticator_finish(struct authenticator *authenticator, enum answer answer,
                            uint8_t reply[MESSAGE_MAX])
{
    struct authenticator *a = authenticator;
    finish_fn *finish = a->finish;
    cbor_item_t *item = NULL;
    int status = FIDO_ERR_NOT_BUSY;

    a->finish = NULL;
    if (finish == NULL)
        return encode(status, NULL, reply);
    switch (answer) {
    case ANSWER_TOUCH:
        status = touched(a, finish, &item);
        break;
    case ANSWER_DENY:
        status = a->sensor ? consent_sensor_failed(a) : FIDO_ERR_OPERATION_DENIED;
        break;
    case ANSWER_TIMEOUT:
        status = a->options->timeout_code;
        break;
    case ANSWER_CANCEL:
        a->memory->cancels++;
        status = FIDO_ERR_KEEPALIVE_CANCEL;
        break;
    }
    return encode(status, item, reply);
}
