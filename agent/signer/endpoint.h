// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ENDPOINT_H
#define AWSTAP_ENDPOINT_H

#include <stdbool.h>

#include "error.h"

/* Regions, partitions, and where STS and IAM of a region are. */

#define ENDPOINT_REGION_MAX 32  /* characters of a region */
#define ENDPOINT_URL_MAX    255 /* characters of an endpoint URL */

enum endpoint_service { ENDPOINT_STS, ENDPOINT_IAM };

/* The URL has no path; the Host header has the port unless it is the scheme's own. */
struct endpoint {
    char url[ENDPOINT_URL_MAX + 1];
    char host[ENDPOINT_URL_MAX + 1];
    char region[ENDPOINT_REGION_MAX + 1]; /* to sign for */
};

/*
 * The partition of a region: "aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso" or "aws-iso-b".
 * NULL for what is no region, or is one of a partition unknown here.
 */
const char *endpoint_partition(const char *region);

/* The region of a partition to use when none was given; NULL for an unknown partition. */
const char *endpoint_default_region(const char *partition);

/*
 * Whether url may stand for an endpoint: https://HOST[:PORT], or http:// to loopback only
 * (127.0.0.0/8, [::1], localhost); no user, no path but "/". 0, or -1 and error.
 */
int endpoint_url_check(const char *url, struct error *error);

/*
 * The endpoint of the service for a region. url, checked here too, replaces AWS's own; NULL or ""
 * for none. 0, or -1 and error.
 */
int endpoint_find(enum endpoint_service service, const char *region, const char *url,
                  struct endpoint *endpoint, struct error *error);

#endif
