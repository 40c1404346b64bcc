// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WORDS_H
#define AWSTAP_WORDS_H

#include <stddef.h>

#define WORDS_MAX  32
#define WORDS_SIZE 1024 /* all characters of all words */

/* A line split into words as a shell would. */
struct words {
    size_t count;
    char *word[WORDS_MAX + 1]; /* into store; NULL behind the last */
    char store[WORDS_SIZE];
};

/*
 * Split the first n characters of line at white space; single quotes, double quotes and backslashes
 * mean what they mean to Python's shlex. 0; -EINVAL: a quote is not closed; -E2BIG: more than fits.
 * The words before the fault stand.
 */
int words_split(struct words *words, const char *line, size_t n);

#endif
