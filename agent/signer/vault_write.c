// SPDX-License-Identifier: BSD-2-Clause
// The vault to the disk: as a whole, as the next generation, and only over what it was read from.
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "state.h"
#include "utc.h"
#include "vault.h"
#include "vault_format.h"
#include "vault_keys.h"
#include "vault_move.h"

#define LOCK_TIMEOUT_MS 5000
#define TRIES           8 /* against others that write at the same time */

enum outcome {
    WRITTEN,
    UNNOTED,   /* written, but the state folder does not know; error says so, and why */
    UNSYNCED,  /* written, but a power cut may bring the old one back; error as above */
    OVERTAKEN, /* another awstap wrote meanwhile; nothing is changed */
    FAILED,
};

static int overtaken(struct error *error)
{
    return error_set(error, EXIT_FAILED, "another awstap wrote the vault meanwhile; run it again");
}

/* Under the lock: the file is still the one that this vault was read from. */
static enum outcome check_unchanged(const struct vault *vault, const struct buf *file, bool exists,
                                    struct error *error)
{
    uint8_t hash[VAULT_KEY_BYTES];

    if (!exists && vault->generation == 0)
        return WRITTEN;
    if (!exists)
        error_set(error, EXIT_FAILED, "the vault %s is gone", vault->path);
    else if (vault->generation == 0)
        error_set(error, EXIT_FAILED, "there is a vault at %s already", vault->path);
    else if (!vault_checksum(buf_data(file), buf_len(file), hash))
        error_set(error, EXIT_VAULT,
                  "the vault %s is damaged; nothing was changed; put a good copy in its place",
                  vault->path);
    else if (memcmp(hash, vault->hash, sizeof(hash)) == 0)
        return WRITTEN;
    else {
        overtaken(error);
        return OVERTAKEN;
    }
    return FAILED;
}

static enum outcome check_file(const struct vault *vault, struct error *error)
{
    enum outcome outcome = FAILED;
    struct buf file;

    buf_init(&file);
    int result = file_read(vault->path, VAULT_MAX, &file, error);
    if (result >= 0)
        outcome = check_unchanged(vault, &file, result == 0, error);
    buf_free(&file);
    return outcome;
}

/* The head changes with K_head at hand only. */
static void sign_head(struct vault *vault, const struct buf *bytes,
                      const struct vault_sections *sections)
{
    uint8_t hash[VAULT_KEY_BYTES];

    vault_keys_head_hash(buf_data(bytes), sections, hash);
    if (vault->unlocked)
        vault_keys_head_mac(vault->unlocked, buf_data(bytes), sections, vault->head_mac);
    else if (memcmp(hash, vault->head_hash, sizeof(hash)) != 0)
        abort();
    memcpy(vault->head_hash, hash, sizeof(hash));
}

/* The vault's bytes with their MACs, which are made anew where resign says so. */
static int encode(struct vault *vault, bool resign, struct buf *out, struct error *error)
{
    struct vault_sections sections;

    if (vault_encode(vault, out, &sections) < 0)
        return error_set(error, EXIT_FAILED, "no memory to write the vault");
    if (resign) {
        sign_head(vault, out, &sections);
        vault_keys_record_mac(vault->record_key, buf_data(out), &sections, vault->head_mac,
                              vault->record_mac);
    }
    if (vault_encode_end(vault, out, vault->hash) < 0)
        return error_set(error, EXIT_FAILED, "no memory to write the vault");
    if (buf_len(out) > VAULT_MAX)
        return error_set(error, EXIT_FAILED,
                         "the vault is full (%zu bytes); remove keys that are no longer used",
                         VAULT_MAX);
    return 0;
}

static int encode_next(struct vault *vault, struct buf *out, struct error *error)
{
    if (vault->generation == UINT64_MAX)
        return error_set(error, EXIT_VAULT, "the vault %s can't count another write", vault->path);
    vault->generation++;
    return encode(vault, true, out, error);
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

/* The write is done: where only what comes after it fails, the person must not think that nothing
 * was changed. */
static void say_but(const char *but, const struct error *reason, struct error *error)
{
    error_set(error, reason->status, "the vault was changed as asked, but that %s: %s", but,
              reason->text);
}

static enum outcome remember(const struct vault *vault, struct error *error)
{
    struct state_memory memory = {.generation = vault->generation};
    struct error reason;

    memcpy(memory.hash, vault->hash, sizeof(memory.hash));
    if (state_remember(vault->state, vault->id, &memory, &reason) == 0)
        return WRITTEN;
    say_but("is not noted in the state folder", &reason, error);
    return UNNOTED;
}

static int lock_vault(const struct vault *vault, struct error *error)
{
    if (file_make_parent(vault->path, error) < 0)
        return -1;
    return file_lock(vault->path, LOCK_TIMEOUT_MS, error);
}

/* A vault that a power cut may take back is not remembered: the older one would be refused then. */
static enum outcome put(const struct vault *vault, const struct buf *bytes, struct error *error)
{
    struct error reason;
    int r = file_replace(vault->path, buf_data(bytes), buf_len(bytes), FILE_SYNC, &reason);

    if (r < 0)
        *error = reason;
    if (r < 0 || check_written(vault, bytes, error) < 0)
        return FAILED;
    if (r == 0)
        return remember(vault, error);
    say_but("may not outlast a power cut", &reason, error);
    return UNSYNCED;
}

static enum outcome write_locked(struct vault *vault, struct error *error)
{
    enum outcome outcome = check_file(vault, error);
    struct buf bytes;

    if (outcome != WRITTEN)
        return outcome;
    buf_init(&bytes);
    outcome = encode_next(vault, &bytes, error) < 0 ? FAILED : put(vault, &bytes, error);
    buf_free(&bytes);
    return outcome;
}

static enum outcome write_next(struct vault *vault, struct error *error)
{
    if (!vault->record_key)
        abort();
    if (vault->slot_count == 0) {
        error_set(error, EXIT_FAILED, "a vault without a factor could never be opened");
        return FAILED;
    }
    int lock = lock_vault(vault, error);
    if (lock < 0)
        return FAILED;
    enum outcome outcome = write_locked(vault, error);
    close(lock);
    return outcome;
}

int vault_write(struct vault *vault, struct error *error)
{
    enum outcome outcome = write_next(vault, error);

    if (outcome == UNNOTED || outcome == UNSYNCED)
        return 1;
    return outcome == WRITTEN ? 0 : -1;
}

/* What is in memory is half changed: have it as the file is, if that can be read. */
static int give_up(struct vault *vault)
{
    struct error unsaid = {0};

    vault_renew(vault, &unsaid);
    return -1;
}

int vault_change(struct vault *vault,
                 int (*apply)(struct vault *vault, void *context, struct error *error),
                 void *context, struct error *error)
{
    enum outcome outcome = OVERTAKEN;

    if (vault->unlocked)
        abort();
    for (int i = 0; outcome == OVERTAKEN && i < TRIES; i++) {
        if (i > 0 && vault_renew(vault, error) < 0)
            return -1;
        if (apply(vault, context, error) < 0)
            return give_up(vault);
        outcome = write_next(vault, error);
    }
    /* That an older vault would go unnoticed until the next unlock is no reason to take back what
     * was done. That a power cut may bring it back is: at AWS nothing must be done on top of it. */
    return outcome == WRITTEN || outcome == UNNOTED ? 0 : give_up(vault);
}

/* One more name for the file at path, which says when, and stays with it when it is replaced. */
static int name_aside(const char *path, char aside[FILE_PATH_MAX], struct error *error)
{
    uint64_t second = clock_now_ms() / 1000;
    char time[UTC_SIZE];
    int n;

    do {
        utc_print(second++, time);
        n = snprintf(aside, FILE_PATH_MAX, "%s.replaced-%s", path, time);
        if (n < 0 || n >= FILE_PATH_MAX)
            return error_set(error, EXIT_FAILED, "the path %.200s… is too long", path);
        if (link(path, aside) == 0)
            return 0;
    } while (errno == EEXIST);
    return error_set(error, EXIT_FAILED, "the vault that is there can't be kept as %s: %s", aside,
                     strerror(errno));
}

/* Nothing took the place of the file at path: the other name for it is not needed. */
static void unname_aside(const char *path, char aside[FILE_PATH_MAX])
{
    struct stat there, kept;

    if (*aside && stat(path, &there) == 0 && stat(aside, &kept) == 0 &&
        there.st_dev == kept.st_dev && there.st_ino == kept.st_ino)
        unlink(aside);
}

/* Under the lock: what is in the vault's place is still what it was, and is kept beside it. */
static int put_aside(const char *path, const struct vault_place *place, char aside[FILE_PATH_MAX],
                     struct error *error)
{
    uint8_t hash[VAULT_KEY_BYTES];
    struct buf file;

    buf_init(&file);
    int result = file_read(path, VAULT_MAX, &file, error);
    if (result == 0)
        crypto_generichash(hash, sizeof(hash), buf_data(&file), buf_len(&file), NULL, 0);
    if (result >= 0 && ((result == 0) != place->taken ||
                        (place->taken && memcmp(hash, place->hash, sizeof(hash)) != 0)))
        result = overtaken(error);
    else if (result == 0)
        result = name_aside(path, aside, error);
    buf_free(&file);
    return result < 0 ? -1 : 0;
}

int vault_install(struct vault *vault, const struct vault_place *place,
                  const struct vault_seen *seen, char aside[FILE_PATH_MAX], struct error *error)
{
    bool as_it_is = seen->standing == STANDING_NEW || seen->standing == STANDING_SAME;
    enum outcome outcome = FAILED;
    struct buf bytes;
    int lock = lock_vault(vault, error);

    *aside = '\0';
    if (lock < 0)
        return -1;
    buf_init(&bytes);
    if (seen->generation > vault->generation)
        vault->generation = seen->generation;
    if ((as_it_is ? encode(vault, false, &bytes, error) : encode_next(vault, &bytes, error)) == 0 &&
        put_aside(vault->path, place, aside, error) == 0)
        outcome = put(vault, &bytes, error);
    buf_free(&bytes);
    if (outcome != WRITTEN)
        unname_aside(vault->path, aside);
    close(lock);
    if (outcome != WRITTEN)
        return -1;
    vault->apart = false;
    return 0;
}
