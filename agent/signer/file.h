// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FILE_H
#define AWSTAP_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

/*
 * The signer's own files: read with suspicion, replaced as a whole or not at all. Every write that
 * awstap makes to a disk goes through file_replace(). Errors have status EXIT_FAILED unless a line
 * below says otherwise.
 */

#define FILE_PATH_MAX 1024 /* of a path with its NUL; a longer one is refused */

enum file_sync {
    FILE_SYNC,    /* on the disk before file_replace() returns */
    FILE_NO_SYNC, /* whole or not at all among processes, but a power cut may bring back the old one
                   */
};

/*
 * Append the contents of the file to out. It must be a regular file (no symbolic link), ours,
 * without any access for others, and of at most max bytes; else EXIT_VAULT. 0; 1: there is no such
 * file (error untouched); -1.
 */
int file_read(const char *path, size_t max, struct buf *out, struct error *error);

/*
 * A large file, whole, in *data (the caller's to free()) and *size, under the rules of file_read().
 */
int file_read_large(const char *path, size_t max, char **data, size_t *size, struct error *error);

/*
 * Put data in the place of the file, or make it, mode 0600: PATH.new is written, synced and
 * renamed, and the folder synced. Whatever interrupts it, the file is the old or the new one; a
 * PATH.new left by a crash is removed by the next write. Those that write the same path take turns
 * by file_lock(). 0; 1 with error: only the last sync failed, so the file is the new one, but a
 * power cut may bring back the old one; -1: the file is the old one.
 */
int file_replace(const char *path, const void *data, size_t n, enum file_sync sync,
                 struct error *error);

/*
 * Take the lock of the file at path (PATH.lock beside it, made if missing), waiting up to
 * timeout_ms for another process that holds it. A descriptor, released by closing it, or -1.
 */
int file_lock(const char *path, int timeout_ms, struct error *error);

/* Make the folder and those above it that are missing, mode 0700. An existing last one must be
 * ours. 0 or -1. */
int file_make_folder(const char *path, struct error *error);

/* file_make_folder() for the folder that the file at path is in. */
int file_make_parent(const char *path, struct error *error);

#endif
