// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: an access key as JSON.
#include "access_key.h"

#include <stdint.h>
#include <stdlib.h>

#include "arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct access_key key;
    struct error error;
    struct buf text;

    if (!ready && arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        abort();
    ready = true;
    buf_init(&text);
    if (buf_put(&text, data, size) == 0 && access_key_read(&text, &key, &error) == 0) {
        if (!access_key_id_valid(key.id) || !access_key_secret_valid(key.secret))
            abort();
        access_key_free(&key);
    }
    buf_free(&text);
    return 0;
}
