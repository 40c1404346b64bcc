// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TAKEN_H
#define AWSTAP_TAKEN_H

#include <stddef.h>
#include <stdint.h>

/* The roles that were taken with a key, as far as the log and the AWS config file go. */

#define TAKEN_MAX 256

struct taken {
    char *roles[TAKEN_MAX]; /* ARNs, each once: the log's in the order in which they were first
                               taken */
    size_t count;
    uint64_t since;  /* the log tells of no time before; 0: it is empty */
    size_t damaged;  /* lines that tell nothing */
    size_t left_out; /* those that there was no room for */
};

/*
 * Gather the roles that key gave sessions of from `since` on (seconds since 1970), from the log on
 * disk. An exit status, and why on stderr; taken_free() is due in either case.
 */
int taken_read(struct taken *taken, const char *key, uint64_t since);

/*
 * Add the roles of those profiles of the AWS config file that come to this key: AWS tools may have
 * taken them by themselves. An exit status, and why on stderr.
 */
int taken_profiles(struct taken *taken, const char *key);

void taken_free(struct taken *taken);

#endif
