// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AGENT_H
#define AWSTAP_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "error.h"
#include "log_line.h"

#define AGENT_REQUESTER_SIZE 256

/*
 * The agent, as its signer sees it. It is trusted; when it goes, the signer has nothing left to do,
 * so every function here ends the process then, but for what stands between agent_hold() and
 * agent_release().
 */
struct agent {
    struct channel channel;
    struct buf request;           /* the frame that says what we are here for */
    struct buf wants, riders;     /* WANT and RIDER frames, which may come at any time */
    struct buf context;           /* the CONTEXT frame that came with the last awstap-prompt */
    bool plugged;                 /* PLUGGED has come since agent_plugged() */
    bool held, gone;              /* between agent_hold() and agent_release(): the agent has gone */
    char *vault, *state;          /* paths, in the arena */
    bool logs;                    /* its log has begun: */
    uint8_t log_id[LOG_ID_BYTES]; /* of the segment that it writes */
    uint8_t log_key[LOG_KEY_BYTES]; /* the vault's public key that the segment is sealed to */
    uint64_t log_count;             /* the lines of it so far */
    bool requester_known;
    char requester[AGENT_REQUESTER_SIZE];
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

/*
 * Have a helper started, and take up the conversation with it. 0, or -1 and error. For
 * awstap-prompt, context holds the frame to be handed on to it afterwards.
 */
int agent_need(struct agent *agent, enum program program, struct channel *helper,
               struct error *error);

/*
 * Ask the agent for what it has at hand. *answer is of the expected type, and good until
 * agent_drop_answer().
 */
void agent_ask(struct agent *agent, enum message_type type, const void *msg,
               enum message_type expected, struct frame *answer);
void agent_drop_answer(struct agent *agent, const struct frame *answer);

/*
 * What is done to AWS from here on must reach the vault: no signal but KILL ends this process, and
 * the agent's going doesn't, until agent_release(). Helpers that are needed are started before. The
 * agent gives whoever it ends twenty seconds.
 */
void agent_hold(struct agent *agent);
void agent_release(struct agent *agent);

/* See what has come without waiting. Whether there are WANTs or RIDERs to take. */
bool agent_look(struct agent *agent);

/* Wait until deadline_ms of clock_boot_ms(), keeping what comes for later. */
void agent_wait(struct agent *agent, uint64_t deadline_ms);

/* The next WANT that has been kept: true and *want, good until agent_drop_want(). */
bool agent_next_want(struct agent *agent, struct msg_want *want);
void agent_drop_want(struct agent *agent);

/* The same for RIDERs. */
bool agent_next_rider(struct agent *agent, struct msg_rider *rider);
void agent_drop_rider(struct agent *agent);

/* Whether a security key has been plugged in or pulled since this was asked last. */
bool agent_plugged(struct agent *agent);

/*
 * Who asks for an errand, in printable characters; empty where the system does not tell. The agent
 * says so right behind the request, which is waited for. The text is the agent's.
 */
const char *agent_requester(struct agent *agent);

#endif
