// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REMOTE_REQUEST_H
#define AWSTAP_REMOTE_REQUEST_H

#include "peer.h"
#include "remote.h"

/* A client's SOCKET_ADD, SOCKET_LIST or SOCKET_REMOVE: carry it out, and answer. dropped as for
 * remote_add(). 0, or -EPROTO: the frame is malformed. */
int remote_request(struct peer *client, const struct frame *frame,
                   void (*dropped)(const struct remote *remote));

#endif
