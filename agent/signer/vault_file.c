// SPDX-License-Identifier: BSD-2-Clause
// The vault from the disk, held against what the state folder remembers; and a new one.
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "file.h"
#include "state.h"
#include "vault.h"
#include "vault_format.h"
#include "vault_keys.h"
#include "vault_move.h"

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
static int check_same(const struct vault *vault, const uint8_t *data, size_t len,
                      struct error *error)
{
    uint8_t hash[VAULT_KEY_BYTES];
    struct vault_sections sections;
    struct buf again;
    int result = 0;

    buf_init(&again);
    if (vault_encode(vault, &again, &sections) < 0 || vault_encode_end(vault, &again, hash) < 0)
        result = error_set(error, EXIT_FAILED, "no memory to read the vault");
    else if (buf_len(&again) != len || memcmp(buf_data(&again), data, len) != 0)
        result =
            error_set(error, EXIT_VAULT, "refused: awstap would not have written it like this");
    buf_free(&again);
    return result;
}

static int decode(struct vault *vault, const uint8_t *data, size_t len, struct error *error)
{
    if (vault_decode(vault, data, len, error) < 0)
        return -1;
    return check_same(vault, data, len, error);
}

int vault_take(const uint8_t *data, size_t len, const char *what, const char *path,
               const char *state, struct vault **out, struct error *error)
{
    struct vault *vault = vault_new(path, state, error);
    struct error reason;

    if (!vault)
        return -1;
    if (decode(vault, data, len, &reason) < 0) {
        vault_free(vault);
        return error_set(error, reason.status, "%s is %s", what, reason.text);
    }
    vault->apart = true;
    *out = vault;
    return 0;
}

int vault_read_apart(const char *path, const char *state, struct vault **out, struct error *error)
{
    char what[FILE_PATH_MAX + sizeof("the vault ")];
    struct buf file;
    int result;

    snprintf(what, sizeof(what), "the vault %s", path);
    buf_init(&file);
    result = file_read(path, VAULT_MAX, &file, error);
    if (result == 0)
        result = vault_take(buf_data(&file), buf_len(&file), what, path, state, out, error);
    buf_free(&file);
    return result;
}

static int check_memory(const struct vault *vault, const struct state_memory *memory,
                        struct error *error)
{
    if (memory->generation > vault->generation)
        return error_set(error, EXIT_VAULT,
                         "the vault %s is refused: it is an older one (write %" PRIu64
                         ", write %" PRIu64 " was seen here); put the newer one in its place, or "
                         "go on with this one: awstap vault adopt",
                         vault->path, vault->generation, memory->generation);
    if (memory->generation == vault->generation &&
        memcmp(memory->hash, vault->hash, sizeof(memory->hash)) != 0)
        return error_set(error, EXIT_VAULT,
                         "the vault %s is refused: another write %" PRIu64
                         " was seen here, so it was changed in two places; put the other one in "
                         "its place, or go on with this one: awstap vault adopt",
                         vault->path, vault->generation);
    return 0;
}

/* Another process may write between our look at the file and that at what is remembered: then the
 * file is newer by a second look. */
static int read_again(struct vault **vault, struct error *error)
{
    struct vault *fresh = NULL;
    int result = vault_read_apart((*vault)->path, (*vault)->state, &fresh, error);

    if (result == 1)
        return error_set(error, EXIT_FAILED, "the vault %s is gone", (*vault)->path);
    if (result < 0)
        return -1;
    vault_free(*vault);
    *vault = fresh;
    return 0;
}

int vault_read(const char *path, const char *state, struct vault **out, struct error *error)
{
    struct state_memory memory;
    struct vault *vault = NULL;
    int result = vault_read_apart(path, state, &vault, error);

    if (result == 1)
        error_set(error, EXIT_FAILED,
                  "there is no vault at %s; `awstap factor add fido2` makes one", path);
    if (result != 0)
        return result;
    result = state_recall(state, vault->id, &memory, error) == 0 ? 0 : -1;
    if (result == 0 && memory.generation > vault->generation)
        result = read_again(&vault, error);
    if (result == 0)
        result = check_memory(vault, &memory, error);
    if (result < 0) {
        vault_free(vault);
        return -1;
    }
    vault->apart = false;
    *out = vault;
    return 0;
}

static int make_keys(struct vault *vault, struct error *error)
{
    vault->unlocked = arena_alloc(sizeof(*vault->unlocked));
    vault->record_key = arena_alloc(VAULT_KEY_BYTES);
    if (!vault->unlocked || !vault->record_key)
        return error_set(error, EXIT_FAILED, "no memory to make a vault");
    crypto_box_keypair(vault->public_key, vault->unlocked->secret.private_key);
    randombytes_buf(vault->unlocked->secret.anchor, sizeof(vault->unlocked->secret.anchor));
    vault_keys_derive(vault->unlocked, vault->record_key, vault->id);
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
