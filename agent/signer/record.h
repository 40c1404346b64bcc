// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_RECORD_H
#define AWSTAP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "reader.h"

/*
 * A record is one sealed secret: anyone who has the vault's public key can make one, the private
 * key opens it. All its facts and the vault's id are sealed in with it, so it opens only where it
 * was put.
 */

#define RECORD_SUBJECT_MAX 256
#define RECORD_SECRET_MAX  128
#define RECORD_SEALED_MIN  81 /* one byte and a hash, in a crypto_box_seal */
#define RECORD_SEALED_MAX  208

#define VAULT_ID_BYTES 16
#define VAULT_KEY_BYTES                                                                            \
    32 /* an X25519 key, either half; a slot's secret; a MAC or its key; a hash */

enum record_type {
    RECORD_ACCESS_KEY = 1, /* an access key's secret; the subject is its access key id */
    RECORD_TOTP_SEED = 2,  /* a TOTP seed, raw; the subject is the MFA device's serial */
    RECORD_SLOT_SEED =
        3, /* a TOTP seed inside a slot: key is the slot's id, the other facts are 0 and empty */
};

struct record {
    uint32_t id;   /* 1, 2, …, never reused */
    uint32_t key;  /* the id of the key it belongs to */
    uint32_t type; /* enum record_type */
    uint64_t created;
    char subject[RECORD_SUBJECT_MAX + 1];
    uint8_t sealed[RECORD_SEALED_MAX];
    size_t sealed_len;
};

/* What was sealed. In the arena: one arena_free() wipes it. */
struct record_secret {
    size_t len;                       /* 1 to RECORD_SECRET_MAX */
    char data[RECORD_SECRET_MAX + 1]; /* a NUL follows the last byte */
};

/* Append the record. 0 or a negative errno. */
int record_put(struct buf *out, const struct record *record);

/* Read what record_put() wrote; what is wrong with it shows in reader->bad and in record_valid().
 */
void record_get(struct reader *reader, struct record *record);

/* Whether every fact is one that this version allows in the vault's list of records. */
bool record_valid(const struct record *record);

/* Seal len bytes of secret into the record, whose facts are filled in. 0 or -1. */
int record_seal(struct record *record, const uint8_t vault_id[VAULT_ID_BYTES],
                const uint8_t public_key[VAULT_KEY_BYTES], const void *secret, size_t len,
                struct error *error);

/*
 * Open the record. *secret is new, in the arena, the caller's to arena_free(). 0 or -1: EXIT_VAULT
 * where it was made for another key, another vault or another place.
 */
int record_open(const struct record *record, const uint8_t vault_id[VAULT_ID_BYTES],
                const uint8_t public_key[VAULT_KEY_BYTES],
                const uint8_t private_key[VAULT_KEY_BYTES], struct record_secret **secret,
                struct error *error);

#endif
