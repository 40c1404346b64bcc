// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PLACE_H
#define AWSTAP_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Where awstap's files are, and which folders can be trusted with them. */

/*
 * Where the agent's socket is when nobody says: $AWSTAP_SOCK, else awstap/agent.sock in
 * $XDG_RUNTIME_DIR where that is an absolute path, else in /run/user/UID where that is ours. 0;
 * -ENOENT: none of these; -ENAMETOOLONG: path, of size bytes, is too small.
 */
int place_socket(char *path, size_t size);

/*
 * Where the folder or file of awstap's called name (with its slash, or empty) is: below $variable
 * where that is an absolute path, else below fallback in $HOME (XDG base directory specification).
 * 0; -ENOENT: neither is set; -ENAMETOOLONG: path, of size bytes, is too small.
 */
int place_xdg(const char *variable, const char *fallback, const char *name, char *path,
              size_t size);

/* The state folder when nobody says, as place_xdg(). */
int place_state(char *path, size_t size);

/*
 * The folder that the file at path is in, "." where path has no slash. 0, or -ENAMETOOLONG:
 * folder, of size bytes, is too small for all of path.
 */
int place_parent(const char *path, char *folder, size_t size);

/*
 * Whether these are the facts of a folder that is ours, and that neither its group nor others may
 * write to: else they could put something of their own in the place of what we keep there.
 */
bool place_is_ours_alone(const struct stat *facts);

#define PLACE_MAX 1024 /* of the path of a folder that is made, with its NUL */

/*
 * Make the folder and those above it that are missing, mode 0700. 0; -EPERM: it is there and not
 * ours alone; another negative errno.
 */
int place_make_folder(const char *path);

#endif
