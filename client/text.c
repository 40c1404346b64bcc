// SPDX-License-Identifier: BSD-2-Clause
// Texts for people and programs: spans, names of variables.
#include "text.h"

#include <stdio.h>
#include <string.h>

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
