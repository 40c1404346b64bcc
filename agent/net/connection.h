// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CONNECTION_H
#define AWSTAP_CONNECTION_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "endpoint.h"
#include "failure.h"
#include "message.h"

#define ANSWER_REQUEST_ID 129 /* with its NUL */

/*
 * Asked again and again while a transfer waits, and at once when the descriptor watched turns
 * readable. 0: go on; 1: another matter is pressing, come to an end soon; negative errno: give up.
 */
typedef int connection_heard(void *context);

/* Who may interrupt: a descriptor to watch, and whom to ask. */
struct listener {
    int fd;
    connection_heard *heard;
    void *context;
};

/*
 * One server: at most one connection to it at a time, kept between requests. HTTP/1.1, TLS 1.2 or
 * later with verification, proxies from the environment as libcurl takes them (none for plain
 * http), no redirects, cookies, netrc or compression.
 */
struct connection {
    CURLM *multi;
    CURL *head, *post; /* both draw on multi's one connection */
    struct endpoint endpoint;
    struct listener listener;
    curl_socket_t socket;         /* of the kept connection, or CURL_SOCKET_BAD */
    uint64_t used_ms;             /* when it last answered, by clock_boot_ms() */
    char detail[CURL_ERROR_SIZE]; /* libcurl's on the latest failure, with words of the server's */
};

/* What came back, whole. */
struct answer {
    unsigned status;
    uint64_t date;                      /* of the Date header, seconds since 1970; 0: none */
    char request_id[ANSWER_REQUEST_ID]; /* of the header x-amzn-RequestId; empty: none */
    bool remade;                        /* a new connection was made for it */
    struct buf body;                    /* at most BUF_MAX bytes */
};

/*
 * Prepare for the server of an endpoint URL, checked as endpoint_parse() and trust_choose() say;
 * nothing is sent yet. 0; -EIO and *failure; or -ENOMEM. To be closed in any case.
 */
int connection_open(struct connection *connection, const char *url, const char *ca_bundle,
                    const struct listener *listener, struct failure *failure);
void connection_close(struct connection *connection);

/* An answer begins empty and is wiped by answer_free(). */
void answer_init(struct answer *answer);
void answer_free(struct answer *answer);

/*
 * An unsigned HEAD of the root, within 8 s, connecting where needed. The status may be any.
 * 0; -EIO and *failure, never NET_UNKNOWN as nothing was asked for; or the listener's error.
 */
int connection_head(struct connection *connection, struct answer *answer, struct failure *failure);

/*
 * POST body (not empty) with these headers ("Name: value" each) to the root, within 10 s. At most
 * one whole request leaves: libcurl may begin again on a new connection only while no byte of the
 * body has been handed to it, and after that the outcome counts as unknown. A kept connection that
 * has been closed, or has not answered for a while, is not used. headers and body are copied.
 * 0; -EIO and *failure; -EPROTO: no headers or body of ours; -ENOMEM; or the listener's error.
 */
int connection_post(struct connection *connection, const struct list *headers,
                    const struct bytes *body, struct answer *answer, struct failure *failure);

#endif
