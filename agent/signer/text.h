// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TEXT_H
#define AWSTAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether these bytes may stand in the vault and reach a terminal: well-formed UTF-8 without
 * control characters (C0, DEL, C1), and so without a NUL.
 */
bool text_valid(const char *text, size_t len);

#endif
