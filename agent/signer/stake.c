// SPDX-License-Identifier: BSD-2-Clause
// What is at stake in a question to the person, and who asks.
#include "stake.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

#define WHOLE_SIZE 2304 /* of a line that has not been made to fit: a role's ARN, and more */
#define CUT        "..."

/* FNV-1a: what two texts of one hash do harm to is a number that nobody relies on. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h;
}

static void count_more(struct stake_more *more, const char *text)
{
    uint32_t h = hash(text);

    for (size_t i = 0; i < more->count; i++)
        if (more->hashes[i] == h)
            return;
    if (more->count < STAKE_MORE_MAX)
        more->hashes[more->count++] = h;
}

/* Whether text stands in the table, or, made printable, has been put there now: there was room. */
static bool enter(char *table, size_t size, size_t max, size_t *count, char *text)
{
    printable_clean(text);
    for (size_t i = 0; i < *count; i++)
        if (strcmp(table + i * size, text) == 0)
            return true;
    if (*count == max)
        return false;
    snprintf(table + (*count)++ * size, size, "%s", text);
    return true;
}

const char *stake_fit(char *out, size_t size, const char *text)
{
    size_t len = strlen(text), end = (size - sizeof CUT) / 2;

    if (len < size)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%.*s" CUT "%s", (int)(size - sizeof CUT - end), text,
                 text + len - end);
    return out;
}

void stake_line(struct stake *stake, const char *format, ...)
{
    char whole[WHOLE_SIZE], text[STAKE_LINE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(whole, sizeof whole, format, args);
    va_end(args);
    stake_fit(text, sizeof text, whole);
    if (!enter(stake->lines[0], sizeof text, STAKE_LINES_SHOWN, &stake->line_count, text))
        count_more(&stake->more_lines, text);
}

void stake_asker(struct stake *stake, const char *who)
{
    char text[STAKE_ASKER_SIZE];

    if (!*who)
        return;
    snprintf(text, sizeof text, "%s", who);
    if (!enter(stake->askers[0], sizeof text, STAKE_ASKERS_SHOWN, &stake->asker_count, text))
        count_more(&stake->more_askers, text);
}

/* Append, cut to size. */
__attribute__((format(printf, 3, 4))) static void add(char *out, size_t size, const char *format,
                                                      ...)
{
    size_t used = strlen(out);
    va_list args;

    va_start(args, format);
    vsnprintf(out + used, size - used, format, args);
    va_end(args);
}

static void write_askers(const struct stake *stake, char *out, size_t size)
{
    for (size_t i = 0; i < stake->asker_count; i++)
        add(out, size, "%s%s", i ? "; " : "\n\nAsked for by ", stake->askers[i]);
    if (stake->more_askers.count)
        add(out, size, "; and %zu more", stake->more_askers.count);
    if (stake->asker_count)
        add(out, size, " (as far as the system can tell)");
}

void stake_write(const struct stake *stake, char *out, size_t size)
{
    *out = '\0';
    for (size_t i = 0; i < stake->line_count; i++)
        add(out, size, "%s%s", i ? "\n" : "", stake->lines[i]);
    if (stake->more_lines.count)
        add(out, size, "\nand %zu more", stake->more_lines.count);
    write_askers(stake, out, size);
}
