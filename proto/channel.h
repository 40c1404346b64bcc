// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CHANNEL_H
#define AWSTAP_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"

/*
 * One end of a conversation over a Unix stream socket: frames in both directions, and at most one
 * descriptor on its way in each. Both ends begin with MSG_HELLO; another protocol version ends the
 * conversation, and peer_version then tells the other's.
 */
struct channel {
    int fd; /* -1 when closed */
    struct buf in, out;
    int in_fd;  /* received and not yet claimed, or -1 */
    int out_fd; /* to be sent with the byte at out_fd_at of out, or -1 */
    size_t out_fd_at;
    size_t in_max; /* most bytes to keep of a frame that is not yet whole: FRAME_MAX, or less where
                      many peers may flood us */
    bool greeted;  /* the other's HELLO has come */
    bool ended;    /* the other end has closed */
    char peer_version[65];
};

#define CHANNEL_HELPER_FD 3 /* where a helper finds its conversation */

/* Take over fd (any flags) and put our HELLO into the way out. 0 or a negative errno; fd is ours
 * even then. */
int channel_open(struct channel *channel, int fd);

/* Close, wipe, forget. Harmless on one that is closed. */
void channel_close(struct channel *channel);

/*
 * Queue a message; it leaves with channel_flush(). fd (or -1) travels with it, is owned by the
 * channel from here on, even on failure, and must be given exactly where message_carries_fd(). 0 or
 * a negative errno; -EBUSY: another descriptor is still on its way.
 */
int channel_put(struct channel *channel, enum message_type type, const void *msg, int fd);

/* Queue a frame as it came from another conversation; its descriptor goes the same way. As
 * channel_put(). */
int channel_forward(struct channel *channel, const struct frame *frame, int fd);

/* Write what the socket takes now. 1: all is out; 0: some is left; negative errno: the conversation
 * is over. */
int channel_flush(struct channel *channel);

/* Read once, without waiting. 1: something came; 0: nothing now, or (ended) the other end has
 * closed; negative errno. */
int channel_fill(struct channel *channel);

/*
 * The next frame that has come, HELLO excepted, which is checked here. 1: *frame, to be taken off
 * by channel_drop(); 0: none yet; -EPROTO; -EMSGSIZE: more than in_max; -EPROTONOSUPPORT: the other
 * end speaks another version.
 */
int channel_next(struct channel *channel, struct frame *frame);
void channel_drop(struct channel *channel, const struct frame *frame);

/* The descriptor that came with the frame just read, owned by the caller; -1 when none came. */
int channel_claim_fd(struct channel *channel);

/* For programs that may block: queue and flush, waiting up to timeout_ms for room. 0 or a negative
 * errno. */
int channel_send(struct channel *channel, enum message_type type, const void *msg, int fd,
                 int timeout_ms);

/*
 * Wait for the next frame. 1: as channel_next(); 0: the other end has closed; -ETIMEDOUT; another
 * negative errno. timeout_ms is -1 for ever. A frame must be dropped before the next one is
 * awaited.
 */
int channel_receive(struct channel *channel, struct frame *frame, int timeout_ms);

#endif
