// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: the tallies of the state folder, used TOTP steps and wrong answers.
#include "tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define NOW 1700000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of a file that is sound are all of it, and none is ahead. */
static void walk(const struct tally_kind *kind, const uint8_t *data, size_t size)
{
    struct tally tally = {.kind = kind, .now = NOW};
    struct tally_line line;
    size_t at = 0;

    buf_init(&tally.text);
    if (buf_put(&tally.text, data, size) == 0 &&
        tally_sound(kind, (const char *)buf_data(&tally.text), size, NOW)) {
        while (tally_next(&tally, &at, &line))
            if (line.time > NOW + kind->ahead || !line.len || memchr(line.name, '\n', line.len))
                abort();
        if (at != size)
            abort();
    }
    buf_free(&tally.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tally_kind STEPS = {.ahead = 2}, ANSWERS = {.counts = true};
    static bool ready;

    if (!ready && arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        abort();
    ready = true;
    walk(&STEPS, data, size);
    walk(&ANSWERS, data, size);
    return 0;
}
