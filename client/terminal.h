// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TERMINAL_H
#define AWSTAP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

/* The person at /dev/tty: told what is being waited for, asked for what must be typed. stdin and
 * stderr are others'. */

/* What to say about a wait, once it has lasted a moment. */
struct progress {
    char text[1025];
    uint64_t due_ms; /* of clock_boot_ms(); CLOCK_FOREVER: nothing to say */
};

void progress_init(struct progress *progress);

/*
 * Take what the agent reports: a note is said at once, a wait later unless another replaces it.
 * That a dialog asks is said at once and nothing after it, since the dialog may be on this
 * terminal.
 */
void progress_take(struct progress *progress, const struct msg_progress *report);

/* Say what is due now. Where there is no terminal nobody is told. */
void progress_show(struct progress *progress);

/* Note how the terminal is set, before a dialog of the agent's can be on it. While it is set
 * otherwise nothing is said there. */
void terminal_remember(void);

/*
 * A dialog of the agent at this socket may be on the terminal from now on: a signal of the person's
 * that ends us takes the dialog away first, by terminal_hang_up().
 */
void terminal_share(int agent);

/*
 * Hang up at the agent of terminal_share(), and wait until the terminal is as it was remembered: 1
 * s at most, since others may be asked in the same dialog. Harmless where nothing is shared.
 */
void terminal_hang_up(void);

/*
 * Ask for one line, echo off for a secret, into answer (of size bytes, in the arena; without the
 * newline). The terminal is as before afterwards, also when a signal ends us. 0; -ENXIO or another
 * negative errno: no terminal; -ECANCELED: end of input; -EMSGSIZE: the line is too long.
 */
int terminal_ask(const char *prompt, bool echo, char *answer, size_t size);

#endif
