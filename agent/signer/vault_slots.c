// SPDX-License-Identifier: BSD-2-Clause
// The vault's slots: added, removed with a new vault key, and the TOTP seeds inside of them.
#include <sodium.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "vault.h"
#include "vault_ids.h"
#include "vault_keys.h"

int vault_add_slot(struct vault *vault, const struct slot *facts, const uint8_t *secret,
                   uint32_t *id, struct error *error)
{
    const struct vault_keys *keys = vault_keys_of(vault);
    struct slot slot = *facts;

    if (vault->slot_count == VAULT_SLOTS_MAX)
        return error_set(error, EXIT_FAILED, "the vault has %d factors, and no room for another",
                         VAULT_SLOTS_MAX);
    slot.id = vault_take_id(&vault->next_slot);
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
    const struct vault_keys *keys = vault_keys_of(vault);
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
    const struct vault_keys *keys = vault_keys_of(vault);
    struct record record = slot_seed(slot);

    return record_open(&record, vault->id, vault->public_key, keys->secret.private_key, seed,
                       error);
}

static int reseal_record(struct record *record, const struct vault *vault,
                         const uint8_t *new_public_key, struct error *error)
{
    struct record_secret *secret;

    if (record_open(record, vault->id, vault->public_key, vault_keys_of(vault)->secret.private_key,
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
    const struct vault_keys *keys = vault_keys_of(vault);
    struct vault_keys *fresh = arena_alloc(sizeof(*fresh));
    uint8_t public_key[VAULT_KEY_BYTES];

    if (!fresh) {
        vault_lock(vault);
        return error_set(error, EXIT_FAILED, "no memory to make a new vault key");
    }
    crypto_box_keypair(public_key, fresh->secret.private_key);
    memcpy(fresh->secret.anchor, keys->secret.anchor, sizeof(fresh->secret.anchor));
    if (reseal(vault, fresh, public_key, error) < 0) {
        vault_lock(vault);
        arena_free(fresh);
        return -1;
    }
    vault_narrow(vault);
    vault_keys_derive(fresh, vault->record_key, vault->id);
    memcpy(vault->public_key, public_key, sizeof(public_key));
    vault->unlocked = fresh;
    return 0;
}

int vault_remove_slot(struct vault *vault, uint32_t id, struct error *error)
{
    struct slot *slot = vault_slot(vault, id, error);

    vault_keys_of(vault);
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
