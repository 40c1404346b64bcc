// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOG_FILE_H
#define AWSTAP_LOG_FILE_H

#include "log_anchor.h"

/* The log as it is on the disk, held against the keys that its lines were written with. */

/* A file of the log in memory; data NULL: there is none. */
struct log_file {
    const char *name; /* for the person */
    char *data;
    size_t size;
};

/* What was found. */
struct log_report {
    uint64_t lines;     /* that are as they were written */
    uint64_t unchecked; /* of segments that are sealed to an earlier key of the vault */
    uint64_t first;     /* the time of the first line that is as it was written; 0: none is */
    unsigned faults;    /* lines that were changed, gaps, ends that are missing */
    char text[400];     /* the first of them, for a person */
};

/*
 * Check both files, the older one first, with the private key of the unlocked vault; the anchor
 * (and what the agent itself counts, by an entry more than the file has) says how many lines there
 * must be. 0 and *report, or -1 with error: memory is short.
 */
int log_file_check(const struct vault *vault, const struct log_file files[2],
                   const struct log_anchor *anchor, struct log_report *report, struct error *error);

#endif
