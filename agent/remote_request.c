// SPDX-License-Identifier: BSD-2-Clause
// What a client asks about the sockets of remote hosts.
#include "remote_request.h"

#include <errno.h>
#include <stdio.h>

#include "log.h"

static void note(const char *what, const char *host)
{
    char text[128];
    const struct log_event event = {.what = what, .why = text};

    snprintf(text, sizeof text, "for the remote host %s", host);
    log_event(&event);
}

/* r of remote_add() and its like. */
static void answer(struct peer *client, int r, const char *why)
{
    const struct msg_failed failed = {EXIT_FAILED, why};
    const struct msg_done done = {""};

    if (r < 0)
        peer_send(client, MSG_FAILED, &failed, -1);
    else
        peer_send(client, MSG_DONE, &done, -1);
}

static void tell(const struct grant *grant, const char *path, void *client)
{
    const struct msg_socket socket = {grant->host, path, grant->max_duration, grant->allow};

    peer_send(client, MSG_SOCKET, &socket, -1);
}

static int add(struct peer *client, const struct frame *frame,
               void (*dropped)(const struct remote *remote))
{
    char why[REMOTE_WHY] = "";
    struct msg_socket_add request;
    int r;

    if (message_get(frame, MSG_SOCKET_ADD, &request) < 0)
        return -EPROTO;
    r = remote_add(&(struct grant){request.host, request.max_duration, request.allow}, dropped,
                   why);
    if (r == 0)
        note("socket add", request.host);
    answer(client, r, why);
    return 0;
}

static int list(struct peer *client, const struct frame *frame)
{
    if (message_get(frame, MSG_SOCKET_LIST, NULL) < 0)
        return -EPROTO;
    remote_each(tell, client);
    answer(client, 0, "");
    return 0;
}

static int drop(struct peer *client, const struct frame *frame,
                void (*dropped)(const struct remote *remote))
{
    char why[REMOTE_WHY] = "";
    struct msg_socket_remove request;
    int r;

    if (message_get(frame, MSG_SOCKET_REMOVE, &request) < 0)
        return -EPROTO;
    if ((r = remote_remove(request.host, dropped, why)) == 0)
        note("socket remove", request.host);
    answer(client, r, why);
    return 0;
}

int remote_request(struct peer *client, const struct frame *frame,
                   void (*dropped)(const struct remote *remote))
{
    switch (frame->type) {
    case MSG_SOCKET_ADD:
        return add(client, frame, dropped);
    case MSG_SOCKET_LIST:
        return list(client, frame);
    default:
        return drop(client, frame, dropped);
    }
}
