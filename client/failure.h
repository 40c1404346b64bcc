// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FAILURE_H
#define AWSTAP_FAILURE_H

#include <stddef.h>

/* The line on stderr that says why a command failed, `awstap: WORDS: TEXT`. No secret in it. */

/* What the line begins with: the command and (or NULL) what it is about, as "get" and "work". */
void failure_about(const char *command, const char *operand);

/*
 * Keep the text of what fails from here on, without what it is about, instead of writing the line:
 * in text, of size bytes, the last one. NULL: write it again.
 */
void failure_keep(char *text, size_t size);

/* Write the line, control characters replaced, and return status. */
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
