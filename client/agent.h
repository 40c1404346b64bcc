// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AGENT_H
#define AWSTAP_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "channel.h"
#include "terminal.h"

/* Asking the agent. All return an exit status; one that is not EXIT_DONE has been said on stderr.
 */

#define AGENT_QUICK_MS  10000  /* for what the agent answers by itself */
#define AGENT_PERSON_MS 300000 /* for what waits for people, AWS and other people's turns */
#define AGENT_LIFE_MS                                                                              \
    900000 /* for what changes keys and devices at AWS, and waits until AWS has taken it in */

/* A conversation with the agent. */
struct agent {
    struct channel channel;
    struct progress progress;
    uint64_t deadline_ms;
    int wait_ms;
    bool flies_on; /* at the deadline what was asked is to go on without us */
};

/* Connect; start: where no agent runs, start one. wait_ms is for the whole conversation. */
int agent_open(struct agent *agent, bool start, int wait_ms);
void agent_close(struct agent *agent);

/* Ask. fd (or -1) goes with it and is closed here. */
int agent_ask(struct agent *agent, enum message_type type, const void *msg, int fd);

/* The next answer, shown progress and FAILED (which becomes the status) left out; to be taken off
 * by agent_drop(). */
int agent_answer(struct agent *agent, struct frame *frame);
void agent_drop(struct agent *agent, const struct frame *frame);

/* Say that an answer is none that fits the question. */
int agent_unexpected(void);

/* One request with all its answers. */
struct request {
    enum message_type type;
    const void *msg;
    int fd; /* or -1; closed here */
    bool start;
    int wait_ms;
    int (*take)(void *context,
                const struct frame *frame); /* each answer before DONE; NULL: there is none */
    void *context;
};

/* Ask, hand the answers to take until DONE, and print DONE's text. */
int agent_request(const struct request *request);

/* Whether an agent of this version can be reached: to be known before a person types a secret. */
int agent_probe(void);

#endif
