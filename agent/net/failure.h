// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FAILURE_H
#define AWSTAP_FAILURE_H

#include <stddef.h>

#include "message.h"

#define FAILURE_TEXT 512 /* with its NUL */

/* Why a connection or a request failed: its kind, and one line for a person. */
struct failure {
    enum net_failure kind;
    char text[FAILURE_TEXT];
};

/* Fill *failure; the text comes out as line_copy() makes it. Returns -EIO, always. */
int failure_set(struct failure *failure, enum net_failure kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Copy text that may come from outside into to, of size bytes, cut to fit. Runs of control
 * characters and blanks become one blank, none is left at either end, and any other byte that is
 * not printable ASCII becomes '?'.
 */
void line_copy(char *to, size_t size, const char *text);

#endif
