// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: any bytes as the two files of the log, apart by a NUL, sealed to a vault whose key
// is made of zeros.
#include "log_file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "vault_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vault *make_vault(void)
{
    static const uint8_t seed[crypto_box_SEEDBYTES];
    struct vault *vault = calloc(1, sizeof *vault);

    if (!vault || sodium_init() < 0 || arena_open((size_t)2 * 1024 * 1024, ARENA_LOCK_WANTED) < 0 ||
        !(vault->unlocked = arena_alloc(sizeof *vault->unlocked)))
        abort();
    crypto_box_seed_keypair(vault->public_key, vault->unlocked->secret.private_key, seed);
    return vault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vault *vault;
    struct log_file files[2] = {{.name = "log.1"}, {.name = "log"}};
    const struct log_anchor anchor = {.count = 1, .entries = {{.count = 3}}};
    struct log_report report;
    struct error error;
    char *copy = malloc(size + 1);
    const uint8_t *middle = size ? memchr(data, '\0', size) : NULL;

    if (!vault)
        vault = make_vault();
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    files[1] = (struct log_file){"log", copy, size};
    if (middle) {
        files[0] = (struct log_file){"log.1", copy, (size_t)(middle - data)};
        files[1].data += files[0].size + 1;
        files[1].size -= files[0].size + 1;
    }
    if (log_file_check(vault, files, &anchor, &report, &error) < 0)
        abort();
    free(copy);
    return 0;
}
