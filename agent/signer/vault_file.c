// SPDX-License-Identifier: BSD-2-Clause
// The vault on the disk: read against what the state folder remembers, written as a whole.
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"
#include "state.h"
#include "vault.h"
#include "vault_format.h"
#include "vault_keys.h"

#define LOCK_TIMEOUT_MS 5000

_Static_assert(sizeof(((struct vault *)0)->machine) == STATE_MACHINE_BYTES,
               "the vault names one machine");
_Static_assert(RECORD_SUBJECT_MAX == KEY_SERIAL_MAX, "an MFA serial is a record's subject");

void vault_free(struct vault *vault)
{
    if (!vault)
        return;
    vault_lock(vault);
    free(vault->path);
    free(vault->state);
    free(vault);
}

static struct vault *vault_new(const char *path, const char *state, struct error *error)
{
    struct vault *vault = calloc(1, sizeof(*vault));

    if (vault) {
        vault->path = strdup(path);
        vault->state = strdup(state);
    }
    if (!vault || !vault->path || !vault->state) {
        vault_free(vault);
        error_set(error, EXIT_FAILED, "no memory for the vault");
        return NULL;
    }
    return vault;
}

/* What was decoded must encode to the same bytes: the MACs are made of what is believed, not of
 * what was read. */
static int check_same(const struct vault *vault, const struct buf *file, struct error *error)
{
    uint8_t hash[VAULT_KEY_BYTES];
    struct vault_sections sections;
    struct buf again;
    int result = 0;

    buf_init(&again);
    if (vault_encode(vault, &again, &sections) < 0 || vault_encode_end(vault, &again, hash) < 0)
        result = error_set(error, EXIT_FAILED, "no memory to read the vault");
    else if (buf_len(&again) != buf_len(file) ||
             memcmp(buf_data(&again), buf_data(file), buf_len(file)) != 0)
        result =
            error_set(error, EXIT_VAULT, "refused: awstap would not have written it like this");
    buf_free(&again);
    return result;
}

/* Read and decode the file. 0, 1 where there is none, or -1. */
static int load(const char *path, const char *state, struct vault **out, struct error *error)
{
    struct vault *vault = vault_new(path, state, error);
    struct error reason;
    struct buf file;
    int result;

    if (!vault)
        return -1;
    buf_init(&file);
    result = file_read(path, VAULT_MAX, &file, error);
    if (result == 0 && (vault_decode(vault, buf_data(&file), buf_len(&file), &reason) < 0 ||
                        check_same(vault, &file, &reason) < 0))
        result = error_set(error, reason.status, "the vault %s is %s", path, reason.text);
    buf_free(&file);
    if (result != 0) {
        vault_free(vault);
        return result;
    }
    vault_free(*out);
    *out = vault;
    return 0;
}

static int check_memory(const struct vault *vault, const struct state_memory *memory,
                        struct error *error)
{
    if (memory->generation > vault->generation)
        return error_set(error, EXIT_VAULT,
                         "the vault %s is refused: it is an older one (write %" PRIu64
                         ", write %" PRIu64 " was seen here); put the newer one in its place, or "
                         "remove vault-* in %s to go on with this one",
                         vault->path, vault->generation, memory->generation, vault->state);
    if (memory->generation == vault->generation &&
        memcmp(memory->hash, vault->hash, sizeof(memory->hash)) != 0)
        return error_set(error, EXIT_VAULT,
                         "the vault %s is refused: another write %" PRIu64
                         " was seen here, so it was changed in two places; put the other one in "
                         "its place, or remove vault-* in %s to go on with this one",
                         vault->path, vault->generation, vault->state);
    return 0;
}

int vault_read(const char *path, const char *state, struct vault **out, struct error *error)
{
    struct state_memory memory;
    struct vault *vault = NULL;
    int result = load(path, state, &vault, error);

    if (result == 1)
        error_set(error, EXIT_FAILED,
                  "there is no vault at %s; `awstap factor add fido2` makes one", path);
    if (result != 0)
        return result;
    result = state_recall(state, vault->id, &memory, error);
    /* Another process may have written between our two reads: then the file is newer by now. */
    if (result == 0 && memory.generation > vault->generation)
        result = load(path, state, &vault, error);
    if (result == 1)
        result = error_set(error, EXIT_FAILED, "the vault %s is gone", path);
    if (result == 0)
        result = check_memory(vault, &memory, error);
    if (result < 0) {
        vault_free(vault);
        return -1;
    }
    *out = vault;
    return 0;
}

static int make_keys(struct vault *vault, struct error *error)
{
    vault->unlocked = arena_alloc(sizeof(*vault->unlocked));
    if (!vault->unlocked)
        return error_set(error, EXIT_FAILED, "no memory to make a vault");
    crypto_box_keypair(vault->public_key, vault->unlocked->secret.private_key);
    randombytes_buf(vault->unlocked->secret.anchor, sizeof(vault->unlocked->secret.anchor));
    vault_keys_derive(vault->unlocked, vault->id);
    return 0;
}

int vault_create(const char *path, const char *state, struct vault **out, struct error *error)
{
    struct vault *vault;

    if (access(path, F_OK) == 0)
        return error_set(error, EXIT_FAILED, "there is a vault at %s already", path);
    vault = vault_new(path, state, error);
    if (!vault)
        return -1;
    randombytes_buf(vault->id, sizeof(vault->id));
    vault->next_slot = vault->next_key = vault->next_record = 1;
    if (state_machine(state, vault->machine, error) < 0 || make_keys(vault, error) < 0) {
        vault_free(vault);
        return -1;
    }
    *out = vault;
    return 0;
}

/* Under the lock: the file is still the one that this vault was read from. */
static int check_unchanged(const struct vault *vault, struct error *error)
{
    uint8_t hash[VAULT_KEY_BYTES];
    struct buf file;

    buf_init(&file);
    int result = file_read(vault->path, VAULT_MAX, &file, error);
    if (result == 1)
        result = vault->generation == 0
                     ? 0
                     : error_set(error, EXIT_FAILED, "the vault %s is gone", vault->path);
    else if (result == 0 && vault->generation == 0)
        result = error_set(error, EXIT_FAILED, "there is a vault at %s already", vault->path);
    else if (result == 0 && !vault_checksum(buf_data(&file), buf_len(&file), hash))
        result = error_set(error, EXIT_VAULT,
                           "the vault %s is damaged; nothing was changed; put a good copy in its "
                           "place",
                           vault->path);
    else if (result == 0 && memcmp(hash, vault->hash, sizeof(hash)) != 0)
        result =
            error_set(error, EXIT_FAILED, "another awstap wrote the vault meanwhile; run it again");
    buf_free(&file);
    return result;
}

/* The bytes of the next generation. */
static int encode_next(struct vault *vault, struct buf *out, struct error *error)
{
    struct vault_sections sections;

    vault->generation++;
    if (vault_encode(vault, out, &sections) < 0)
        return error_set(error, EXIT_FAILED, "no memory to write the vault");
    vault_keys_head_mac(vault->unlocked, buf_data(out), &sections, vault->head_mac);
    vault_keys_record_mac(vault->unlocked, buf_data(out), &sections, vault->head_mac,
                          vault->record_mac);
    if (vault_encode_end(vault, out, vault->hash) < 0)
        return error_set(error, EXIT_FAILED, "no memory to write the vault");
    if (buf_len(out) > VAULT_MAX)
        return error_set(error, EXIT_FAILED,
                         "the vault is full (%zu bytes); remove keys that are no longer used",
                         VAULT_MAX);
    return 0;
}

static int check_written(const struct vault *vault, const struct buf *bytes, struct error *error)
{
    struct buf file;

    buf_init(&file);
    int result = file_read(vault->path, VAULT_MAX, &file, error);
    if (result == 1 || (result == 0 && (buf_len(&file) != buf_len(bytes) ||
                                        memcmp(buf_data(&file), buf_data(bytes), buf_len(bytes)))))
        result = error_set(error, EXIT_VAULT,
                           "the vault %s reads back otherwise than it was written: the disk fails",
                           vault->path);
    buf_free(&file);
    return result;
}

/* The write is done: where only this fails, the person must not think that nothing was changed. */
static int remember(const struct vault *vault, struct error *error)
{
    struct state_memory memory = {.generation = vault->generation};
    struct error reason;

    memcpy(memory.hash, vault->hash, sizeof(memory.hash));
    if (state_remember(vault->state, vault->id, &memory, &reason) == 0)
        return 0;
    return error_set(
        error, reason.status,
        "the vault was changed as asked, but that is not noted in the state folder: %s",
        reason.text);
}

static int write_locked(struct vault *vault, struct error *error)
{
    struct buf bytes;
    int result = -1;

    buf_init(&bytes);
    if (check_unchanged(vault, error) == 0 && encode_next(vault, &bytes, error) == 0 &&
        file_replace(vault->path, buf_data(&bytes), buf_len(&bytes), FILE_SYNC, error) == 0 &&
        check_written(vault, &bytes, error) == 0)
        result = remember(vault, error);
    buf_free(&bytes);
    return result;
}

int vault_write(struct vault *vault, struct error *error)
{
    if (!vault->unlocked)
        abort();
    if (vault->slot_count == 0)
        return error_set(error, EXIT_FAILED, "a vault without a factor could never be opened");
    if (vault->generation == UINT64_MAX)
        return error_set(error, EXIT_VAULT, "the vault %s can't count another write", vault->path);
    if (file_make_parent(vault->path, error) < 0)
        return -1;
    int lock = file_lock(vault->path, LOCK_TIMEOUT_MS, error);
    if (lock < 0)
        return -1;
    int result = write_locked(vault, error);
    close(lock);
    return result;
}
