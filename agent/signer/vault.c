// SPDX-License-Identifier: BSD-2-Clause
// The vault in memory: what makes it believed, unlocked by a factor or narrowed to K_rec.
#include "vault.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "state.h"
#include "vault_keys.h"

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

struct key *vault_key_by_id(struct vault *vault, uint32_t id)
{
    for (size_t i = 0; i < vault->key_count; i++) {
        if (vault->keys[i].id == id)
            return &vault->keys[i];
    }
    return NULL;
}

/* 1: this machine is the vault's; 0: it came from another one; -1 with error. */
static int compare_machine(const struct vault *vault, struct error *error)
{
    uint8_t machine[STATE_MACHINE_BYTES];

    if (state_machine(vault->state, machine, error) < 0)
        return -1;
    return memcmp(machine, vault->machine, sizeof(machine)) == 0;
}

bool vault_is_elsewhere(const struct vault *vault)
{
    struct error unsaid;

    return compare_machine(vault, &unsaid) == 0;
}

bool vault_is_here(const struct vault *vault, struct error *error)
{
    int here = compare_machine(vault, error);

    if (here)
        return here > 0;
    error_set(error, EXIT_FAILED,
              "the vault %s came from another machine, which may change its keys at AWS; if this "
              "machine is to do that from now on: awstap vault adopt",
              vault->path);
    return false;
}

static int refuse(const struct vault *vault, struct error *error)
{
    return error_set(error, EXIT_VAULT,
                     "the vault %s is refused: something else than awstap changed it; put a good "
                     "copy in its place",
                     vault->path);
}

/* Whether the MACs fit these bytes of the vault: the record MAC, and with keys (else NULL) that of
 * the head. */
static bool macs_fit(const struct vault *vault, const struct vault_keys *keys,
                     const uint8_t *record_key, const struct buf *bytes,
                     const struct vault_sections *sections)
{
    uint8_t head[VAULT_KEY_BYTES], record[VAULT_KEY_BYTES];

    vault_keys_record_mac(record_key, buf_data(bytes), sections, vault->head_mac, record);
    if (keys)
        vault_keys_head_mac(keys, buf_data(bytes), sections, head);
    return sodium_memcmp(record, vault->record_mac, sizeof(record)) == 0 &&
           (!keys || sodium_memcmp(head, vault->head_mac, sizeof(head)) == 0);
}

/* Whether the MACs are of this vault, of whose head head_hash becomes the hash. believed (or NULL)
 * is what that must be, and is looked at first: K_rec goes with the head where a factor was
 * removed, which is no forgery. */
static int check_macs(const struct vault *vault, const struct vault_keys *keys,
                      const uint8_t *record_key, const uint8_t *believed,
                      uint8_t head_hash[VAULT_KEY_BYTES], struct error *error)
{
    struct vault_sections sections;
    struct buf bytes;
    int result = 0;

    buf_init(&bytes);
    if (vault_encode(vault, &bytes, &sections) < 0) {
        buf_free(&bytes);
        return error_set(error, EXIT_FAILED, "no memory to check the vault");
    }
    vault_keys_head_hash(buf_data(&bytes), &sections, head_hash);
    if (believed && sodium_memcmp(head_hash, believed, VAULT_KEY_BYTES) != 0)
        result =
            error_set(error, EXIT_FAILED,
                      "the vault %s has been changed since a factor opened it last", vault->path);
    else if (!macs_fit(vault, keys, record_key, &bytes, &sections))
        result = refuse(vault, error);
    buf_free(&bytes);
    return result;
}

/* Whether the private key that the slot gave is that of this vault. */
static int check_pair(const struct vault *vault, const struct vault_keys *keys, struct error *error)
{
    uint8_t public_key[VAULT_KEY_BYTES];

    if (crypto_scalarmult_base(public_key, keys->secret.private_key) < 0 ||
        sodium_memcmp(public_key, vault->public_key, sizeof(public_key)) != 0)
        return error_set(error, EXIT_VAULT,
                         "the vault %s is refused: its public key is a stranger's", vault->path);
    return 0;
}

static int remember(const struct vault *vault, struct error *error)
{
    struct state_memory memory = {.generation = vault->generation};

    if (vault->apart)
        return 0;
    memcpy(memory.hash, vault->hash, sizeof(memory.hash));
    return state_remember(vault->state, vault->id, &memory, error);
}

int vault_unlock(struct vault *vault, uint32_t slot_id, const uint8_t *secret, struct error *error)
{
    const struct slot *slot = vault_slot(vault, slot_id, error);
    uint8_t head_hash[VAULT_KEY_BYTES], *record_key;
    struct vault_keys *keys;

    if (!slot)
        return -1;
    keys = arena_alloc(sizeof(*keys));
    record_key = arena_alloc(VAULT_KEY_BYTES);
    if (!keys || !record_key) {
        error_set(error, EXIT_FAILED, "no memory to open the vault");
        goto fail;
    }
    if (slot_open(slot, vault->id, secret, &keys->secret, error) < 0)
        goto fail;
    vault_keys_derive(keys, record_key, vault->id);
    if (check_pair(vault, keys, error) < 0 ||
        check_macs(vault, keys, record_key, NULL, head_hash, error) < 0 ||
        remember(vault, error) < 0)
        goto fail;
    vault_lock(vault);
    vault->unlocked = keys;
    vault->record_key = record_key;
    memcpy(vault->head_hash, head_hash, sizeof(head_hash));
    return 0;
fail:
    arena_free(record_key);
    arena_free(keys);
    return -1;
}

void vault_narrow(struct vault *vault)
{
    arena_free(vault->unlocked);
    vault->unlocked = NULL;
}

void vault_lock(struct vault *vault)
{
    vault_narrow(vault);
    arena_free(vault->record_key);
    vault->record_key = NULL;
}

int vault_admit(struct vault *vault, const uint8_t record_key[VAULT_KEY_BYTES],
                const uint8_t head[VAULT_KEY_BYTES], struct error *error)
{
    uint8_t head_hash[VAULT_KEY_BYTES], *kept;

    if (check_macs(vault, NULL, record_key, head, head_hash, error) < 0)
        return -1;
    kept = arena_alloc(VAULT_KEY_BYTES);
    if (!kept)
        return error_set(error, EXIT_FAILED, "no memory to open the vault");
    memcpy(kept, record_key, VAULT_KEY_BYTES);
    vault_lock(vault);
    vault->record_key = kept;
    memcpy(vault->head_hash, head_hash, sizeof(head_hash));
    return 0;
}

void vault_kept(const struct vault *vault, uint8_t record_key[VAULT_KEY_BYTES],
                uint8_t head[VAULT_KEY_BYTES])
{
    if (!vault->record_key)
        abort();
    memcpy(record_key, vault->record_key, VAULT_KEY_BYTES);
    memcpy(head, vault->head_hash, VAULT_KEY_BYTES);
}

/* The records of fresh are under our K_rec, in a vault with our key; its head is another one only
 * where K_head made another MAC for it. */
static int check_successor(const struct vault *vault, const struct vault *fresh,
                           uint8_t head_hash[VAULT_KEY_BYTES], struct error *error)
{
    if (memcmp(fresh->id, vault->id, sizeof(fresh->id)) != 0 ||
        memcmp(fresh->public_key, vault->public_key, sizeof(fresh->public_key)) != 0)
        return error_set(error, EXIT_FAILED,
                         "the vault %s has another key by now, since a factor was removed; run it "
                         "again",
                         vault->path);
    if (check_macs(fresh, NULL, vault->record_key, NULL, head_hash, error) < 0)
        return -1;
    if (memcmp(fresh->head_mac, vault->head_mac, sizeof(fresh->head_mac)) == 0 &&
        memcmp(head_hash, vault->head_hash, VAULT_KEY_BYTES) != 0)
        return refuse(fresh, error);
    return 0;
}

int vault_renew(struct vault *vault, struct error *error)
{
    uint8_t head_hash[VAULT_KEY_BYTES];
    struct vault *fresh = NULL;

    if (vault->unlocked || !vault->record_key)
        abort();
    if (vault_read(vault->path, vault->state, &fresh, error) != 0)
        return -1;
    if (check_successor(vault, fresh, head_hash, error) < 0) {
        vault_free(fresh);
        return -1;
    }
    memcpy(fresh->head_hash, head_hash, sizeof(head_hash));
    fresh->record_key = vault->record_key;
    free(vault->path);
    free(vault->state);
    *vault = *fresh;
    free(fresh);
    return 0;
}
