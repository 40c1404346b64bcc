// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SIGV4_H
#define AWSTAP_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "message.h"

/*
 * AWS Signature Version 4 ("Create a signed AWS API request", IAM User Guide): HMAC-SHA256 over a
 * canonical form of the request, with a key derived from the secret for one day, region and
 * service.
 */

#define SIGV4_SECRET_MAX 128 /* bytes of a secret access key */

struct sigv4_key {
    const char *access_key_id, *secret;
    const char *session_token; /* NULL or "" for a long-lived key */
};

struct sigv4_scope {
    const char *region, *service; /* the signing region, which may differ from the endpoint's */
    uint64_t time;                /* seconds since 1970, by AWS's clock */
};

struct sigv4_header {
    const char *name, *value; /* name in lower case; value without white space around it */
};

struct sigv4_request {
    const char *method;
    const char *path, *query; /* as sent, in canonical form: percent-encoded, parameters sorted */
    const struct sigv4_header *headers; /* those signed, sorted by name, x-amz-date among them */
    size_t header_count;
    struct bytes body;
};

/*
 * Append the value of the Authorization header for this request to out.
 * 0 or a negative errno; -EINVAL: a secret longer than SIGV4_SECRET_MAX, or a time after the year
 * 9999.
 */
int sigv4_authorization(const struct sigv4_key *key, const struct sigv4_scope *scope,
                        const struct sigv4_request *request, struct buf *out);

/*
 * Append the whole header list for MSG_NET_REQUEST to headers (texts, each with its NUL): a form
 * POSTed to the root of host, as endpoint.h has it. 0 or an error of sigv4_authorization().
 */
int sigv4_post(const struct sigv4_key *key, const struct sigv4_scope *scope, const char *host,
               struct bytes body, struct buf *headers);

#endif
