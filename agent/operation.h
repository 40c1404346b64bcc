// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_OPERATION_H
#define AWSTAP_OPERATION_H

#include <stdbool.h>
#include <sys/queue.h>

#include "context.h"
#include "helper.h"
#include "peer.h"

/* What only one operation at a time may do. */
enum lane {
    LANE_TOUCH = 1, /* ask the person, so that a touch is never taken for another request */
    LANE_WRITE = 2, /* change the vault */
};

/* At once: a signer, sixteen devices, a conversation with AWS for each key, and to spare. */
#define OPERATION_HELPERS_MAX 48

struct operation;

enum helper_state {
    HELPER_EXPECTED, /* to be started with the operation */
    HELPER_STARTING,
    HELPER_SPARE, /* it runs, and the signer has not asked for it yet */
    HELPER_GIVEN, /* the signer talks to it */
};

/* A helper of an operation. */
struct operation_helper {
    struct helper_request request;
    struct operation *operation;
    enum program program;
    enum helper_state state;
    bool awaited;            /* the signer has asked for it */
    int conversation, pidfd; /* -1: none */
};

/*
 * A signer at work, with the helpers that it needs. It waits its turn for the lanes that it needs.
 * Part of the object that owns it, which sets the callbacks.
 */
struct operation {
    TAILQ_ENTRY(operation) link;
    unsigned lanes; /* bits of enum lane */
    bool running;
    bool opened;      /* a factor has opened the vault for it */
    uint32_t seconds; /* that it may take */
    struct peer signer;
    struct operation_helper helpers[OPERATION_HELPERS_MAX];
    size_t helper_count;
    struct timer deadline;
    char failure[256]; /* why the signer could not be started; said at the deadline, which is then
                          at once */
    /* The signer is there: send it the request. */
    void (*on_ready)(struct operation *operation);
    /* A frame from the signer that is not about helpers. A negative value ends the operation. */
    int (*on_frame)(struct operation *operation, const struct frame *frame);
    /* Where the person can be asked, or NULL; itself NULL: anywhere. Told to awstap-prompt. */
    const struct context *(*on_context)(struct operation *operation);
    /* It is over and nothing of it runs any more; why tells a person, NULL: the signer said all it
     * had to. */
    void (*on_end)(struct operation *operation, const char *why);
};

/* Where the vault and the state folder are: told to each signer. The texts must stay. */
void operation_places(const char *vault, const char *state);
const struct msg_places *operation_where(void);

/* A security key was plugged in or pulled: the signer that unlocks looks anew. */
void operation_plugged(void);

/* Before operation_begin(): start a helper that the signer is sure to ask for together with it, not
 * after it. */
void operation_expect(struct operation *operation, enum program program);

/*
 * Start it, or put it in the queue while another one is on its lanes (bits of enum lane). It ends
 * by itself after so many seconds. NULL: it runs at once; or what it waits for, for a person.
 */
const char *operation_begin(struct operation *operation, unsigned lanes, uint32_t seconds);

/* The agent is about to end: start nothing that waits in the queue. */
void operation_close(void);

/* End it and its helpers now, or take it out of the queue. on_end() is not called. */
void operation_end(struct operation *operation);

#endif
