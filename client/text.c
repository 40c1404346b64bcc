// SPDX-License-Identifier: BSD-2-Clause
// Texts for people and programs: safe to show, times, spans, names.
#include "text.h"

#include <stdio.h>
#include <string.h>

#define LAST_TIME    253402300799u /* the end of the year 9999: later ones do not fit the format */
#define KEY_NAME_MAX 64

size_t text_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t more = at[0] < 0x80   ? 0
                  : at[0] < 0xc2 ? 9
                  : at[0] < 0xe0 ? 1
                  : at[0] < 0xf0 ? 2
                  : at[0] < 0xf5 ? 3
                                 : 9;

    if (more == 9)
        return 0;
    for (size_t i = 1; i <= more; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) ||
        (at[0] == 0xed && at[1] > 0x9f) || /* too long, surrogates */
        (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] > 0x8f)) /* too long, too large */
        return 0;
    return more + 1;
}

void text_clean(char *text)
{
    while (*text) {
        size_t n = text_utf8(text);
        bool c1 = n == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;

        if (n == 0 || c1 || (unsigned char)*text < 0x20 || *text == 0x7f)
            memset(text, '?', n ? n : 1);
        text += n ? n : 1;
    }
}

void text_time(uint64_t seconds, char out[TEXT_TIME])
{
    uint64_t capped = seconds < LAST_TIME ? seconds : LAST_TIME;
    unsigned second = (unsigned)(capped % 86400);
    /* Years begin in March here, so that the leap day is a year's last. */
    unsigned day = (unsigned)(capped / 86400) + 719468; /* since 0000-03-01 */
    unsigned era = day / 146097, of_era = day % 146097;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    unsigned of_month = of_year - (153 * month + 2) / 5 + 1;

    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    snprintf(out, TEXT_TIME, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000, month % 100,
             of_month % 100, second / 3600, second / 60 % 60, second % 60);
}

void text_span(uint64_t seconds, char out[TEXT_SPAN])
{
    unsigned long long days = seconds / 86400, hours = seconds / 3600 % 24;
    unsigned long long minutes = seconds / 60 % 60, rest = seconds % 60;

    if (days)
        snprintf(out, TEXT_SPAN, hours ? "%llu d %llu h" : "%llu d", days, hours);
    else if (hours)
        snprintf(out, TEXT_SPAN, minutes ? "%llu h %llu min" : "%llu h", hours, minutes);
    else if (minutes)
        snprintf(out, TEXT_SPAN, "%llu min", minutes);
    else
        snprintf(out, TEXT_SPAN, "%llu s", rest);
}

bool text_is_variable(const char *const *names, size_t count, const char *variable)
{
    size_t len = strcspn(variable, "=");

    for (size_t i = 0; i < count; i++)
        if (strlen(names[i]) == len && memcmp(names[i], variable, len) == 0)
            return true;
    return false;
}

bool text_is_key_name(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-");

    return n > 0 && n <= KEY_NAME_MAX && !name[n];
}
