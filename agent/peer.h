// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PEER_H
#define AWSTAP_PEER_H

#include "channel.h"
#include "loop.h"

/* A conversation that the loop drives: a client, a signer, the starter. Part of the object that
 * owns it. */
struct peer {
    struct channel channel;
    struct watch watch;
    /* A frame has come. A negative value ends the conversation, as a frame of the wrong kind must.
     */
    int (*on_frame)(struct peer *peer, const struct frame *frame);
    /* The conversation is over: the other end has closed (0) or an error (negative errno). It is
     * not yet closed. */
    void (*on_end)(struct peer *peer, int error);
};

/* Take over fd, whatever is returned. The callbacks must be set. 0 or a negative errno. */
int peer_open(struct peer *peer, int fd);

/* Close it and leave the loop; harmless when done already. on_end() is not called. */
void peer_close(struct peer *peer);

/* Send without waiting. Errors end the conversation through on_end() in a later round. fd as for
 * channel_put(). */
void peer_send(struct peer *peer, enum message_type type, const void *msg, int fd);

/* Send a frame on as it came. */
void peer_forward(struct peer *peer, const struct frame *frame, int fd);

#endif
