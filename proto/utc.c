// SPDX-License-Identifier: BSD-2-Clause
// UTC in the one form that awstap writes.
#include "utc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LAST_TIME 253402300799u /* the end of the year 9999: later ones do not fit the format */

/* Years begin in March here, so that the leap day is a year's last; days are counted from
 * 0000-03-01, and 1970-01-01 is one of them. */
#define EPOCH_DAY 719468u

void utc_print(uint64_t seconds, char out[UTC_SIZE])
{
    uint64_t capped = seconds < LAST_TIME ? seconds : LAST_TIME;
    unsigned second = (unsigned)(capped % 86400);
    unsigned day = (unsigned)(capped / 86400) + EPOCH_DAY;
    unsigned era = day / 146097, of_era = day % 146097;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    unsigned of_month = of_year - (153 * month + 2) / 5 + 1;

    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    snprintf(out, UTC_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000, month % 100,
             of_month % 100, second / 3600, second / 60 % 60, second % 60);
}

static uint64_t day_of(unsigned year, unsigned month, unsigned day)
{
    unsigned from_march = month > 2 ? month - 3 : month + 9, counted = year - (month <= 2);

    return (uint64_t)365 * counted + counted / 4 - counted / 100 + counted / 400 +
           (153 * from_march + 2) / 5 + day - 1 - EPOCH_DAY;
}

int utc_parse(const char *text, uint64_t *seconds)
{
    unsigned year, month, day, hour, minute, second;
    char again[UTC_SIZE];

    if (strnlen(text, UTC_SIZE - 1) < UTC_SIZE - 1 ||
        sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2uZ", &year, &month, &day, &hour, &minute, &second) !=
            6 ||
        year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
        return -EPROTO;
    *seconds = day_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    utc_print(*seconds, again);
    return memcmp(text, again, UTC_SIZE - 1) == 0 ? 0 : -EPROTO;
}
