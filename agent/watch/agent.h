// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_AGENT_H
#define AWSTAP_WATCH_AGENT_H

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "message.h"

/* The conversation with the agent. */

/*
 * Begin it on CHANNEL_HELPER_FD. on_frame is called for each frame; a negative value ends the
 * conversation, as a frame of the wrong kind must. 0 or a negative errno.
 */
int agent_open(sd_event *event, int (*on_frame)(const struct frame *frame));
void agent_close(void);

/* Tell it what has been seen. An error ends the conversation. */
void agent_tell(enum watch_event seen);

/* Whether the conversation is over: there is nobody left to watch for. */
bool agent_has_ended(void);

#endif
