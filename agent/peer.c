// SPDX-License-Identifier: BSD-2-Clause
// A conversation driven by the loop.
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static bool is_open(const struct peer *peer)
{
    return peer->channel.fd >= 0;
}

/* Hand over what has come. The owner may close the peer in on_frame(), and then frame is gone as
 * well. */
static int take_frames(struct peer *peer)
{
    struct frame frame;
    int r;

    while ((r = channel_next(&peer->channel, &frame)) == 1) {
        if ((r = peer->on_frame(peer, &frame)) < 0 || !is_open(peer))
            return r;
        channel_drop(&peer->channel, &frame);
    }
    return r;
}

static void ready(struct watch *watch, short events)
{
    struct peer *peer = LOOP_OWNER(watch, struct peer, watch);
    int r = 0;

    if (events & POLLOUT && (r = channel_flush(&peer->channel)) == 1)
        watch->events = POLLIN;
    if (r >= 0 && events & (POLLIN | POLLHUP | POLLERR))
        r = channel_fill(&peer->channel);
    if (r >= 0)
        r = take_frames(peer);
    if (is_open(peer) && (r < 0 || peer->channel.ended))
        peer->on_end(peer, r < 0 ? r : 0);
}

int peer_open(struct peer *peer, int fd)
{
    int r = channel_open(&peer->channel, fd);

    if (r < 0)
        return r;
    peer->watch = (struct watch){.fd = fd, .events = POLLIN, .ready = ready};
    loop_watch(&peer->watch);
    return 0;
}

void peer_close(struct peer *peer)
{
    if (!is_open(peer))
        return;
    loop_unwatch(&peer->watch);
    channel_close(&peer->channel);
}

/* A conversation that can't go on reads as ended in the next round, when nobody is in the middle of
 * using it. */
static void flush(struct peer *peer, int r)
{
    if (r == 0)
        r = channel_flush(&peer->channel);
    if (r == 0)
        peer->watch.events = POLLIN | POLLOUT;
    if (r < 0)
        shutdown(peer->channel.fd, SHUT_RDWR);
}

void peer_send(struct peer *peer, enum message_type type, const void *msg, int fd)
{
    flush(peer, channel_put(&peer->channel, type, msg, fd));
}

void peer_forward(struct peer *peer, const struct frame *frame, int fd)
{
    flush(peer, channel_forward(&peer->channel, frame, fd));
}
