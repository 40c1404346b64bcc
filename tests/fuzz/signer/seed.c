// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: a TOTP seed as base32 or as an otpauth URI.
#include "seed.h"

#include <stdbool.h>
#include <stdlib.h>

#include "arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct error error;
    struct seed seed;
    struct buf text;

    if (!ready && arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        abort();
    ready = true;
    buf_init(&text);
    if (buf_put(&text, data, size) == 0 && seed_read(&text, &seed, &error) == 0) {
        if (seed.len < SEED_MIN || seed.len > SEED_MAX)
            abort();
        seed_free(&seed);
    }
    buf_free(&text);
    return 0;
}
