// SPDX-License-Identifier: BSD-2-Clause
// A security key that is open: what it can do, and the calls on it, with their deadlines.
#include "token.h"

#include <poll.h>
#include <string.h>

#include "cancel.h"
#include "clock.h"
#include "device.h"

#define SEND_MS   5000
#define ANSWER_MS 5000 /* opening, and all that needs no touch */
#define BUSY_MS   2000 /* what another program, or another of us, has begun gets that long to end */
#define AGAIN_MS  50
#define SILENT_MS 2000 /* a key that has not answered a silent request by now wants a touch */
#define GRACE_MS  1000 /* for a cancelled call to return before libfido2 gives up on it */

/* Some keys report their own time-out, about 30 s, as a refusal. */
#define DENIAL_MS 28000

static bool contains(char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool option(const fido_cbor_info_t *info, const char *name)
{
    char *const *names = fido_cbor_info_options_name_ptr(info);
    const bool *values = fido_cbor_info_options_value_ptr(info);
    size_t count = fido_cbor_info_options_len(info);

    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return false;
}

static int read_info(struct token *token)
{
    fido_cbor_info_t *info = fido_cbor_info_new();
    int r = info ? fido_dev_get_cbor_info(token->dev, info) : FIDO_ERR_INTERNAL;

    if (r != FIDO_OK)
        goto out;
    r = FIDO_ERR_UNSUPPORTED_EXTENSION;
    if (!contains(fido_cbor_info_extensions_ptr(info), fido_cbor_info_extensions_len(info),
                  "hmac-secret") ||
        fido_cbor_info_aaguid_len(info) != AAGUID_SIZE)
        goto out;
    memcpy(token->aaguid, fido_cbor_info_aaguid_ptr(info), AAGUID_SIZE);
    token->has_pin = fido_dev_has_pin(token->dev);
    token->has_sensor = fido_dev_has_uv(token->dev);
    token->protects = fido_dev_supports_cred_prot(token->dev);
    token->always_uv = option(info, "alwaysUv");
    r = FIDO_OK;
out:
    fido_cbor_info_free(&info);
    return r;
}

/* libfido2 says FIDO_ERR_RX for a key that is busy (CHANNEL_BUSY to its INIT). */
static int open_when_free(const char *path, fido_dev_t **dev)
{
    uint64_t deadline = clock_deadline_ms(BUSY_MS);
    int r;

    while (((r = device_open(path, ANSWER_MS, dev)) == FIDO_ERR_RX ||
            r == FIDO_ERR_CHANNEL_BUSY) &&
           clock_left_ms(deadline) > 0)
        poll(NULL, 0, AGAIN_MS);
    return r;
}

int token_open(struct token *token, struct channel *channel, const char *path)
{
    int r;

    *token = (struct token){.channel = channel};
    if ((r = open_when_free(path, &token->dev)) != FIDO_OK)
        return r;
    return fido_dev_is_fido2(token->dev) ? read_info(token) : FIDO_ERR_UNSUPPORTED_EXTENSION;
}

void token_close(struct token *token)
{
    if (!token->dev)
        return;
    (void)fido_dev_close(token->dev);
    fido_dev_free(&token->dev);
}

/* Before a call of at most timeout_ms; libfido2's own time-out is for keys that ignore a cancel. */
static int begin(struct token *token, int timeout_ms)
{
    int r = fido_dev_set_timeout(token->dev, timeout_ms + GRACE_MS);

    if (r != FIDO_OK)
        return r;
    return cancel_arm(token->dev, timeout_ms) ? FIDO_OK : FIDO_ERR_KEEPALIVE_CANCEL;
}

/* The same where the person is to touch the key, and is told so. */
static int begin_touch(struct token *token, int timeout_ms, enum verification how)
{
    const struct msg_fido_touch touch = {how == VERIFY_SENSOR};

    if (channel_send(token->channel, MSG_FIDO_TOUCH, &touch, -1, SEND_MS) < 0)
        return FIDO_ERR_KEEPALIVE_CANCEL;
    return begin(token, timeout_ms);
}

/* What a touch really ended with: only we know when it was cancelled because its time was up. */
static int ended(int r, bool expired, uint64_t began_ms)
{
    if (r == FIDO_OK)
        return r;
    if (expired || r == FIDO_ERR_ACTION_TIMEOUT || r == FIDO_ERR_TIMEOUT)
        return FIDO_ERR_USER_ACTION_TIMEOUT;
    if (r == FIDO_ERR_OPERATION_DENIED && clock_boot_ms() - began_ms >= DENIAL_MS)
        return FIDO_ERR_USER_ACTION_TIMEOUT;
    return r;
}

int token_select(struct token *token, int timeout_ms)
{
    int touched = 0;
    int r = begin_touch(token, timeout_ms, VERIFY_NOT);

    if (r != FIDO_OK)
        return r;
    if ((r = fido_dev_get_touch_begin(token->dev)) == FIDO_OK)
        r = fido_dev_get_touch_status(token->dev, &touched, timeout_ms + GRACE_MS);
    if (cancel_disarm() && !touched)
        return FIDO_ERR_ACTION_TIMEOUT;
    /* libfido2 keeps quiet about a key that is gone. */
    return r == FIDO_OK && !touched ? FIDO_ERR_RX : r;
}

int token_make_cred(struct token *token, fido_cred_t *cred, enum verification how, const char *pin)
{
    uint64_t began_ms = clock_boot_ms();
    int r = begin_touch(token, TOKEN_TOUCH_MS, how);

    if (r != FIDO_OK)
        return r;
    r = fido_dev_make_cred(token->dev, cred, pin);
    return ended(r, cancel_disarm(), began_ms);
}

int token_get_assert(struct token *token, fido_assert_t *assert, enum verification how,
                     const char *pin)
{
    uint64_t began_ms = clock_boot_ms();
    int r = begin_touch(token, TOKEN_TOUCH_MS, how);

    if (r != FIDO_OK)
        return r;
    r = fido_dev_get_assert(token->dev, assert, pin);
    return ended(r, cancel_disarm(), began_ms);
}

int token_get_assert_silently(struct token *token, fido_assert_t *assert, const char *pin)
{
    int r = begin(token, SILENT_MS);

    if (r != FIDO_OK)
        return r;
    r = fido_dev_get_assert(token->dev, assert, pin);
    return cancel_disarm() && r != FIDO_OK ? FIDO_ERR_UP_REQUIRED : r;
}

int token_pin_tries(struct token *token, int *tries)
{
    int r = begin(token, ANSWER_MS);

    if (r != FIDO_OK)
        return r;
    r = fido_dev_get_retry_count(token->dev, tries);
    return cancel_disarm() && r != FIDO_OK ? FIDO_ERR_RX : r;
}
