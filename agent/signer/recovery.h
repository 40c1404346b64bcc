// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_RECOVERY_H
#define AWSTAP_RECOVERY_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * The recovery code: 256 random bits, printed once, typed in again by a person years later. 8
 * groups of 8 letters and digits (Crockford's base32: no I, L, O, U), each group 32 bits and a
 * checksum of 8 that also counts its place.
 */

#define RECOVERY_SECRET_BYTES 32
#define RECOVERY_TEXT_SIZE    72 /* 64 characters, 7 dashes, a NUL */

/* Both are in the arena. */
void recovery_print(const uint8_t secret[RECOVERY_SECRET_BYTES], char text[RECOVERY_TEXT_SIZE]);

/*
 * What a person typed: case, dashes and spaces do not matter, I and L are taken for 1, O for 0. 0
 * or -1 with EXIT_PERSON, which names the first group that is mistyped; secret is wiped then.
 */
int recovery_parse(const char *text, size_t len, uint8_t secret[RECOVERY_SECRET_BYTES],
                   struct error *error);

#endif
