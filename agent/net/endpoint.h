// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ENDPOINT_H
#define AWSTAP_ENDPOINT_H

#include <stdbool.h>

#include "failure.h"

#define ENDPOINT_URL_MAX  1024
#define ENDPOINT_HOST_MAX 253 /* the longest DNS name */

/* A server's address, checked. */
struct endpoint {
    char url[ENDPOINT_URL_MAX + 1];
    char host[ENDPOINT_HOST_MAX + 1];
    bool plain; /* http, and then the host is this machine */
};

/*
 * Take an endpoint URL apart: https with any host, or http with a loopback host (127.0.0.0/8, ::1,
 * or localhost, which libcurl never looks up); no user, no path but "/", no query, no fragment. The
 * signer has checked it already; here it is what keeps signed requests off the network in the
 * clear. 0, or -EIO and *failure.
 */
int endpoint_parse(struct endpoint *endpoint, const char *url, struct failure *failure);

#endif
