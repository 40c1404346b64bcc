// SPDX-License-Identifier: BSD-2-Clause
// NAME.conf: what kind of key this is, and the faults it is told to show.
#ifndef SOFTKEY_OPTIONS_H
#define SOFTKEY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define AAGUID_SIZE 16
#define PIN_MAX     63 /* bytes of UTF-8, as CTAP has it */
#define PIN_MIN     4

/* What a fault can be attached to. */
enum operation {
    OPERATION_OPEN, /* CTAPHID_INIT */
    OPERATION_INFO,
    OPERATION_MAKE_CRED,
    OPERATION_GET_ASSERT,
    OPERATION_CLIENT_PIN,
    OPERATION_COUNT,
};

struct fault {
    uint8_t code;     /* the CTAP error answered; 0: none */
    bool after_touch; /* not before the person touched */
    bool junk;        /* answer bytes that are no CBOR */
};

struct options {
    uint8_t aaguid[AAGUID_SIZE];
    char pin[PIN_MAX + 1]; /* the PIN that a key starts its life with; empty: none */
    int pin_protocol;      /* the only one spoken; 0: both */
    bool uv;               /* has a sensor of its own; it follows the touch file */
    bool always_uv;
    bool make_cred_uv_not_required;
    bool only_2_0; /* a key from before CTAP 2.1: PIN tokens without permissions */
    bool no_hmac_secret;
    bool no_cred_protect;
    bool touchless_up;     /* asked for a touch, asserts without one, its UP flag clear */
    bool touchless_secret; /* hmac-secret is given when the request says up FALSE */
    bool empty_secret;     /* asserts with success, but without the hmac-secret asked for */
    unsigned timeout_ms;   /* how long the key itself waits for a touch */
    uint8_t timeout_code;  /* and what it answers then */
    unsigned keepalive_ms;
    struct fault faults[OPERATION_COUNT];
};

/* What a key without a NAME.conf is. */
void options_default(struct options *options);

/* Read one line, without its newline; empty lines and # comments are fine. False: not understood.
 */
bool options_line(struct options *options, const char *line);

#endif
