// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FAILURE_H
#define AWSTAP_FAILURE_H

/* The one line on stderr that says why a command failed: `awstap: WORDS: TEXT`. Never give it a
 * secret. */

/* What the line begins with: the command's words and, where there is one, what it is about ("get",
 * "work"). */
void failure_about(const char *command, const char *operand);

/* Write the line, control characters replaced, and return status. */
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
