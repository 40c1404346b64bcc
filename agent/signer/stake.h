// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_STAKE_H
#define AWSTAP_STAKE_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is at stake in a question to the person, and who asks: a few lines, whatever is asked for.
 * Texts from outside are made harmless. Zeroed to begin with.
 */

#define STAKE_LINES_SHOWN  6   /* with those who ask they fit what a pinentry can be told */
#define STAKE_LINE_SIZE    112 /* an ARN of a role, with what is said of it */
#define STAKE_ASKERS_SHOWN 3
#define STAKE_ASKER_SIZE   72
#define STAKE_MORE_MAX     32 /* of either, that are counted only */

/* Texts that are not shown any more, but counted: a hash of each. */
struct stake_more {
    size_t count;
    uint32_t hashes[STAKE_MORE_MAX];
};

struct stake {
    char lines[STAKE_LINES_SHOWN][STAKE_LINE_SIZE];
    char askers[STAKE_ASKERS_SHOWN][STAKE_ASKER_SIZE];
    size_t line_count, asker_count;
    struct stake_more more_lines, more_askers;
};

/*
 * text as it fits: of one that is too long the beginning and the end, since a role's ARN tells the
 * account there, and the role here. out.
 */
const char *stake_fit(char *out, size_t size, const char *text);

/* Add a line, as it fits. One that is there already is not said twice. */
void stake_line(struct stake *stake, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add who asks, as the system tells it; "" is nobody. */
void stake_asker(struct stake *stake, const char *who);

/* All of it as a dialog shows it, in lines; cut to size. */
void stake_write(const struct stake *stake, char *out, size_t size);

#endif
