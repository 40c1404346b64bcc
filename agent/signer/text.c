// SPDX-License-Identifier: BSD-2-Clause
// What counts as a text: UTF-8 that a terminal can be shown.
#include "text.h"

#include <stdint.h>

/* The bytes of the character in front, 0 where it is none that may stand. Overlong forms and
 * surrogates may not. */
static size_t character(const uint8_t *at, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = at[0] < 0x80 ? 1 : at[0] < 0xc0 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    if (n == 0 || n > left || at[0] > 0xf4)
        return 0;
    uint32_t code = n == 1 ? at[0] : at[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    bool no_character = code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000);
    return control || no_character ? 0 : n;
}

bool text_valid(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text;

    while (len) {
        size_t n = character(at, len);
        if (n == 0)
            return false;
        at += n;
        len -= n;
    }
    return true;
}
