// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REPLY_H
#define AWSTAP_REPLY_H

#include "buf.h"
#include "connection.h"
#include "failure.h"
#include "message.h"

#define REPLY_CODE    129 /* these three as NET_REPLY takes them, with their NUL */
#define REPLY_MESSAGE 1025
#define REPLY_ID      129

/* What AWS said to a request; msg leads into the rest, so it is used where it was made. */
struct reply {
    struct msg_net_reply msg;
    char code[REPLY_CODE], message[REPLY_MESSAGE], request_id[REPLY_ID];
    struct buf fields;
};

/*
 * Make AWS's reply of the answer to a POST. An answer without AWS's XML is NET_BAD_REPLY, but for
 * those that say "later" in HTTP alone, as load balancers do: status 500 becomes the code
 * InternalFailure, any other 5xx ServiceUnavailable, 429 Throttling, so that one rule of backing
 * off covers them. code, message and request_id come out as line_copy() makes them; fields are as
 * the server sent them. 0, and reply_free() wipes it; or -EIO and *failure.
 */
int reply_read(struct reply *reply, const struct answer *answer, const char *host,
               struct failure *failure);
void reply_free(struct reply *reply);

#endif
