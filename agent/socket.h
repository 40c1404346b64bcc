// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SOCKET_H
#define AWSTAP_SOCKET_H

#include <sys/stat.h>

/* The socket that the agent listens on, and the lock that keeps a second agent off it. */

/*
 * Listen at path, in a folder that is made (0700) if need be, and refused unless only we may write
 * to it. Returns the listening socket, or a negative errno; -EADDRINUSE: another agent lives there,
 * or another program; -EPERM: others may write to the folder; -ENOTSOCK: something else is there,
 * and stays.
 */
int socket_listen(const char *path);

/*
 * Listen at path as well, in a folder made and checked in the same way, without a lock: where the
 * agent that holds path's folder does so. As socket_listen(); *made is for socket_unlink().
 */
int socket_listen_also(const char *path, struct stat *made);

/* Remove the socket at path, if it is still the one that was made. */
void socket_unlink(const char *path, const struct stat *made);

/* The listening socket that systemd has handed over (sd_listen_fds(3)), -ENOENT where it has not,
 * or a negative errno. */
int socket_inherited(void);

/* Remove the socket of socket_listen(), if it is still ours. */
void socket_remove(void);

#endif
