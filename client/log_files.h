// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOG_FILES_H
#define AWSTAP_LOG_FILES_H

#include <stddef.h>

#include "log_line.h"
#include "place.h"

/* The agent's log, read from its files: the full one and the one that is being written. */
struct log_files {
    char folder[PLACE_MAX];
    struct log_part {
        const char *name;
        char *text; /* NULL: there is no such file */
        size_t len;
    } parts[2]; /* the older one first */
};

/*
 * Read the log of the running agent, or from where it would be. An exit status, and why on stderr;
 * log_files_close() is due in either case.
 */
int log_files_open(struct log_files *files);
void log_files_close(struct log_files *files);

/*
 * Hand take every event, the oldest first, with its place: line is NULL for one that is none of
 * ours, and good until the next. Its first status that is not EXIT_DONE ends it and is returned.
 */
int log_files_each(const struct log_files *files,
                   int (*take)(void *context, const char *file, size_t number,
                               const struct log_line *line),
                   void *context);

#endif
