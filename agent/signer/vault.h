// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_VAULT_H
#define AWSTAP_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "key.h"
#include "record.h"
#include "slot.h"

/*
 * The vault in memory. What is in struct vault is public and in the heap; read it freely, change it
 * by the functions below. It is to be believed only once vault_unlock() has checked the MACs.
 * Secrets are in the arena. Functions that can fail return 0, or -1 with the reason in *error.
 */

#define VAULT_MAX       ((size_t)128 * 1024) /* bytes of the file */
#define VAULT_SLOTS_MAX 16
#define VAULT_KEYS_MAX  64
#define VAULT_RECORDS_MAX                                                                          \
    (4 * VAULT_KEYS_MAX) /* two of each type per key: one in use, one being rotated */
#define VAULT_JOURNAL_MAX 8192

struct vault_keys; /* of an unlocked vault, in the arena */

struct vault {
    char *path, *state; /* the file; the state folder */
    uint8_t id[VAULT_ID_BYTES];
    uint64_t generation; /* counts the writes; 0: never written */
    uint8_t machine[16]; /* the machine that may rotate keys */
    uint8_t public_key[VAULT_KEY_BYTES];
    uint32_t next_slot, next_key, next_record; /* the next id of each */
    size_t slot_count, key_count, record_count, journal_len;
    struct slot slots[VAULT_SLOTS_MAX];
    struct key keys[VAULT_KEYS_MAX];
    struct record records[VAULT_RECORDS_MAX]; /* of one key and type, the newest first */
    uint8_t journal[VAULT_JOURNAL_MAX];       /* see journal.h; opaque here */
    uint8_t head_mac[VAULT_KEY_BYTES], record_mac[VAULT_KEY_BYTES];
    uint8_t hash[VAULT_KEY_BYTES];      /* the checksum of the file as read or written */
    uint8_t *record_key;                /* K_rec, in the arena; NULL: locked */
    uint8_t head_hash[VAULT_KEY_BYTES]; /* of prefix and head as they were believed last */
    struct vault_keys *unlocked;        /* NULL: locked, or narrowed to K_rec */
    bool apart; /* see vault_move.h: the state folder is not told that it was unlocked */
};

/*
 * Read the vault at path, and compare it with what the state folder remembers. Owned by the caller
 * (vault_free()). 0; 1: there is no such file, error says so for the person (EXIT_FAILED); -1:
 * EXIT_VAULT where it is damaged, refused, rolled back or forked.
 */
int vault_read(const char *path, const char *state, struct vault **vault, struct error *error);

/*
 * A new, unlocked vault with nothing in it, not yet on the disk; it needs a slot before
 * vault_write(). EXIT_FAILED where the file exists. Owned by the caller.
 */
int vault_create(const char *path, const char *state, struct vault **vault, struct error *error);

/* Lock and release. NULL is allowed. */
void vault_free(struct vault *vault);

/*
 * Open the vault by a slot's secret of 32 bytes (still the caller's), check both MACs, and let the
 * state folder catch up with a newer generation. EXIT_PERSON: not this slot's secret; EXIT_VAULT: a
 * forgery; EXIT_FAILED: no such slot.
 */
int vault_unlock(struct vault *vault, uint32_t slot_id, const uint8_t *secret, struct error *error);

/* Wipe all that vault_unlock() brought. Harmless on a locked vault. */
void vault_lock(struct vault *vault);

/*
 * Wipe all that vault_unlock() brought but K_rec. The vault is *narrowed* then: records and journal
 * can be changed and written, and nothing be opened. Harmless on one that is narrowed.
 */
void vault_narrow(struct vault *vault);

/*
 * Believe a vault that was just read by what the agent kept of an unlock: K_rec, and the hash of
 * the head that was believed then. It is narrowed then. EXIT_VAULT: a forgery; EXIT_FAILED: the
 * head has changed since.
 */
int vault_admit(struct vault *vault, const uint8_t record_key[VAULT_KEY_BYTES],
                const uint8_t head[VAULT_KEY_BYTES], struct error *error);

/* What the agent is to keep of an unlocked or narrowed vault: K_rec, and the hash of prefix and
 * head. */
void vault_kept(const struct vault *vault, uint8_t record_key[VAULT_KEY_BYTES],
                uint8_t head[VAULT_KEY_BYTES]);

/*
 * Read a narrowed vault anew, in place: believed if it has our public key and its records are under
 * our K_rec; a head that was changed meanwhile is, if K_head made another MAC for it. 0, or -1 with
 * error: then *vault is as it was.
 */
int vault_renew(struct vault *vault, struct error *error);

/*
 * Change records and journal of a narrowed vault, and write it. apply() may be called again: where
 * another awstap wrote meanwhile, the file is read anew by vault_renew(). What it changes is found
 * by id, as no pointer into the vault outlives the call. 0, also where the write is not noted in
 * the state folder, or -1 with error; then *vault is as the file is, if that could be read.
 */
int vault_change(struct vault *vault,
                 int (*apply)(struct vault *vault, void *context, struct error *error),
                 void *context, struct error *error);

/* Whether this machine may rotate the keys in it; error says what to do where not (EXIT_FAILED). */
bool vault_is_here(const struct vault *vault, struct error *error);

/* Whether it is known to have come from another machine. */
bool vault_is_elsewhere(const struct vault *vault);

/*
 * Write the vault, unlocked or narrowed, as the next generation, under vault.lock. Narrowed, its
 * head must be as it was believed, else the process ends: a fault of ours. EXIT_FAILED where
 * another process wrote since it was read (nothing is changed; read it again). 0; 1: it is written,
 * but the state folder does not know, or a power cut may undo it, and error says so; -1: the file
 * is the old one, or one that reads back otherwise than it was written, and the vault in memory is
 * good for vault_free() only.
 */
int vault_write(struct vault *vault, struct error *error);

/* A slot by its id, a key by its name; NULL and EXIT_FAILED where there is none. */
struct slot *vault_slot(struct vault *vault, uint32_t id, struct error *error);
struct key *vault_key(struct vault *vault, const char *name, struct error *error);

/* NULL where there is none (any more). */
struct key *vault_key_by_id(struct vault *vault, uint32_t id);

/* The record of this access key or seed of the key; NULL where there is none. */
const struct record *vault_record_of(const struct vault *vault, const struct key *key,
                                     enum record_type type, const char *subject);

/* Another key of the vault that goes by this access key or MFA device too; NULL: none does. */
const struct key *vault_other_key(const struct vault *vault, const struct key *key,
                                  const char *subject);

/* The records of a key and type, newest first: nth is 0 for the one in use, 1 for the one that is
 * being rotated out; NULL where there is none. */
const struct record *vault_record(const struct vault *vault, const struct key *key,
                                  enum record_type type, unsigned nth);

/* Put in another record of the key, which is in use from now on; take one out. Narrowed is enough.
 * EXIT_FAILED: there are two of this type already, or this one; there is none with this subject. */
int vault_put_record(struct vault *vault, const struct key *key, enum record_type type,
                     const char *subject, const void *secret, size_t len, struct error *error);
int vault_drop_record(struct vault *vault, const struct key *key, enum record_type type,
                      const char *subject, struct error *error);

/* Open a record of the vault, which must be unlocked; in the arena, the caller's to arena_free().
 */
int vault_open_record(const struct vault *vault, const struct record *record,
                      struct record_secret **secret, struct error *error);

/* The access key id in use for the key ("" where it has none); whether it has a TOTP seed for its
 * MFA serial. */
const char *vault_access_key_id(const struct vault *vault, const struct key *key);
bool vault_has_seed(const struct vault *vault, const struct key *key);

/*
 * From here on the vault must be unlocked (else the process ends: a fault of ours), and what is
 * changed reaches the disk by vault_write().
 */

/*
 * Add a slot: label, kind and the facts of its kind are the caller's, the rest is filled in; secret
 * is the factor's, 32 bytes. *id (or NULL) gets its number.
 */
int vault_add_slot(struct vault *vault, const struct slot *facts, const uint8_t *secret,
                   uint32_t *id, struct error *error);

/*
 * The TOTP seed whose code is asked for with the passphrase of this slot: seal it in (1 to
 * RECORD_SECRET_MAX bytes), open it (in the arena, the caller's to arena_free()).
 */
int vault_set_slot_seed(struct vault *vault, uint32_t id, const void *seed, size_t seed_len,
                        struct error *error);
int vault_open_slot_seed(const struct vault *vault, const struct slot *slot,
                         struct record_secret **seed, struct error *error);

/*
 * Remove a slot: a new vault key, sealed to the slots that stay, and all records sealed anew, so
 * that the removed factor opens no later copy. The last one can't be removed (EXIT_FAILED).
 */
int vault_remove_slot(struct vault *vault, uint32_t id, struct error *error);

/*
 * Add a key (id and created are filled in) with its access key. A name or access key id that is
 * there already is EXIT_FAILED.
 */
int vault_add_key(struct vault *vault, const struct key *facts, const char *access_key_id,
                  const char *secret_access_key, struct error *error);

/* Remove a key, its records, and what the journal says of it. */
int vault_remove_key(struct vault *vault, const char *name, struct error *error);

/* Give the key an MFA device: its serial, and its TOTP seed (raw, 1 to RECORD_SECRET_MAX bytes) in
 * place of any other. */
int vault_set_mfa(struct vault *vault, struct key *key, const char *serial, const void *seed,
                  size_t seed_len, struct error *error);

/* Give the key another policy. EXIT_USAGE where it is not one that key_valid() allows. */
int vault_set_policy(struct vault *vault, struct key *key, const struct key_policy *policy,
                     struct error *error);

/*
 * The secret access key, or the TOTP seed, of the key; in the arena, the caller's to arena_free().
 * EXIT_FAILED where it has none.
 */
int vault_open_access_key(const struct vault *vault, const struct key *key,
                          struct record_secret **secret, struct error *error);
int vault_open_seed(const struct vault *vault, const struct key *key, struct record_secret **seed,
                    struct error *error);

/*
 * The key is about to lose the seed of this MFA device, if it has it: each other key that goes by
 * the device, and has no seed of it, gets one. The vault is unlocked, and to be written where this
 * is 1; 0: nobody needs it; -1 with error.
 */
int vault_share_seed(struct vault *vault, const struct key *key, const char *serial,
                     struct error *error);

#endif
