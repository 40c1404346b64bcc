// SPDX-License-Identifier: BSD-2-Clause
// Texts for people and programs: times, spans, names of variables.
#include "text.h"

#include <stdio.h>
#include <string.h>

#define LAST_TIME 253402300799u /* the end of the year 9999: later ones do not fit the format */

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
