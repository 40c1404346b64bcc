// SPDX-License-Identifier: BSD-2-Clause
// The vault's decoder. The input is a vault without its checksum, which is made to fit here, so
// that what lies behind it is reached. What decodes must encode to the same bytes.
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "vault_format.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(const struct vault *vault, const uint8_t *file, size_t len)
{
    struct vault_sections sections;
    uint8_t hash[VAULT_KEY_BYTES];
    struct buf again;

    buf_init(&again);
    if (vault_encode(vault, &again, &sections) < 0 || vault_encode_end(vault, &again, hash) < 0 ||
        buf_len(&again) != len || memcmp(buf_data(&again), file, len) != 0)
        abort();
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vault *vault;
    static uint8_t file[VAULT_MAX];
    struct error error;

    if (!vault && (sodium_init() < 0 || arena_open(ARENA_BYTES, ARENA_LOCK_WANTED) < 0 ||
                   !(vault = malloc(sizeof(*vault)))))
        abort();
    if (size > VAULT_MAX - VAULT_KEY_BYTES)
        return 0;
    if (size)
        memcpy(file, data, size);
    crypto_generichash(file + size, VAULT_KEY_BYTES, file, size, NULL, 0);
    memset(vault, 0, sizeof(*vault));
    if (vault_decode(vault, file, size + VAULT_KEY_BYTES, &error) == 0)
        expect_same(vault, file, size + VAULT_KEY_BYTES);
    else if (error.status != EXIT_VAULT)
        abort();
    return 0;
}
