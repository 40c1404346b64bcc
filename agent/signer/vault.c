// SPDX-License-Identifier: BSD-2-Clause
// The vault in memory: unlocked by a factor, changed only while unlocked.
#include "vault.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "state.h"
#include "vault_keys.h"

static const struct vault_keys *keys_of(const struct vault *vault)
{
    if (!vault->unlocked)
        abort();
    return vault->unlocked;
}

struct slot *vault_slot(struct vault *vault, uint32_t id, struct error *error)
{
    for (size_t i = 0; i < vault->slot_count; i++) {
        if (vault->slots[i].id == id)
            return &vault->slots[i];
    }
    error_set(error, EXIT_FAILED, "there is no factor %u; awstap factor list shows those there are",
              id);
    return NULL;
}

struct key *vault_key(struct vault *vault, const char *name, struct error *error)
{
    for (size_t i = 0; i < vault->key_count; i++) {
        if (strcmp(vault->keys[i].name, name) == 0)
            return &vault->keys[i];
    }
    error_set(error, EXIT_FAILED, "there is no key %s; awstap key list shows those there are",
              name);
    return NULL;
}

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

const char *vault_access_key_id(const struct vault *vault, const struct key *key)
{
    const struct record *record = find_record(vault, key->id, RECORD_ACCESS_KEY, NULL);

    return record ? record->subject : "";
}

bool vault_has_seed(const struct vault *vault, const struct key *key)
{
    return find_record(vault, key->id, RECORD_TOTP_SEED, key->mfa_serial) != NULL;
}

/* Whether the secret that the slot gave is this vault's, and both MACs are of it. */
static int check_keys(const struct vault *vault, const struct vault_keys *keys, struct error *error)
{
    uint8_t public_key[VAULT_KEY_BYTES], head[VAULT_KEY_BYTES], record[VAULT_KEY_BYTES];
    struct vault_sections sections;
    struct buf bytes;
    int result = -1;

    buf_init(&bytes);
    if (crypto_scalarmult_base(public_key, keys->secret.private_key) < 0 ||
        sodium_memcmp(public_key, vault->public_key, sizeof(public_key)) != 0) {
        error_set(error, EXIT_VAULT, "the vault %s is refused: its public key is a stranger's",
                  vault->path);
        goto out;
    }
    if (vault_encode(vault, &bytes, &sections) < 0) {
        error_set(error, EXIT_FAILED, "no memory to check the vault");
        goto out;
    }
    vault_keys_head_mac(keys, buf_data(&bytes), &sections, head);
    vault_keys_record_mac(keys, buf_data(&bytes), &sections, vault->head_mac, record);
    if (sodium_memcmp(head, vault->head_mac, sizeof(head)) != 0 ||
        sodium_memcmp(record, vault->record_mac, sizeof(record)) != 0) {
        error_set(error, EXIT_VAULT,
                  "the vault %s is refused: something else than awstap changed it; put a good copy "
                  "in its place",
                  vault->path);
        goto out;
    }
    result = 0;
out:
    buf_free(&bytes);
    return result;
}

int vault_unlock(struct vault *vault, uint32_t slot_id, const uint8_t *secret, struct error *error)
{
    struct state_memory memory = {.generation = vault->generation};
    const struct slot *slot = vault_slot(vault, slot_id, error);
    struct vault_keys *keys;

    if (!slot)
        return -1;
    keys = arena_alloc(sizeof(*keys));
    if (!keys)
        return error_set(error, EXIT_FAILED, "no memory to open the vault");
    if (slot_open(slot, vault->id, secret, &keys->secret, error) < 0)
        goto fail;
    vault_keys_derive(keys, vault->id);
    if (check_keys(vault, keys, error) < 0)
        goto fail;
    memcpy(memory.hash, vault->hash, sizeof(memory.hash));
    if (state_remember(vault->state, vault->id, &memory, error) < 0)
        goto fail;
    vault_lock(vault);
    vault->unlocked = keys;
    return 0;
fail:
    arena_free(keys);
    return -1;
}

void vault_lock(struct vault *vault)
{
    arena_free(vault->unlocked);
    vault->unlocked = NULL;
}

/* The next id of a kind, which is then used up. 0 when all are. */
static uint32_t take_id(uint32_t *next)
{
    return *next == UINT32_MAX ? 0 : (*next)++;
}

int vault_add_slot(struct vault *vault, const struct slot *facts, const uint8_t *secret,
                   uint32_t *id, struct error *error)
{
    const struct vault_keys *keys = keys_of(vault);
    struct slot slot = *facts;

    if (vault->slot_count == VAULT_SLOTS_MAX)
        return error_set(error, EXIT_FAILED, "the vault has %d factors, and no room for another",
                         VAULT_SLOTS_MAX);
    slot.id = take_id(&vault->next_slot);
    slot.created = clock_now_ms() / 1000;
    if (!slot_valid(&slot))
        return error_set(error, EXIT_USAGE,
                         "this factor can't be kept: its label or what it says "
                         "of itself is not allowed");
    if (slot_enrol(&slot, vault->id, secret, &keys->secret, error) < 0)
        return -1;
    vault->slots[vault->slot_count++] = slot;
    if (id)
        *id = slot.id;
    return 0;
}

/* What a slot keeps of its seed is the sealed part of this record. */
static struct record slot_seed(const struct slot *slot)
{
    struct record seed = {.key = slot->id, .type = RECORD_SLOT_SEED};

    seed.sealed_len = slot->passphrase.totp_len;
    memcpy(seed.sealed, slot->passphrase.totp, seed.sealed_len);
    return seed;
}

static void keep_slot_seed(struct slot *slot, const struct record *seed)
{
    slot->passphrase.totp_len = seed->sealed_len;
    memcpy(slot->passphrase.totp, seed->sealed, seed->sealed_len);
}

/* The seed is one of the slot's facts, which are sealed in with the vault's secret. */
int vault_set_slot_seed(struct vault *vault, uint32_t id, const void *seed, size_t seed_len,
                        struct error *error)
{
    const struct vault_keys *keys = keys_of(vault);
    struct slot *slot = vault_slot(vault, id, error);
    struct record record = {.key = id, .type = RECORD_SLOT_SEED};

    if (!slot)
        return -1;
    if (slot->kind != FACTOR_PASSPHRASE)
        return error_set(error, EXIT_USAGE, "factor %u has no passphrase to go with a code", id);
    if (record_seal(&record, vault->id, vault->public_key, seed, seed_len, error) < 0)
        return -1;
    keep_slot_seed(slot, &record);
    return slot_seal(slot, vault->id, &keys->secret, error);
}

int vault_open_slot_seed(const struct vault *vault, const struct slot *slot,
                         struct record_secret **seed, struct error *error)
{
    const struct vault_keys *keys = keys_of(vault);
    struct record record = slot_seed(slot);

    return record_open(&record, vault->id, vault->public_key, keys->secret.private_key, seed,
                       error);
}

static int reseal_record(struct record *record, const struct vault *vault,
                         const uint8_t *new_public_key, struct error *error)
{
    struct record_secret *secret;

    if (record_open(record, vault->id, vault->public_key, keys_of(vault)->secret.private_key,
                    &secret, error) < 0)
        return -1;
    int result = record_seal(record, vault->id, new_public_key, secret->data, secret->len, error);
    arena_free(secret);
    return result;
}

/* The TOTP seed inside a passphrase's slot, where there is one. */
static int reseal_slot_seed(struct slot *slot, const struct vault *vault,
                            const uint8_t *new_public_key, struct error *error)
{
    struct record seed;

    if (slot->kind != FACTOR_PASSPHRASE || slot->passphrase.totp_len == 0)
        return 0;
    seed = slot_seed(slot);
    if (reseal_record(&seed, vault, new_public_key, error) < 0)
        return -1;
    keep_slot_seed(slot, &seed);
    return 0;
}

/* Seal all that the vault holds to a new key, and the new key to every slot. */
static int reseal(struct vault *vault, const struct vault_keys *fresh,
                  const uint8_t *new_public_key, struct error *error)
{
    for (size_t i = 0; i < vault->record_count; i++) {
        if (reseal_record(&vault->records[i], vault, new_public_key, error) < 0)
            return -1;
    }
    for (size_t i = 0; i < vault->slot_count; i++) {
        struct slot *slot = &vault->slots[i];
        if (reseal_slot_seed(slot, vault, new_public_key, error) < 0 ||
            slot_seal(slot, vault->id, &fresh->secret, error) < 0)
            return -1;
    }
    return 0;
}

/* A new vault key. Where it fails the vault is left locked, as it is half changed and must not be
 * written. */
static int rekey(struct vault *vault, struct error *error)
{
    const struct vault_keys *keys = keys_of(vault);
    struct vault_keys *fresh = arena_alloc(sizeof(*fresh));
    uint8_t public_key[VAULT_KEY_BYTES];

    if (!fresh) {
        vault_lock(vault);
        return error_set(error, EXIT_FAILED, "no memory to make a new vault key");
    }
    crypto_box_keypair(public_key, fresh->secret.private_key);
    memcpy(fresh->secret.anchor, keys->secret.anchor, sizeof(fresh->secret.anchor));
    vault_keys_derive(fresh, vault->id);
    int result = reseal(vault, fresh, public_key, error);
    vault_lock(vault);
    if (result < 0) {
        arena_free(fresh);
        return -1;
    }
    memcpy(vault->public_key, public_key, sizeof(public_key));
    vault->unlocked = fresh;
    return 0;
}

int vault_remove_slot(struct vault *vault, uint32_t id, struct error *error)
{
    struct slot *slot = vault_slot(vault, id, error);

    keys_of(vault);
    if (!slot)
        return -1;
    if (vault->slot_count == 1)
        return error_set(error, EXIT_FAILED,
                         "factor %u is the last one and stays: without it nothing opens the vault",
                         id);
    size_t behind = vault->slot_count - (size_t)(slot - vault->slots) - 1;
    memmove(slot, slot + 1, behind * sizeof(*slot));
    vault->slot_count--;
    return rekey(vault, error);
}

/* Seal a secret of the key into a record that is not yet in the vault. */
static int make_record(struct vault *vault, struct record *record, uint32_t key_id, uint32_t type,
                       const char *subject, const void *secret, size_t len, struct error *error)
{
    *record = (struct record){.key = key_id, .type = type, .created = clock_now_ms() / 1000};
    record->id = take_id(&vault->next_record);
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

    keys_of(vault);
    if (check_new(vault, key.name, access_key_id, error) < 0)
        return -1;
    key.id = take_id(&vault->next_key);
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
    struct key *key = vault_key(vault, name, error);

    keys_of(vault);
    if (!key)
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

    keys_of(vault);
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

    keys_of(vault);
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
    return record_open(record, vault->id, vault->public_key, keys_of(vault)->secret.private_key,
                       secret, error);
}

int vault_open_seed(const struct vault *vault, const struct key *key, struct record_secret **seed,
                    struct error *error)
{
    const struct record *record = find_record(vault, key->id, RECORD_TOTP_SEED, key->mfa_serial);

    if (!record)
        return error_set(error, EXIT_FAILED,
                         "the key %s has no TOTP seed; awstap mfa import %s brings one in",
                         key->name, key->name);
    return record_open(record, vault->id, vault->public_key, keys_of(vault)->secret.private_key,
                       seed, error);
}
