// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_STARTER_H
#define AWSTAP_STARTER_H

#include <stdbool.h>

/*
 * The starter: the process that starts every helper, so that the agent itself can give up the right
 * to. It parses nothing but START, and ends when the agent does, which ends the helpers.
 */

/*
 * Fork it, before the process holds anything. Without keep_stderr it and the helpers complain to
 * /dev/null: the agent is about to leave its terminal. Returns the agent's end of the conversation,
 * or a negative errno.
 */
int starter_fork(bool keep_stderr);

#endif
