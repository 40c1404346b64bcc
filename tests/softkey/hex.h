// SPDX-License-Identifier: BSD-2-Clause
// Bytes as lower-case hexadecimal text, in the files of a key.
#ifndef SOFTKEY_HEX_H
#define SOFTKEY_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* text gets 2 * size digits and a terminator. */
void hex_encode(const uint8_t *bytes, size_t size, char *text);

/* False unless text is exactly 2 * size digits. */
bool hex_decode(const char *text, uint8_t *bytes, size_t size);

#endif
