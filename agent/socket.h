// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SOCKET_H
#define AWSTAP_SOCKET_H

#include <stddef.h>

/* The socket that the agent listens on, and the lock that keeps a second agent off it. */

/*
 * Where the socket is when nobody says: $AWSTAP_SOCK, else awstap/agent.sock in $XDG_RUNTIME_DIR,
 * else in /run/user/UID where that is ours. 0, -ENOENT (none of these), -ENAMETOOLONG.
 */
int socket_default_path(char *path, size_t size);

/*
 * Listen at path, in a folder that is made (0700) if need be, and refused unless only we may write
 * to it. Returns the listening socket, or a negative errno; -EADDRINUSE: another agent lives there;
 * -EPERM: others may write to the folder; -ENOTSOCK: something else is there, and stays.
 */
int socket_listen(const char *path);

/* The listening socket that systemd has handed over (sd_listen_fds(3)), -ENOENT where it has not,
 * or a negative errno. */
int socket_inherited(void);

/* Remove the socket of socket_listen(), if it is still ours. */
void socket_remove(void);

#endif
