// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PINENTRY_H
#define AWSTAP_PINENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "assuan.h"

/* A pinentry that runs: a program that shows a dialog, spoken to in lines. It never outlives us. */
struct pinentry {
    pid_t pid;        /* 0: none */
    int pidfd;        /* readable once it has ended */
    int to, from;     /* pipes */
    int conversation; /* polled meanwhile: nothing is to come there before the question is answered
                       */
    char *held;       /* what it said, in the arena; the line that was read last stands in front */
    size_t held_len, read_len;
};

/*
 * Start the program at path with this environment and nothing else of ours. 0; a negative errno:
 * that of exec() where it could not be run. conversation stays the caller's.
 */
int pinentry_start(struct pinentry *pinentry, const char *path, char *const environment[],
                   int conversation);

/* Tell it something: a line as of assuan_command(). 0, or a negative errno: it has gone. */
int pinentry_tell(struct pinentry *pinentry, const char *command, const char *text);

/*
 * Wait for the next line, until deadline_ms of clock_boot_ms(). *line is good until the next call.
 * 1; 0: it has ended; -ETIMEDOUT; -ECANCELED: the conversation is over, or something came there;
 * -EPROTO: longer than any line may be; another negative errno.
 */
int pinentry_hear(struct pinentry *pinentry, struct assuan_line *line, uint64_t deadline_ms);

/*
 * End it: with a word where it has answered, else by a signal; it is killed where it does not
 * listen for a second. What it said is wiped. Harmless where none runs.
 */
void pinentry_stop(struct pinentry *pinentry, bool has_answered);

#endif
