// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_KEY_NAME_H
#define AWSTAP_KEY_NAME_H

#include <stdbool.h>

/* What a key is called in the vault, on the command line and in messages. */

#define KEY_NAME_MAX  64 /* characters */
#define KEY_NAME_RULE "a key's name has 1 to 64 of A-Z a-z 0-9 . _ @ + -, and no - at its beginning"

/*
 * Whether a new key may be called so, as KEY_NAME_RULE says: names are typed where an option could
 * stand, stand unquoted in
 * ~/.aws/config, and become part of MFA device names at AWS.
 */
bool key_name_allowed(const char *name);

#endif
