// SPDX-License-Identifier: BSD-2-Clause
// The ledger of used TOTP steps: a tally whose times are steps and whose names are MFA serials.
#include "ledger.h"

#include <stdbool.h>

#include "tally.h"

/*
 * A code is sent in its own step or in the one before, and clocks differ by some seconds. AWS takes
 * no code that is 20 steps old, so its line is of no use any more.
 */
static const struct tally_kind LEDGER = {
    .file = "totp",
    .ahead = 2,
    .behind = 20,
    .full = "too many MFA codes at once; try again in a minute",
};

static uint64_t last_used(const struct tally *tally, const char *serial)
{
    uint64_t last = 0;
    struct tally_line line;
    size_t at = 0;

    while (tally_next(tally, &at, &line))
        if ((tally_is(&line, serial) || tally_is(&line, TALLY_ALL)) && line.time > last)
            last = line.time;
    return last;
}

int ledger_last(const char *state_dir, const char *serial, uint64_t now, uint64_t *last,
                struct error *error)
{
    struct tally tally;
    int r = tally_open(&tally, &LEDGER, state_dir, now, false, error);

    if (r == 0)
        *last = last_used(&tally, serial);
    tally_close(&tally);
    return r;
}

int ledger_use(const char *state_dir, const char *serial, uint64_t now, uint64_t step,
               struct error *error)
{
    struct tally tally;
    int r = tally_open(&tally, &LEDGER, state_dir, now, true, error);

    if (r == 0 && step > last_used(&tally, serial))
        r = tally_put(&tally, serial, step, 0, error) < 0 ? -1 : 1;
    tally_close(&tally);
    return r;
}
