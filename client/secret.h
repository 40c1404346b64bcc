// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SECRET_H
#define AWSTAP_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * The descriptor by which a secret goes to the signer: stdin itself where that is a file. Else it
 * is a filled pipe, so that nobody waits for a touch behind a signer that waits for us: with what
 * came on stdin or, where that is a terminal, with what ask got from the person, who is asked only
 * once the agent is known to be there. ask appends to secret and returns an exit status. *fd is the
 * caller's. An exit status, and why on stderr.
 */
int secret_descriptor(int (*ask)(struct buf *secret), int *fd);

/* A pipe that yields the secret, at most 64 KiB, and ends; writing to it does not wait. *fd is the
 * caller's. An exit status, and why on stderr. */
int secret_pipe(const struct buf *secret, int *fd);

/* Ask for one line of the secret, at most size - 1 characters and not empty; answer is in the
 * arena. An exit status. */
int secret_line(const char *prompt, bool echo, char *answer, size_t size);

/* Whether two secrets are the same text. How long it takes tells their lengths alone. */
bool secret_same(const char *a, const char *b);

#endif
