// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_QUESTION_H
#define AWSTAP_QUESTION_H

#include "arguments.h"

/* What is decided by an option, or else by the person. */

/*
 * Whether something is to be done: as one of two opposite options says, or the person at the
 * terminal, whose Enter means `usual`. Where there is neither, it is not. An exit status, and *yes.
 */
int question_decide(const struct arguments *arguments, enum option with, enum option without,
                    const char *question, bool usual, bool *yes);

/* EXIT_USAGE where both of two opposite options are given, and it is said. */
int question_check(const struct arguments *arguments, enum option with, enum option without);

/* Whether there is a person at a terminal, who sees what we print. */
bool question_possible(void);

#endif
