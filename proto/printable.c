// SPDX-License-Identifier: BSD-2-Clause
// What may stand before a person: UTF-8 and ASCII without control characters.
#include "printable.h"

#include <stdint.h>
#include <string.h>

/* As utf8_length(), with the character in *code. */
static size_t decode(const char *text, size_t len, uint32_t *code)
{
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *at = (const uint8_t *)text;
    size_t n;

    if (len == 0 || (at[0] >= 0x80 && at[0] < 0xc2) || at[0] > 0xf4)
        return 0;
    n = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (n > len)
        return 0;
    *code = n == 1 ? at[0] : at[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    return *code < SMALLEST[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* What changes the order or the lines of the text around it (Unicode's Bidi_Control, and its line
 * and paragraph separators) makes one name look like another. */
static bool is_reordering(uint32_t code)
{
    return code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || is_reordering(code);
}

size_t utf8_length(const char *text, size_t len)
{
    uint32_t code;

    return decode(text, len, &code);
}

bool printable_valid(const char *text, size_t len)
{
    uint32_t code;
    size_t n;

    for (; len; text += n, len -= n)
        if ((n = decode(text, len, &code)) == 0 || is_control(code))
            return false;
    return true;
}

void printable_clean(char *text)
{
    uint32_t code;

    while (*text) {
        size_t n = decode(text, UTF8_MAX, &code), step = n ? n : 1;

        if (n == 0 || is_control(code))
            memset(text, '?', step);
        text += step;
    }
}

void printable_ascii(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}
