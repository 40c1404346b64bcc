// SPDX-License-Identifier: BSD-2-Clause
// What a key may be called.
#include "key_name.h"

#include <string.h>

bool key_name_allowed(const char *name)
{
    size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-");

    return n > 0 && n <= KEY_NAME_MAX && !name[n] && *name != '-';
}
