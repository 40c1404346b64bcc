// SPDX-License-Identifier: BSD-2-Clause
// What the vault keeps: keys, and the records that their secrets are sealed in.
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "journal.h"
#include "vault.h"
#include "vault_ids.h"
#include "vault_keys.h"

/* The newest record of this type for the key; of this subject, where one is given. */
static const struct record *find_record(const struct vault *vault, uint32_t key_id, uint32_t type,
                                        const char *subject)
{
    for (size_t i = 0; i < vault->record_count; i++) {
        const struct record *record = &vault->records[i];
        if (record->key == key_id && record->type == type &&
            (!subject || strcmp(record->subject, subject) == 0))
            return record;
    }
    return NULL;
}

static bool goes_by(const struct vault *vault, const struct key *key, const char *subject)
{
    return strcmp(key->mfa_serial, subject) == 0 ||
           vault_record_of(vault, key, RECORD_ACCESS_KEY, subject) ||
           vault_record_of(vault, key, RECORD_TOTP_SEED, subject);
}

const struct key *vault_other_key(const struct vault *vault, const struct key *key,
                                  const char *subject)
{
    for (size_t i = 0; i < vault->key_count; i++)
        if (vault->keys[i].id != key->id && goes_by(vault, &vault->keys[i], subject))
            return &vault->keys[i];
    return NULL;
}

const struct record *vault_record_of(const struct vault *vault, const struct key *key,
                                     enum record_type type, const char *subject)
{
    return find_record(vault, key->id, type, subject);
}

const struct record *vault_record(const struct vault *vault, const struct key *key,
                                  enum record_type type, unsigned nth)
{
    for (size_t i = 0; i < vault->record_count; i++) {
        const struct record *record = &vault->records[i];
        if (record->key == key->id && record->type == (uint32_t)type && nth-- == 0)
            return record;
    }
    return NULL;
}

const char *vault_access_key_id(const struct vault *vault, const struct key *key)
{
    const struct record *record = find_record(vault, key->id, RECORD_ACCESS_KEY, NULL);

    return record ? record->subject : "";
}

bool vault_has_seed(const struct vault *vault, const struct key *key)
{
    return find_record(vault, key->id, RECORD_TOTP_SEED, key->mfa_serial) != NULL;
}

/* Seal a secret of the key into a record that is not yet in the vault. */
static int make_record(struct vault *vault, struct record *record, uint32_t key_id, uint32_t type,
                       const char *subject, const void *secret, size_t len, struct error *error)
{
    *record = (struct record){.key = key_id, .type = type, .created = clock_now_ms() / 1000};
    record->id = vault_take_id(&vault->next_record);
    size_t subject_len = strlen(subject);
    if (subject_len < sizeof(record->subject))
        memcpy(record->subject, subject, subject_len + 1);
    if (record_seal(record, vault->id, vault->public_key, secret, len, error) < 0)
        return -1;
    if (!record_valid(record))
        return error_set(error, EXIT_USAGE, "%s can't be kept: it is not allowed",
                         type == RECORD_ACCESS_KEY ? "this access key id" : "this MFA serial");
    return 0;
}

/* Put the record in front, as the newest. There is room: a vault has at most two of each type per
 * key. */
static void insert_record(struct vault *vault, const struct record *record)
{
    if (vault->record_count == VAULT_RECORDS_MAX)
        abort();
    memmove(&vault->records[1], &vault->records[0], vault->record_count * sizeof(*record));
    vault->records[0] = *record;
    vault->record_count++;
}

/* Remove the key's records of this type; of every type, for 0. */
static void drop_records(struct vault *vault, uint32_t key_id, uint32_t type)
{
    size_t kept = 0;

    for (size_t i = 0; i < vault->record_count; i++) {
        const struct record *record = &vault->records[i];
        if (record->key != key_id || (type != 0 && record->type != type))
            vault->records[kept++] = *record;
    }
    vault->record_count = kept;
}

/* One that is narrowed, or unlocked. */
static void need_record_key(const struct vault *vault)
{
    if (!vault->record_key)
        abort();
}

int vault_put_record(struct vault *vault, const struct key *key, enum record_type type,
                     const char *subject, const void *secret, size_t len, struct error *error)
{
    struct record record;

    need_record_key(vault);
    if (vault_record(vault, key, type, 1))
        return error_set(error, EXIT_FAILED,
                         "the key %s has two %s already, and no room for another", key->name,
                         type == RECORD_ACCESS_KEY ? "access keys" : "TOTP seeds");
    if (find_record(vault, key->id, type, subject))
        return error_set(error, EXIT_FAILED, "%s is in the vault already, as %s", subject,
                         key->name);
    if (make_record(vault, &record, key->id, type, subject, secret, len, error) < 0)
        return -1;
    insert_record(vault, &record);
    return 0;
}

int vault_drop_record(struct vault *vault, const struct key *key, enum record_type type,
                      const char *subject, struct error *error)
{
    const struct record *record = find_record(vault, key->id, type, subject);

    need_record_key(vault);
    if (!record)
        return error_set(error, EXIT_FAILED, "%s is not in the vault, as %s", subject, key->name);
    size_t at = (size_t)(record - vault->records);
    memmove(&vault->records[at], &vault->records[at + 1],
            (vault->record_count - at - 1) * sizeof(*record));
    vault->record_count--;
    return 0;
}

int vault_open_record(const struct vault *vault, const struct record *record,
                      struct record_secret **secret, struct error *error)
{
    return record_open(record, vault->id, vault->public_key,
                       vault_keys_of(vault)->secret.private_key, secret, error);
}

/* A new key must have a name and an access key id of its own. */
static int check_new(const struct vault *vault, const char *name, const char *access_key_id,
                     struct error *error)
{
    for (size_t i = 0; i < vault->key_count; i++) {
        const struct key *key = &vault->keys[i];
        if (strcmp(key->name, name) == 0)
            return error_set(error, EXIT_FAILED,
                             "there is a key %s already; choose another name, or remove it first",
                             name);
        if (find_record(vault, key->id, RECORD_ACCESS_KEY, access_key_id))
            return error_set(error, EXIT_FAILED, "the access key %s is in the vault already, as %s",
                             access_key_id, key->name);
    }
    if (vault->key_count == VAULT_KEYS_MAX)
        return error_set(error, EXIT_FAILED, "the vault has %d keys, and no room for another",
                         VAULT_KEYS_MAX);
    return 0;
}

int vault_add_key(struct vault *vault, const struct key *facts, const char *access_key_id,
                  const char *secret_access_key, struct error *error)
{
    struct key key = *facts;
    struct record record;

    vault_keys_of(vault);
    if (check_new(vault, key.name, access_key_id, error) < 0)
        return -1;
    key.id = vault_take_id(&vault->next_key);
    key.created = clock_now_ms() / 1000;
    if (!key_valid(&key))
        return error_set(error, EXIT_USAGE,
                         "the key %s can't be kept: its name or one of its "
                         "options is not allowed",
                         key.name);
    if (make_record(vault, &record, key.id, RECORD_ACCESS_KEY, access_key_id, secret_access_key,
                    strlen(secret_access_key), error) < 0)
        return -1;
    insert_record(vault, &record);
    vault->keys[vault->key_count++] = key;
    return 0;
}

int vault_remove_key(struct vault *vault, const char *name, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    struct key *key = vault_key(vault, name, error);

    vault_keys_of(vault);
    if (!key || journal_read(vault, &journal, error) < 0)
        return -1;
    journal_forget(&journal, key->id);
    if (journal_put(vault, &journal, error) < 0)
        return -1;
    drop_records(vault, key->id, 0);
    size_t behind = vault->key_count - (size_t)(key - vault->keys) - 1;
    memmove(key, key + 1, behind * sizeof(*key));
    vault->key_count--;
    return 0;
}

int vault_set_mfa(struct vault *vault, struct key *key, const char *serial, const void *seed,
                  size_t seed_len, struct error *error)
{
    struct record record;

    vault_keys_of(vault);
    if (make_record(vault, &record, key->id, RECORD_TOTP_SEED, serial, seed, seed_len, error) < 0)
        return -1;
    drop_records(vault, key->id, RECORD_TOTP_SEED);
    insert_record(vault, &record);
    memcpy(key->mfa_serial, record.subject, sizeof(key->mfa_serial));
    return 0;
}

int vault_set_policy(struct vault *vault, struct key *key, const struct key_policy *policy,
                     struct error *error)
{
    const struct key_policy before = key->policy;

    vault_keys_of(vault);
    key->policy = *policy;
    if (key_valid(key))
        return 0;
    key->policy = before;
    return error_set(error, EXIT_USAGE, "the policy of %s can't be kept: it is not allowed",
                     key->name);
}

int vault_open_access_key(const struct vault *vault, const struct key *key,
                          struct record_secret **secret, struct error *error)
{
    const struct record *record = find_record(vault, key->id, RECORD_ACCESS_KEY, NULL);

    if (!record)
        return error_set(error, EXIT_FAILED, "the key %s has no access key", key->name);
    return vault_open_record(vault, record, secret, error);
}

int vault_open_seed(const struct vault *vault, const struct key *key, struct record_secret **seed,
                    struct error *error)
{
    const struct record *record = find_record(vault, key->id, RECORD_TOTP_SEED, key->mfa_serial);

    if (!record)
        return error_set(
            error, EXIT_FAILED,
            "the key %s has no TOTP seed; awstap mfa add %s makes a device, mfa import "
            "seals the seed of one that it has",
            key->name, key->name);
    return vault_open_record(vault, record, seed, error);
}

/* Another key that goes by the device, and whose codes come from this key's seed alone, or NULL. */
static const struct key *heir(const struct vault *vault, const struct key *key, const char *serial)
{
    for (size_t i = 0; i < vault->key_count; i++) {
        const struct key *other = &vault->keys[i];

        if (other->id != key->id && strcmp(other->mfa_serial, serial) == 0 &&
            !vault_has_seed(vault, other))
            return other;
    }
    return NULL;
}

int vault_share_seed(struct vault *vault, const struct key *key, const char *serial,
                     struct error *error)
{
    const struct record *record = find_record(vault, key->id, RECORD_TOTP_SEED, serial);
    struct record_secret *seed;
    const struct key *other;
    int r = 0;

    if (!record || !heir(vault, key, serial))
        return 0;
    if (vault_open_record(vault, record, &seed, error) < 0)
        return -1;
    while (r == 0 && (other = heir(vault, key, serial)))
        r = vault_put_record(vault, other, RECORD_TOTP_SEED, serial, seed->data, seed->len, error);
    arena_free(seed);
    return r < 0 ? -1 : 1;
}
