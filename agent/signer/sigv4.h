// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SIGV4_H
#define AWSTAP_SIGV4_H

#include <stdbool.h>
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

/* What signs for one day, one region and one service, and gives no secret away: derived from it,
 * one way. */
struct sigv4_day {
    uint8_t key[32];
    char date[9]; /* YYYYMMDD; empty: there is none */
    char region[33], service[9];
};

struct sigv4_key {
    const char *access_key_id, *secret;
    const char *session_token;   /* NULL or "" for a long-lived key */
    const struct sigv4_day *day; /* in the place of secret, or NULL */
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
 * Derive what signs on the day of scope. *day is a secret of the caller's, to be wiped. 0 or
 * -EINVAL: as below, or a region or service that is too long.
 */
int sigv4_day_make(const char *secret, const struct sigv4_scope *scope, struct sigv4_day *day);

/* Whether it signs at this time, in seconds since 1970: on its day, and five minutes longer, as AWS
 * takes a request for 15 minutes. */
bool sigv4_day_signs(const struct sigv4_day *day, uint64_t now);

/* The time to sign for with this key at this time: itself, or, in those five minutes, the last
 * second of the day. */
uint64_t sigv4_time(const struct sigv4_key *key, uint64_t now);

/*
 * Append the value of the Authorization header for this request to out.
 * 0 or a negative errno; -EINVAL: a secret longer than SIGV4_SECRET_MAX, or a time after the year
 * 9999; -EKEYEXPIRED: the key is of another day, region or service.
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
