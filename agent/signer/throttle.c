// SPDX-License-Identifier: BSD-2-Clause
// The throttle: a tally of wrong answers, whose times are seconds since 1970.
#include "throttle.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "clock.h"
#include "tally.h"

#define FREE      5 /* wrong answers that cost no wait */
#define WAIT_MIN  30
#define WAIT_MAX  3600
#define KEPT      (30 * 24 * 3600) /* who guesses five times a month guesses nothing */
#define COUNT_MAX 1000000
#define AHEAD     (5 * 60) /* a clock set back by so much is no damage: it is waited for as well */

static const struct tally_kind THROTTLE = {
    .file = "throttle",
    .counts = true,
    .anew = FREE,
    .ahead = AHEAD,
    .behind = KEPT,
    .full = "too many wrong answers; try again tomorrow",
};

/* What is known of the factor, or else of all. */
static struct tally_line find(const struct tally *tally, const char *name)
{
    struct tally_line line, found = {.count = 0};
    size_t at = 0;

    while (tally_next(tally, &at, &line)) {
        if (tally_is(&line, name))
            return line;
        if (tally_is(&line, TALLY_ALL))
            found = line;
    }
    return found;
}

static uint64_t wait_after(uint64_t count)
{
    uint64_t wait = WAIT_MIN;

    if (count < FREE)
        return 0;
    while (count-- > FREE && wait < WAIT_MAX)
        wait *= 2;
    return wait < WAIT_MAX ? wait : WAIT_MAX;
}

static uint64_t now_seconds(void)
{
    return clock_now_ms() / 1000;
}

int throttle_left(const char *state_dir, const char *name, uint64_t *wait, struct error *error)
{
    uint64_t now = now_seconds(), end;
    struct tally_line line;
    struct tally tally;
    int r = tally_open(&tally, &THROTTLE, state_dir, now, false, error);

    if (r == 0) {
        line = find(&tally, name);
        end = line.time + wait_after(line.count);
        *wait = line.count >= FREE && end > now ? end - now : 0;
    }
    tally_close(&tally);
    return r;
}

int throttle_failed(const char *state_dir, const char *name, uint64_t *wait, struct error *error)
{
    uint64_t now = now_seconds(), count;
    struct tally tally;
    int r = tally_open(&tally, &THROTTLE, state_dir, now, true, error);

    if (r == 0) {
        count = find(&tally, name).count + 1;
        *wait = wait_after(count);
        r = tally_put(&tally, name, now, count < COUNT_MAX ? count : COUNT_MAX, error);
    }
    tally_close(&tally);
    return r;
}

/* Nothing is written where nothing went wrong before. */
int throttle_passed(const char *state_dir, const char *name, struct error *error)
{
    uint64_t now = now_seconds(), count;
    struct tally tally;
    int r = tally_open(&tally, &THROTTLE, state_dir, now, false, error);

    count = r == 0 ? find(&tally, name).count : 0;
    tally_close(&tally);
    if (!count)
        return r;
    r = tally_open(&tally, &THROTTLE, state_dir, now, true, error);
    if (r == 0)
        r = tally_put(&tally, name, now, 0, error);
    tally_close(&tally);
    return r;
}

void throttle_words(uint64_t wait, char text[THROTTLE_WAIT_TEXT])
{
    bool seconds = wait < 120;
    uint64_t n = seconds ? wait : (wait + 59) / 60;

    snprintf(text, THROTTLE_WAIT_TEXT, "%" PRIu64 " %s%s", n, seconds ? "second" : "minute",
             n == 1 ? "" : "s");
}
