// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SLOT_H
#define AWSTAP_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "reader.h"
#include "record.h"

/*
 * A slot is one factor's way into the vault: its secret seeds an X25519 pair, to which the vault's
 * secret is sealed together with all the facts of the slot. VAULT.md has the bytes and the reasons.
 */

#define SLOT_LABEL_MAX      64
#define SLOT_CREDENTIAL_MAX 1023 /* as much as a CTAP message of 1024 bytes could hold */
#define SLOT_SEALED_BYTES   144  /* struct vault_secret and a hash, in a crypto_box_seal */

/* What opens a vault. Lives in the arena only. */
struct vault_secret {
    uint8_t private_key[VAULT_KEY_BYTES];
    uint8_t anchor[VAULT_KEY_BYTES]; /* proves to a slot that the vault key comes from one who had
                                        opened the vault */
};

struct slot_fido2 {
    uint8_t credential[SLOT_CREDENTIAL_MAX];
    size_t credential_len;
    uint8_t public_key[64]; /* P-256, x then y, big-endian: verifies assertions */
    uint8_t salt[32];       /* of hmac-secret, random, made before the enrolment */
    uint32_t flags;         /* enum fido_flag, as enrolled; FIDO_UP is always set */
    uint8_t aaguid[16];
};

struct slot_passphrase {
    uint8_t salt[16];
    uint64_t opslimit, memlimit;     /* of Argon2id */
    uint8_t totp[RECORD_SEALED_MAX]; /* a RECORD_SLOT_SEED, sealed: its code is asked for at each
                                        unlock */
    size_t totp_len;                 /* 0: none */
};

struct slot {
    uint32_t id;   /* 1, 2, …, never reused */
    uint32_t kind; /* enum factor_kind */
    uint64_t created;
    char label[SLOT_LABEL_MAX + 1];
    union {
        struct slot_fido2 fido2;
        struct slot_passphrase passphrase; /* FACTOR_RECOVERY has no facts of its own */
    };
    uint8_t public_key[VAULT_KEY_BYTES];
    uint8_t tag[VAULT_KEY_BYTES]; /* MAC of the anchor under the slot's secret */
    uint8_t sealed[SLOT_SEALED_BYTES];
};

/* Append the slot. 0 or a negative errno. */
int slot_put(struct buf *out, const struct slot *slot);

/* Read what slot_put() wrote; what is wrong with it shows in reader->bad and in slot_valid(). */
void slot_get(struct reader *reader, struct slot *slot);

/* Whether every fact is one that this version allows. */
bool slot_valid(const struct slot *slot);

/*
 * Bind the slot, its facts filled in, to the vault: derive its key pair from the factor's secret
 * (32 bytes), tag the anchor and seal the vault's secret. 0 or -1.
 */
int slot_enrol(struct slot *slot, const uint8_t vault_id[VAULT_ID_BYTES], const uint8_t *secret,
               const struct vault_secret *inside, struct error *error);

/* Seal the vault's secret anew, to the public key that the slot has. 0 or -1. */
int slot_seal(struct slot *slot, const uint8_t vault_id[VAULT_ID_BYTES],
              const struct vault_secret *inside, struct error *error);

/*
 * Open the slot with the factor's secret (32 bytes) into *inside, which is in the arena. 0 or -1:
 * EXIT_PERSON where the secret is not this slot's, EXIT_VAULT where the slot was tampered with.
 */
int slot_open(const struct slot *slot, const uint8_t vault_id[VAULT_ID_BYTES],
              const uint8_t *secret, struct vault_secret *inside, struct error *error);

/*
 * The secret (32 bytes, in the arena) of a passphrase slot: Argon2id with the parameters of the
 * slot. Takes as long and as much memory as they say. 0 or -1.
 */
int slot_stretch(const struct slot *slot, const char *passphrase, size_t len, uint8_t *secret,
                 struct error *error);

#endif
