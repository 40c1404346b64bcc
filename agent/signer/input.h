// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_INPUT_H
#define AWSTAP_INPUT_H

#include "agent.h"

/*
 * Read what a person hands over through the descriptor (closed here), to its end: at most max
 * bytes, and not for ever. Appended to out, a buffer of the arena. 0 or -1 with error.
 */
int input_read(struct agent *agent, int fd, size_t max, struct buf *out, struct error *error);

#endif
