// SPDX-License-Identifier: BSD-2-Clause
// Inside the authenticator: its state, and the functions that its commands are made of.
// int results are CTAP status bytes (FIDO_OK, FIDO_ERR_…) or COMMAND_WAIT.
#ifndef SOFTKEY_COMMAND_H
#define SOFTKEY_COMMAND_H

#include "authenticator.h"
#include "credential.h"
#include "map.h"
#include "pin_protocol.h"

#include <cbor.h>
#include <stdbool.h>

#define COMMAND_WAIT 0x100 /* not a status: the person is to be asked first */

#define COMMAND_SELECTION 0x0b /* authenticatorSelection, which libfido2 does not name */

#define PERMISSION_MAKE_CRED  0x01
#define PERMISSION_GET_ASSERT 0x02

struct authenticator;

/* The rest of a command, once the person has touched; *reply is the caller's. */
typedef int finish_fn(struct authenticator *a, cbor_item_t **reply);

/* The pinUvAuthToken: proof, for one operation, that the user was verified. */
struct token {
    bool live;
    bool touched; /* the sensor that verified the user was touched, too */
    bool bound;   /* to rp */
    int protocol;
    uint64_t permissions;
    uint8_t rp[HASH_SIZE];
    uint8_t key[HASH_SIZE];
};

/* What each command carries over the wait. */
struct creation {
    uint8_t client_data[HASH_SIZE];
    uint8_t rp[HASH_SIZE];
    bool uv;
    bool excluded;
    bool hmac_secret;
    uint8_t protect; /* credProtect as asked for; 0: was not */
};

struct assertion {
    uint8_t client_data[HASH_SIZE];
    uint8_t rp[HASH_SIZE];
    bool up;
    bool uv;
    struct credential credential;
    struct shared_secret shared;
    size_t salts_size; /* 0: no hmac-secret is asked for */
    uint8_t salts[2 * SALT_SIZE];
};

struct grant {
    struct token token;
    struct shared_secret shared;
};

struct authenticator {
    const struct options *options;
    struct memory *memory;
    bool agreement_made;
    uint8_t agreement[SCALAR_SIZE]; /* private half of getKeyAgreement's key */
    struct point agreement_public;
    struct token token;
    enum operation operation; /* the command being done */
    bool sensor;              /* its touch is one of the sensor */
    bool touched;             /* no touch needed: its token's sensor saw one */
    finish_fn *finish;        /* NULL: no command waits */
    union {
        struct creation creation;
        struct assertion assertion;
        struct grant grant;
    } pending;
};

/* What a request says about user verification. */
struct consent {
    const cbor_item_t *param;    /* pinUvAuthParam, or NULL */
    const cbor_item_t *protocol; /* pinUvAuthProtocol, or NULL */
    const uint8_t *client_data;  /* HASH_SIZE bytes that param signs */
    const uint8_t *rp;           /* HASH_SIZE bytes */
    uint64_t permission;
    bool uv; /* the option */
};

/* info.c */
int get_info(struct authenticator *a, cbor_item_t **reply);
/* make_credential.c, get_assertion.c, client_pin.c */
int make_credential(struct authenticator *a, const cbor_item_t *request, cbor_item_t **reply);
int get_assertion(struct authenticator *a, const cbor_item_t *request, cbor_item_t **reply);
int client_pin(struct authenticator *a, const cbor_item_t *request, cbor_item_t **reply);

/*
 * consent.c. Settle *uv: whether the user is verified, by token or (once touched) by the sensor.
 * COMMAND_WAIT: a request that only wants to see a touch; it is all set.
 */
int consent_settle(struct authenticator *a, const struct consent *consent, bool *uv);
/* Go on with finish once the person has touched; at once where the token's sensor saw that. */
int consent_touch(struct authenticator *a, finish_fn *finish, cbor_item_t **reply);
/* Use the token up. */
void consent_spend(struct authenticator *a);
/* A touch that the sensor did not recognise. */
int consent_sensor_failed(struct authenticator *a);
/* Whether the request may use the sensor now: FIDO_OK, or why not. */
int consent_sensor(const struct authenticator *a);
/* A protocol number of a request: FIDO_OK and *protocol, or why not. NULL is missing. */
int consent_protocol(const struct authenticator *a, const cbor_item_t *item, int *protocol);

/* statement.c: authenticator data, as it is built up and signed. */
#define STATEMENT_MAX 512

struct statement {
    size_t size;
    bool full; /* something did not fit, or memory ran out */
    uint8_t data[STATEMENT_MAX];
};

/* Start with rp's hash, flags and the next value of the counter. */
void statement_begin(struct statement *s, struct memory *memory, const uint8_t rp[HASH_SIZE],
                     unsigned flags);
void statement_add(struct statement *s, const void *data, size_t size);
/* item is consumed, and may be NULL (which reads as full). */
void statement_add_item(struct statement *s, cbor_item_t *item);
/* The authenticator data as a CBOR item, and its signature with client_data as another. */
cbor_item_t *statement_item(const struct statement *s);
cbor_item_t *statement_signature(const struct statement *s, const uint8_t private[SCALAR_SIZE],
                                 const uint8_t client_data[HASH_SIZE]);

#endif
