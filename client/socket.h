// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SOCKET_H
#define AWSTAP_SOCKET_H

#include <sys/un.h>

/* Where the agent listens, by place_socket(). An exit status, and why on stderr. */
int socket_address(struct sockaddr_un *address);

/* Connect. A descriptor (close-on-exec) whose other end is this user's, or a negative errno
 * (-EPERM: it is not). */
int socket_connect(const struct sockaddr_un *address);

#endif
