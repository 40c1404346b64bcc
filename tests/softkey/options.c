// SPDX-License-Identifier: BSD-2-Clause
// NAME.conf: what kind of key this is, and the faults it is told to show.
#include "options.h"

#include "hex.h"

#include <fido.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const operation_names[OPERATION_COUNT] = {
    [OPERATION_OPEN] = "open",
    [OPERATION_INFO] = "info",
    [OPERATION_MAKE_CRED] = "make_cred",
    [OPERATION_GET_ASSERT] = "get_assert",
    [OPERATION_CLIENT_PIN] = "client_pin",
};

static const struct {
    const char *name;
    size_t offset;
} switches[] = {
    {"uv", offsetof(struct options, uv)},
    {"always_uv", offsetof(struct options, always_uv)},
    {"make_cred_uv_not_required", offsetof(struct options, make_cred_uv_not_required)},
    {"only_2_0", offsetof(struct options, only_2_0)},
    {"no_hmac_secret", offsetof(struct options, no_hmac_secret)},
    {"no_cred_protect", offsetof(struct options, no_cred_protect)},
    {"touchless_up", offsetof(struct options, touchless_up)},
    {"touchless_secret", offsetof(struct options, touchless_secret)},
    {"empty_secret", offsetof(struct options, empty_secret)},
};

static bool number(const char *text, int base, unsigned long max, unsigned long *out)
{
    char *end;

    if (text == NULL || *text == '\0')
        return false;
    *out = strtoul(text, &end, base);
    return *end == '\0' && *out <= max;
}

static bool byte(const char *text, uint8_t *out)
{
    unsigned long value;

    if (!number(text, 16, UINT8_MAX, &value))
        return false;
    *out = (uint8_t)value;
    return true;
}

static bool milliseconds(const char *text, unsigned *out)
{
    unsigned long value;

    if (!number(text, 10, INT_MAX, &value))
        return false;
    *out = (unsigned)value;
    return true;
}

static struct fault *fault_of(struct options *options, const char *operation)
{
    for (int i = 0; operation != NULL && i < OPERATION_COUNT; i++) {
        if (strcmp(operation, operation_names[i]) == 0)
            return &options->faults[i];
    }
    return NULL;
}

/* error OP CODE [touched], junk OP */
static bool fault_line(struct options *options, bool junk, char **rest)
{
    struct fault *fault = fault_of(options, strtok_r(NULL, " ", rest));
    const char *when;

    if (fault == NULL)
        return false;
    if (junk) {
        fault->junk = true;
        return strtok_r(NULL, " ", rest) == NULL;
    }
    if (!byte(strtok_r(NULL, " ", rest), &fault->code))
        return false;
    when = strtok_r(NULL, " ", rest);
    fault->after_touch = when != NULL && strcmp(when, "touched") == 0;
    return when == NULL || fault->after_touch;
}

static bool switch_line(struct options *options, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (strcmp(name, switches[i].name) == 0) {
            bool on = strcmp(value, "1") == 0;

            memcpy((char *)options + switches[i].offset, &on, sizeof(on));
            return on || strcmp(value, "0") == 0;
        }
    }
    return false;
}

static bool timeout_line(struct options *options, const char *value, const char *code)
{
    return milliseconds(value, &options->timeout_ms) &&
           (code == NULL || byte(code, &options->timeout_code));
}

static bool protocol_line(struct options *options, const char *value)
{
    unsigned long protocol;

    if (!number(value, 10, CTAP_PIN_PROTOCOL2, &protocol) || protocol == 0)
        return false;
    options->pin_protocol = (int)protocol;
    return true;
}

static bool pin_line(struct options *options, const char *pin)
{
    size_t size = strlen(pin);

    if (size < PIN_MIN || size > PIN_MAX)
        return false;
    memcpy(options->pin, pin, size + 1);
    return true;
}

void options_default(struct options *options)
{
    static const uint8_t aaguid[AAGUID_SIZE] = "awstap softkey 1";

    *options = (struct options){
        .timeout_ms = 30000,
        .timeout_code = FIDO_ERR_USER_ACTION_TIMEOUT,
        .keepalive_ms = 100,
    };
    memcpy(options->aaguid, aaguid, AAGUID_SIZE);
}

bool options_line(struct options *options, const char *line)
{
    char copy[256];
    char *rest;
    const char *name, *value;

    if (strlen(line) >= sizeof(copy))
        return false;
    memcpy(copy, line, strlen(line) + 1);
    name = strtok_r(copy, " ", &rest);
    if (name == NULL || name[0] == '#')
        return true;
    if (strcmp(name, "error") == 0 || strcmp(name, "junk") == 0)
        return fault_line(options, name[0] == 'j', &rest);
    value = strtok_r(NULL, " ", &rest);
    if (value == NULL)
        return false;
    if (strcmp(name, "timeout") == 0)
        return timeout_line(options, value, strtok_r(NULL, " ", &rest));
    if (strcmp(name, "keepalive") == 0)
        return milliseconds(value, &options->keepalive_ms);
    if (strcmp(name, "pin_protocol") == 0)
        return protocol_line(options, value);
    if (strcmp(name, "pin") == 0)
        return pin_line(options, value);
    if (strcmp(name, "aaguid") == 0)
        return hex_decode(value, options->aaguid, AAGUID_SIZE);
    return switch_line(options, name, value);
}
