// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WORDS_H
#define AWSTAP_WORDS_H

#include <stddef.h>

#define WORDS_LINE_MAX ((size_t)16 * 1024) /* more than a session policy and all tags take */

/* A line split into words as a shell would. */
struct words {
    size_t count;
    char **word; /* NULL behind the last */
    char *store; /* what they lead into */
};

/*
 * Split the first n characters of line at white space; single quotes, double quotes and backslashes
 * as Python's shlex has them. 0, or a negative errno: -EINVAL, a quote or a backslash at the end is
 * left open; -E2BIG, the line is longer than WORDS_LINE_MAX; -ENOMEM. words then has those before
 * that place. It is to be released whatever comes.
 */
int words_split(struct words *words, const char *line, size_t n);
void words_free(struct words *words);

#endif
