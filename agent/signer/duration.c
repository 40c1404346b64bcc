// SPDX-License-Identifier: BSD-2-Clause
// Lengths of time as people write and read them.
#include "duration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"

#define DURATION_MAX  (10u * 366u * 86400u)
#define DAYS_IN_WORDS 2u /* "24 hours" is what AWS says, "30 days" what people do */

static const struct unit {
    char letter;
    uint32_t seconds;
    const char *word;
} UNITS[] = {{'d', 86400, "day"}, {'h', 3600, "hour"}, {'m', 60, "minute"}, {'s', 1, "second"}};

bool duration_read(const char *text, uint32_t *seconds)
{
    size_t digits = strspn(text, ASCII_DIGITS);
    uint64_t value, unit = 0;

    if (digits < 1 || digits > 9)
        return false;
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++)
        if (text[digits] == UNITS[i].letter && !text[digits + 1])
            unit = UNITS[i].seconds;
    if (!text[digits])
        unit = 1;
    value = strtoul(text, NULL, 10) * unit;
    *seconds = (uint32_t)value;
    return unit && value <= DURATION_MAX;
}

/* The largest unit, from first on, that it is a whole number of. */
static const struct unit *unit_of(uint32_t seconds, const struct unit *first)
{
    while (seconds % first->seconds)
        first++;
    return first;
}

const char *duration_words(uint32_t seconds, char out[DURATION_SIZE])
{
    const struct unit *unit =
        unit_of(seconds, seconds < DAYS_IN_WORDS * UNITS->seconds ? UNITS + 1 : UNITS);
    uint32_t count = seconds / unit->seconds;

    snprintf(out, DURATION_SIZE, "%u %s%s", count, unit->word, count == 1 ? "" : "s");
    return out;
}

const char *duration_about(uint64_t seconds, char out[DURATION_SIZE])
{
    uint64_t unit = seconds > 2 * 86400 ? 86400 : seconds > 2 * 3600 ? 3600 : 60;
    uint64_t whole = (seconds + unit - 1) / unit * unit;

    return duration_words(whole < 60             ? 60
                          : whole > DURATION_MAX ? DURATION_MAX
                                                 : (uint32_t)whole,
                          out);
}

const char *duration_short(uint32_t seconds, char out[DURATION_SIZE])
{
    const struct unit *unit = unit_of(seconds, UNITS);

    snprintf(out, DURATION_SIZE, "%u%c", seconds / unit->seconds, unit->letter);
    return out;
}
