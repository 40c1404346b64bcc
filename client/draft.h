// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DRAFT_H
#define AWSTAP_DRAFT_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>

/* A file on its way to its name: written beside it, so that what has the name is whole. */

struct draft {
    char folder[PATH_MAX], path[PATH_MAX + 32];
    int fd;
    sigset_t mask; /* of signals, and what SIGXFSZ did, before it was opened */
    struct sigaction before;
};

/*
 * Make the file in which the one at target is written, mode 0600. One that an interrupted awstap
 * has left goes; one that another awstap writes is -EBUSY. Until draft_close() no signal ends us,
 * as that would leave the file. 0 or a negative errno.
 */
int draft_open(struct draft *draft, const char *target);

/* Give it the name target, which nothing has yet: -EEXIST. 0 or another negative errno. */
int draft_move_new(const struct draft *draft, const char *target);

/* Close it, for good where it was moved to its name; else it is removed. */
void draft_close(struct draft *draft, bool moved);

#endif
