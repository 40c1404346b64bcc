// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AGENT_H
#define AWSTAP_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "error.h"

/*
 * The agent, as its signer sees it. It is trusted; when it goes, the signer has nothing left to do,
 * so every function here ends the process then.
 */
struct agent {
    struct channel channel;
    struct buf request;  /* the frame that says what we are here for */
    struct buf wants;    /* WANT frames that came while something else was awaited */
    char *vault, *state; /* paths, in the arena */
};

/* Take up the conversation and learn where the vault is. 0 or a negative errno. */
int agent_open(struct agent *agent);

/* Wait for the request. *request is good for the life of the conversation. */
void agent_request(struct agent *agent, struct frame *request);

/* Tell the agent something. */
void agent_send(struct agent *agent, enum message_type type, const void *msg);

/* Tell the person, through the agent, what is being waited for. */
void agent_progress(struct agent *agent, enum progress_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Have a helper started, and take up the conversation with it. 0, or -1 and error. */
int agent_need(struct agent *agent, enum program program, struct channel *helper,
               struct error *error);

/* See what has come without waiting. Whether there are WANTs to take. */
bool agent_look(struct agent *agent);

/* Wait until deadline_ms of clock_boot_ms(), keeping WANTs for later. */
void agent_wait(struct agent *agent, uint64_t deadline_ms);

/* The next WANT that has been kept: true and *want, good until agent_drop_want(). */
bool agent_next_want(struct agent *agent, struct msg_want *want);
void agent_drop_want(struct agent *agent);

#endif
