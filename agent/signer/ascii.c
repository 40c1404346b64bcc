// SPDX-License-Identifier: BSD-2-Clause
// Texts in ASCII: what they may consist of.
#include "ascii.h"

#include <stdio.h>
#include <string.h>

#include "printable.h"

bool ascii_consists_of(const char *text, const char *allowed, size_t min, size_t max)
{
    size_t len = strspn(text, allowed);

    return !text[len] && len >= min && len <= max;
}

const char *ascii_printable(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
    printable_ascii(out);
    return out;
}
