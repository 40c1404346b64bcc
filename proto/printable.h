// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PRINTABLE_H
#define AWSTAP_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What may stand before a person, so that no text from outside steers a terminal. Control
 * characters are U+0000 to U+001F, U+007F, U+0080 to U+009F in their two bytes, and those that
 * reorder the text around them (Bidi_Control of the Unicode Character Database) or break the line.
 */

#define UTF8_MAX 4 /* bytes of one character */

/*
 * The bytes of the well-formed UTF-8 character that text begins with: 1 to 4; 0 when there is none
 * within len bytes (longer forms than need be, surrogates, above U+10FFFF, cut off). What ends in a
 * NUL is read no further, so that UTF8_MAX will do for len there.
 */
size_t utf8_length(const char *text, size_t len);

/* Whether these bytes are well-formed UTF-8 without control characters, and so without a NUL. */
bool printable_valid(const char *text, size_t len);

/*
 * Make text printable in place, its length as it was: each byte of a control character, and each
 * that belongs to no well-formed UTF-8 character, becomes '?'.
 */
void printable_clean(char *text);

/* The same for texts that are ASCII: each byte but 0x20 to 0x7e becomes '?'. */
void printable_ascii(char *text);

#endif
