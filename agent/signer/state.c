// SPDX-License-Identifier: BSD-2-Clause
// The state folder: the highest generation seen of each vault, and the id of this machine.
#include "state.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

#define LOCK_TIMEOUT_MS 5000
#define LINE_MAX_BYTES  128
#define ID_HEX          (2 * VAULT_ID_BYTES + 1)
#define HASH_HEX        (2 * VAULT_KEY_BYTES + 1)
#define MACHINE_HEX     (2 * STATE_MACHINE_BYTES + 1)

/* folder/name, into path of FILE_PATH_MAX bytes. */
static int path_of(char *path, const char *folder, const char *name, struct error *error)
{
    int n = snprintf(path, FILE_PATH_MAX, "%s/%s", folder, name);

    if (n < 0 || n >= FILE_PATH_MAX)
        return error_set(error, EXIT_FAILED, "the path %.200s… is too long", folder);
    return 0;
}

static int memory_path(char *path, const char *folder, const uint8_t *vault_id, struct error *error)
{
    char hex[ID_HEX], name[ID_HEX + sizeof("vault-")];

    sodium_bin2hex(hex, sizeof(hex), vault_id, VAULT_ID_BYTES);
    snprintf(name, sizeof(name), "vault-%s", hex);
    return path_of(path, folder, name, error);
}

/* All that changes in the folder changes under this lock. */
static int lock_folder(const char *folder, struct error *error)
{
    char path[FILE_PATH_MAX];

    if (file_make_folder(folder, error) < 0 || path_of(path, folder, "state", error) < 0)
        return -1;
    return file_lock(path, LOCK_TIMEOUT_MS, error);
}

/* A file of one line, into line as a text. 0; 1: there is none; -1. */
static int read_line(const char *path, char line[LINE_MAX_BYTES], struct error *error)
{
    struct buf content;

    buf_init(&content);
    int result = file_read(path, LINE_MAX_BYTES - 1, &content, error);
    size_t len = buf_len(&content);
    if (len)
        memcpy(line, buf_data(&content), len);
    line[len] = '\0';
    buf_free(&content);
    return result;
}

static void print_memory(char line[LINE_MAX_BYTES], const struct state_memory *memory)
{
    char hex[HASH_HEX];

    sodium_bin2hex(hex, sizeof(hex), memory->hash, sizeof(memory->hash));
    snprintf(line, LINE_MAX_BYTES, "1 %" PRIu64 " %s\n", memory->generation, hex);
}

/* Only what print_memory() would print is taken. */
static int parse_memory(const char *line, struct state_memory *memory)
{
    char hex[HASH_HEX], again[LINE_MAX_BYTES];

    if (sscanf(line, "1 %20" SCNu64 " %64[0-9a-f]", &memory->generation, hex) != 2 ||
        sodium_hex2bin(memory->hash, sizeof(memory->hash), hex, strlen(hex), NULL, NULL, NULL) < 0)
        return -1;
    print_memory(again, memory);
    return strcmp(line, again) == 0 && memory->generation != 0 ? 0 : -1;
}

/* 0; 1: it is damaged; -1 with error. */
static int recall_file(const char *path, struct state_memory *memory, struct error *error)
{
    char line[LINE_MAX_BYTES];
    int result = read_line(path, line, error);

    *memory = (struct state_memory){0};
    if (result < 0)
        return -1;
    if (result == 1 || parse_memory(line, memory) == 0)
        return 0;
    *memory = (struct state_memory){0};
    return 1;
}

int state_recall(const char *folder, const uint8_t vault_id[VAULT_ID_BYTES],
                 struct state_memory *memory, struct error *error)
{
    char path[FILE_PATH_MAX];
    int result;

    if (memory_path(path, folder, vault_id, error) < 0)
        return -1;
    result = recall_file(path, memory, error);
    if (result != 1)
        return result;
    error_set(error, EXIT_VAULT,
              "%s is damaged, so an older vault would not be noticed; if the vault is the right "
              "one: awstap vault adopt",
              path);
    return 1;
}

int state_remember(const char *folder, const uint8_t vault_id[VAULT_ID_BYTES],
                   const struct state_memory *memory, struct error *error)
{
    char path[FILE_PATH_MAX], line[LINE_MAX_BYTES];
    struct state_memory before;
    int result = -1;
    int lock = lock_folder(folder, error);

    if (lock < 0)
        return -1;
    if (memory_path(path, folder, vault_id, error) < 0 || recall_file(path, &before, error) < 0)
        goto out;
    result = 0;
    if (memory->generation > before.generation) {
        print_memory(line, memory);
        result = file_replace(path, line, strlen(line), FILE_SYNC, error) == 0 ? 0 : -1;
    }
out:
    close(lock);
    return result;
}

static int make_machine(const char *path, uint8_t id[STATE_MACHINE_BYTES], struct error *error)
{
    char line[MACHINE_HEX + 1];

    randombytes_buf(id, STATE_MACHINE_BYTES);
    sodium_bin2hex(line, MACHINE_HEX, id, STATE_MACHINE_BYTES);
    strcat(line, "\n");
    return file_replace(path, line, strlen(line), FILE_SYNC, error) == 0 ? 0 : -1;
}

static int parse_machine(const char *path, const char *line, uint8_t id[STATE_MACHINE_BYTES],
                         struct error *error)
{
    size_t len;

    if (strlen(line) != MACHINE_HEX || line[MACHINE_HEX - 1] != '\n' ||
        sodium_hex2bin(id, STATE_MACHINE_BYTES, line, MACHINE_HEX - 1, NULL, &len, NULL) < 0 ||
        len != STATE_MACHINE_BYTES)
        return error_set(error, EXIT_VAULT, "%s is damaged; remove it and run it again", path);
    return 0;
}

int state_machine(const char *folder, uint8_t id[STATE_MACHINE_BYTES], struct error *error)
{
    char path[FILE_PATH_MAX], line[LINE_MAX_BYTES];
    int result = -1;
    int lock = lock_folder(folder, error);

    if (lock < 0)
        return -1;
    if (path_of(path, folder, "machine", error) < 0)
        goto out;
    result = read_line(path, line, error);
    if (result == 1)
        result = make_machine(path, id, error);
    else if (result == 0)
        result = parse_machine(path, line, id, error);
out:
    close(lock);
    return result;
}
