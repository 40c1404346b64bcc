// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ASCII_H
#define AWSTAP_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* The character sets that AWS's names and values are made of. */

#define ASCII_DIGITS  "0123456789"
#define ASCII_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ASCII_WORD    ASCII_LETTERS ASCII_DIGITS

/* Whether text has min to max characters, all of them among those allowed. */
bool ascii_consists_of(const char *text, const char *allowed, size_t min, size_t max);

/* Copy text from outside, cut to size, as printable_ascii() lets it stand before a person. out. */
const char *ascii_printable(char *out, size_t size, const char *text);

#endif
