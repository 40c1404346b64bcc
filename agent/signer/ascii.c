// SPDX-License-Identifier: BSD-2-Clause
// Texts in ASCII: what they may consist of.
#include "ascii.h"

#include <string.h>

bool ascii_consists_of(const char *text, const char *allowed, size_t min, size_t max)
{
    size_t len = strspn(text, allowed);

    return !text[len] && len >= min && len <= max;
}

const char *ascii_printable(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; text[n] && n + 1 < size; n++)
        out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    out[n] = '\0';
    return out;
}
