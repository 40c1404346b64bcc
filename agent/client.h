// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CLIENT_H
#define AWSTAP_CLIENT_H

/* The programs that connect to the agent's socket. Each asks for one thing. */

/* Serve whoever connects to the listening socket. The socket stays the caller's. */
void client_listen(int socket);

/* Take no more of them, and forget those there are. */
void client_close_all(void);

#endif
