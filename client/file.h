// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FILE_H
#define AWSTAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Files that a person names: the AWS config file, a policy. */

/*
 * The path of name, of which a leading `~/` is HOME's. 0; -ENOENT: HOME is wanted and not set;
 * -ENAMETOOLONG: path, of size bytes, is too small.
 */
int file_path(const char *name, char *path, size_t size);

/*
 * Copy from the one descriptor to the other, to the end. 0, -EFBIG (more than max bytes) or another
 * negative errno of either.
 */
int file_copy(int from, int to, size_t max);

/* Whether it is /dev/null, which stands for no file at all. */
bool file_is_null(const struct stat *st);

/*
 * All of a regular file (a pipe that nobody fills would hold up whoever waits for us). *text, with
 * a NUL behind its *len bytes, is the caller's to free(). 0 or a negative errno (-EFBIG: more than
 * max bytes; -EINVAL: no regular file).
 */
int file_read(const char *path, size_t max, char **text, size_t *len);

#endif
