// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PLAN_H
#define AWSTAP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/*
 * The plan of the leak drill as the person reads it on stdout: a numbered line for each step, with
 * the time when it was done, or that it is left.
 */

enum plan_step {
    PLAN_OPEN = 1,
    PLAN_CREATE,
    PLAN_PROVE,
    PLAN_OFF,
    PLAN_REFUSED,
    PLAN_RENEW, /* up to here it is the vault's, and numbered as enum drill_step */
    PLAN_DENY,
    PLAN_ROLES,
    PLAN_DELETE,
    PLAN_LOOK,
};

struct plan {
    bool pretty;         /* for a terminal: local times; else a line tells its date, too */
    enum plan_step done; /* the last step that was told of; 0: none */
    int status;          /* EXIT_DONE, or what the first output that failed said */
};

/* pretty where stdout is a terminal. */
void plan_begin(struct plan *plan);

/*
 * Tell that a step was done at this time (seconds since 1970; 0: in an earlier run), and how. Steps
 * that were told of are not told again. printf's format.
 */
void plan_did(struct plan *plan, enum plan_step step, uint64_t when, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Tell that a step is for others to do, and what. */
void plan_leave(struct plan *plan, enum plan_step step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tell all the steps that nothing was told of. */
void plan_left(struct plan *plan);

/* A line as it is, and nothing after an output that failed. Control characters are replaced. */
void plan_line(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text of buf and a newline; error is that of putting it together. */
void plan_text(struct plan *plan, struct buf *buf, int error);

#endif
