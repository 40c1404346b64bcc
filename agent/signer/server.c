// SPDX-License-Identifier: BSD-2-Clause
// Talking to AWS through awstap-net: the signer gives it signed requests and believes only checked
// fields.
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "arena.h"
#include "clock.h"

#define CONNECT_MS 10000 /* awstap-net itself gives up after 8 s */
#define REPLY_MS   14000 /* and on an answer after 10 s */
#define SEND_MS    2000
#define SKEW_MS    2000 /* Date has whole seconds and a way to go: less than this is no skew */
#define SKEW_MAX_MS                                                                                \
    ((int64_t)24 * 60 * 60 *                                                                       \
     1000) /* nobody's word, signed for any day, should outlive today by much */
#define YEAR_9999 253402300799u

void request_init(struct request *request)
{
    buf_init(&request->headers);
    buf_init(&request->body);
}

void request_free(struct request *request)
{
    buf_free(&request->headers);
    buf_free(&request->body);
}

int request_sign(struct request *request, const struct server *server, const char *service,
                 const struct sigv4_key *key, struct error *error)
{
    const struct sigv4_scope scope = {server->endpoint.region, service,
                                      sigv4_time(key, server_now_ms(server) / 1000)};
    const struct bytes body = {buf_data(&request->body), buf_len(&request->body)};
    int r = sigv4_post(key, &scope, server->endpoint.host, body, &request->headers);

    if (r == -EKEYEXPIRED)
        return error_set(error, EXIT_PERSON,
                         "the day is over that %s signs for without a touch; the next touch "
                         "brings it anew: run it again",
                         key->access_key_id);
    return r < 0 ? error_set(error, EXIT_FAILED, "cannot sign the request: %s", strerror(-r)) : 0;
}

void server_init(struct server *server)
{
    *server = (struct server){.net.fd = -1};
}

static void drop_frame(struct server *server)
{
    if (server->holds_frame)
        channel_drop(&server->net, &server->frame);
    server->holds_frame = false;
}

static void disconnect(struct server *server)
{
    drop_frame(server);
    channel_close(&server->net);
    server->connected = server->clock_refused = server->posted = false;
    server->failure = 0;
}

void server_close(struct server *server)
{
    disconnect(server);
    arena_free(server->ca_bundle);
    server->ca_bundle = NULL;
}

static int connect_to(struct server *server, struct agent *agent, struct error *error)
{
    struct msg_net_connect connect = {server->endpoint.url, server->ca_bundle};

    if (agent_need(agent, PROGRAM_NET, &server->net, error) < 0)
        return -1;
    if (channel_send(&server->net, MSG_NET_CONNECT, &connect, -1, SEND_MS) < 0)
        return error_set(error, EXIT_FAILED, "awstap-net has ended unexpectedly; run it again");
    return 0;
}

int server_begin(struct server *server, struct agent *agent, enum endpoint_service service,
                 const char *region, const char *url, const char *ca_bundle, struct error *error)
{
    if (endpoint_find(service, region, url, &server->endpoint, error) < 0)
        return -1;
    if (!(server->ca_bundle = arena_strdup(ca_bundle)))
        return error_set(error, EXIT_FAILED, "out of memory");
    return connect_to(server, agent, error);
}

/* Whether the date is one to go by. */
static bool note_date(struct server *server, uint64_t date)
{
    int64_t ahead;

    if (!date)
        return true;
    if (date > YEAR_9999)
        return false;
    ahead = (int64_t)(date * 1000) - (int64_t)clock_now_ms();
    if (ahead > SKEW_MAX_MS || ahead < -SKEW_MAX_MS)
        return false;
    server->skew_ms = ahead > SKEW_MS || ahead < -SKEW_MS ? ahead : 0;
    return true;
}

static int failed(struct server *server, const struct msg_net_failed *failed, struct error *error)
{
    server->failure = failed->failure;
    return error_set(error, EXIT_AWS, "%s%s", failed->text,
                     failed->failure == NET_UNKNOWN ? "; run it again" : "");
}

static int net_died(struct server *server, struct error *error)
{
    server->failure = server->posted ? NET_UNKNOWN : NET_UNREACHABLE;
    if (server->posted)
        return error_set(
            error, EXIT_AWS,
            "the answer of AWS was lost; the request may have been carried out; run it again");
    return error_set(error, EXIT_FAILED, "awstap-net has ended unexpectedly; run it again");
}

/* The next frame that is not the news that the connection was made anew. It stays until the next
 * call. */
static int next_frame(struct server *server, int timeout_ms, struct error *error)
{
    struct msg_net_failed net_failed;

    drop_frame(server);
    if (channel_receive(&server->net, &server->frame, timeout_ms) != 1)
        return net_died(server, error);
    server->holds_frame = true;
    if (message_get(&server->frame, MSG_NET_FAILED, &net_failed) == 0)
        return failed(server, &net_failed, error);
    return 0;
}

static bool take_connected(struct server *server)
{
    struct msg_net_connected connected;

    if (message_get(&server->frame, MSG_NET_CONNECTED, &connected) < 0)
        return false;
    server->connected = true;
    server->clock_refused = !note_date(server, connected.date);
    return true;
}

static int check_connected(const struct server *server, struct error *error)
{
    if (server->clock_refused)
        return error_set(error, EXIT_AWS,
                         "the clock of %s is more than a day away from this computer's; set the "
                         "clock and run it again",
                         server->endpoint.host);
    return 0;
}

int server_await(struct server *server, struct error *error)
{
    if (!server->connected) {
        if (next_frame(server, CONNECT_MS, error) < 0)
            return -1;
        if (!take_connected(server))
            return net_died(server, error);
    }
    return check_connected(server, error);
}

int server_is_connected(struct server *server, struct error *error)
{
    if (!server->connected && channel_fill(&server->net) == 0 && !server->net.ended)
        return 0;
    return server_await(server, error) < 0 ? -1 : 1;
}

void server_wait(const struct server *server, uint64_t deadline_ms)
{
    struct pollfd pollfd = {.fd = server->net.fd, .events = POLLIN};
    int left;

    while (!server->connected && (left = clock_left_ms(deadline_ms)) != 0)
        if (poll(&pollfd, 1, left) > 0)
            return;
}

void server_look(struct server *server)
{
    if (channel_fill(&server->net) < 0)
        return;
    drop_frame(server);
    while (channel_next(&server->net, &server->frame) == 1 && take_connected(server))
        channel_drop(&server->net, &server->frame);
}

uint64_t server_now_ms(const struct server *server)
{
    return (uint64_t)((int64_t)clock_now_ms() + server->skew_ms);
}

int server_post(struct server *server, const struct request *request, struct error *error)
{
    const struct msg_net_request post = {
        .headers = {(const char *)buf_data(&request->headers), buf_len(&request->headers)},
        .body = {buf_data(&request->body), buf_len(&request->body)},
    };

    server->posted = true;
    if (channel_send(&server->net, MSG_NET_REQUEST, &post, -1, SEND_MS) < 0)
        return net_died(server, error);
    return 0;
}

int server_reply(struct server *server, struct msg_net_reply *reply, struct error *error)
{
    do
        if (next_frame(server, REPLY_MS, error) < 0)
            return -1;
    while (take_connected(server));
    if (message_get(&server->frame, MSG_NET_REPLY, reply) < 0)
        return net_died(server, error);
    note_date(server, reply->date);
    server->date = reply->date;
    return 0;
}

int server_renew(struct server *server, struct agent *agent, struct error *error)
{
    disconnect(server);
    if (connect_to(server, agent, error) == 0 && server_await(server, error) == 0)
        return 0;
    if (!server->failure)
        server->failure = NET_UNREACHABLE;
    return -1;
}

static int exchange(struct server *server, const struct request *request,
                    struct msg_net_reply *reply, struct error *error)
{
    return server_post(server, request, error) < 0 ? -1 : server_reply(server, reply, error);
}

int server_ask(struct server *server, struct agent *agent, const struct request *request,
               struct msg_net_reply *reply, struct error *error)
{
    bool unknown;

    if (server->failure && server_renew(server, agent, error) < 0)
        return -1;
    if (exchange(server, request, reply, error) == 0)
        return 0;
    if (server->failure == NET_UNTRUSTED)
        return -1;
    unknown = server->failure == NET_UNKNOWN;
    if (server_renew(server, agent, error) == 0 && exchange(server, request, reply, error) == 0)
        return 0;
    if (unknown)
        server->failure = NET_UNKNOWN;
    return -1;
}
