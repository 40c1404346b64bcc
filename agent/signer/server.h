// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SERVER_H
#define AWSTAP_SERVER_H

#include <stdint.h>

#include "agent.h"
#include "endpoint.h"
#include "sigv4.h"

/* A server of AWS's, reached through an awstap-net of its own. */
struct server {
    struct channel net;
    struct endpoint endpoint;
    char *ca_bundle;          /* in the arena */
    int64_t skew_ms;          /* what AWS's clock is ahead of ours */
    uint64_t date;            /* of the last answer, by AWS's clock; 0: it had none */
    enum net_failure failure; /* after an error: how it failed; 0: it did not */
    struct frame frame;       /* the last reply, not yet dropped */
    bool holds_frame;
    bool connected, clock_refused;
    bool posted; /* what AWS did is not known until it has answered */
};

/* A request that only has to be sent. Both buffers are the caller's. */
struct request {
    struct buf headers, body;
};

void request_init(struct request *request);
void request_free(struct request *request);

/* Sign the body of request for this server with the key, as of now by AWS's clock. 0 or -1 with
 * error. */
int request_sign(struct request *request, const struct server *server, const char *service,
                 const struct sigv4_key *key, struct error *error);

/* A server that is not there, which server_close() may be called on. */
void server_init(struct server *server);
void server_close(struct server *server);

/*
 * Begin to connect: returns while the name is being resolved. The endpoint is that of the service
 * in the region, or url
 * ("" for none); ca_bundle is a path or "". 0 or -1 with error.
 */
int server_begin(struct server *server, struct agent *agent, enum endpoint_service service,
                 const char *region, const char *url, const char *ca_bundle, struct error *error);

/* Wait until it is connected, and its clock known. 0 or -1 with error. */
int server_await(struct server *server, struct error *error);

/* The same without waiting: 1; 0: not yet; -1 with error. */
int server_is_connected(struct server *server, struct error *error);

/* Wait until server_is_connected() has something to say, or until the deadline of clock_boot_ms().
 */
void server_wait(const struct server *server, uint64_t deadline_ms);

/* Take note of what the server's clock has been found to be meanwhile. */
void server_look(struct server *server);

/* The time by AWS's clock, milliseconds since 1970. */
uint64_t server_now_ms(const struct server *server);

/*
 * Connect once more, to the same server, in the place of a connection that failed or is not to be
 * used for more; waits. 0 or -1 with error.
 */
int server_renew(struct server *server, struct agent *agent, struct error *error);

/* Send the request, once. 0 or -1 with error. */
int server_post(struct server *server, const struct request *request, struct error *error);

/*
 * Wait for the answer to server_post(). *reply is good until the next call about this server. 0,
 * whatever AWS answered; or -1 with error and failure.
 */
int server_reply(struct server *server, struct msg_net_reply *reply, struct error *error);

/*
 * Both, of a request that AWS may carry out twice without harm: where no answer came, it is sent
 * once more on a new connection. As server_reply(); failure is NET_UNKNOWN where AWS may have
 * carried it out.
 */
int server_ask(struct server *server, struct agent *agent, const struct request *request,
               struct msg_net_reply *reply, struct error *error);

#endif
