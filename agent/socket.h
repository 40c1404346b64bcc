// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SOCKET_H
#define AWSTAP_SOCKET_H

/* The socket that the agent listens on, and the lock that keeps a second agent off it. */

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
