// SPDX-License-Identifier: BSD-2-Clause
// A security key that is open: what it can do, and the calls on it, each with its deadline and
// cancelled when nobody waits any more. All return FIDO_OK or a FIDO_ERR_ that failure.c knows.
#ifndef AWSTAP_FIDO_TOKEN_H
#define AWSTAP_FIDO_TOKEN_H

#include <fido.h>
#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "credential.h"

struct token {
    fido_dev_t *dev;
    struct channel *channel; /* where FIDO_TOUCH is sent */
    uint8_t aaguid[AAGUID_SIZE];
    bool has_pin;    /* a PIN is set */
    bool has_sensor; /* it can verify its user by itself, as by a finger that it knows */
    bool always_uv;  /* and nothing goes without one of the two */
    bool protects;   /* it can keep a credential from whoever is not verified (credProtect) */
};

/*
 * Open the device at path; the channel stays the caller's. FIDO_ERR_UNSUPPORTED_EXTENSION: it
 * cannot derive secrets. To be closed by token_close(), which also takes one that did not open.
 */
int token_open(struct token *token, struct channel *channel, const char *path);
void token_close(struct token *token);

/* How a call on the key verifies its user. */
enum verification {
    VERIFY_NOT,    /* not at all, and pin is NULL */
    VERIFY_SENSOR, /* by the key's own sensor, and pin is NULL */
    VERIFY_PIN,    /* by pin */
};

#define TOKEN_TOUCH_MS 30000 /* how long a touch is waited for */

/*
 * Let it blink and wait up to timeout_ms for a touch that means nothing but "this one".
 * FIDO_ERR_ACTION_TIMEOUT.
 */
int token_select(struct token *token, int timeout_ms);

/* fido_dev_make_cred() and fido_dev_get_assert() with a touch. FIDO_ERR_USER_ACTION_TIMEOUT. */
int token_make_cred(struct token *token, fido_cred_t *cred, enum verification how, const char *pin);
int token_get_assert(struct token *token, fido_assert_t *assert, enum verification how,
                     const char *pin);

/*
 * fido_dev_get_assert() where the key answers at once; one that does not: FIDO_ERR_UP_REQUIRED. pin
 * may be NULL.
 */
int token_get_assert_silently(struct token *token, fido_assert_t *assert, const char *pin);

/* How many wrong PINs in a row the key takes until it locks its PIN; 0: it has. */
int token_pin_tries(struct token *token, int *tries);

#endif
