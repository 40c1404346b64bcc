// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CONTEXT_H
#define AWSTAP_CONTEXT_H

#include "message.h"

#define CONTEXT_TTY 32

/*
 * Where the person can be asked: the terminal that controls us, whatever our standard descriptors
 * are, and what dialogs want to know of the environment, into which texts lead. tty holds the
 * terminal's path. What is too long, or steers a terminal, is left out, and so is a display that is
 * forwarded by SSH: it is not at the place of the security key.
 */
struct msg_context context_tell(char tty[CONTEXT_TTY]);

#endif
