// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_START_H
#define AWSTAP_START_H

#include <sys/un.h>

/*
 * Start awstap-agent where nobody listens at address, and connect to it: *fd is as
 * socket_connect()'s. Of several that try at once one starts it and the others wait for that one.
 * An exit status, and why on stderr.
 */
int start_agent(const struct sockaddr_un *address, int *fd);

#endif
