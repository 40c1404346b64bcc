// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TERMINAL_H
#define AWSTAP_TERMINAL_H

#include "agent.h"

/*
 * The terminal of the person who enrols a factor, by a descriptor of his own: what is shown once
 * goes there and nowhere else, past the agent and the client.
 */

/* Whether it is one that can be written to and read from. 0 or -1 with error. */
int terminal_check(int fd, struct error *error);

/* Write all of text; what was typed before is thrown away. 0 or -1 with error. */
int terminal_show(int fd, const struct buf *text, struct error *error);

/*
 * Wait for Enter: a dialog may come on the same terminal, and would cover what is shown there. 0
 * or -1 with error.
 */
int terminal_await_enter(struct agent *agent, int fd, struct error *error);

#endif
