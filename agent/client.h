// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CLIENT_H
#define AWSTAP_CLIENT_H

#include <stdbool.h>

/* The programs that connect to the agent's socket. Each asks for one thing. */

/* Serve whoever connects to the listening socket, which stays the caller's; by_unit: systemd made
 * it. */
void client_listen(int socket, bool by_unit);

/* Serve whoever has connected to a remote host's socket, within its bounds; fd is taken over. */
struct remote;
void client_admit_remote(int fd, struct remote *from);

/* Take no more of them, and forget those there are. */
void client_close_all(void);

#endif
