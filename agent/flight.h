// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FLIGHT_H
#define AWSTAP_FLIGHT_H

#include <stdbool.h>
#include <sys/queue.h>

#include "context.h"
#include "session.h"

/*
 * A flight is on its way to one session: of a key, by an opening of the vault (opening.h), or of a
 * role, by a hop from the session of the flight before it (hop.h). Equal requests join it.
 */

enum stage {
    FLIGHT_NEW,
    FLIGHT_WAITING, /* for the session that the role is assumed with */
    FLIGHT_HOPPING, /* AWS is asked for the role */
    FLIGHT_QUEUED,  /* for an opening */
    FLIGHT_ASKED,   /* the opening has taken it on */
};

struct flight;

/* Someone who waits for a flight. Exactly one of issued and failed is called, once, and then the
 * wait is over. */
struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct flight *flight;         /* NULL: does not wait */
    struct flight *child;          /* the role's flight that waits here; NULL: a client does */
    const char *who;               /* the client, for the person; "": not known */
    const struct context *context; /* where its person can be asked; NULL: nowhere */
    void (*issued)(struct waiter *waiter, const struct session *session);
    void (*failed)(struct waiter *waiter, const struct msg_failed *failed);
    void (*progress)(struct waiter *waiter, const struct msg_progress *progress);
};

TAILQ_HEAD(waiters, waiter);

struct flight {
    TAILQ_ENTRY(flight) link;
    uint32_t id;
    struct spec spec; /* its texts stand behind the flight */
    enum stage stage;
    unsigned tries;  /* that ended without an answer */
    unsigned riders; /* that the signer was told of */
    bool go_on;      /* even when nobody waits */
    struct waiters waiters;
    struct waiter parent; /* our wait for the session before ours */
    struct hop *hop;
};

/* The session for spec, where one can be served at once, or NULL. */
const struct session *flight_cached(const struct spec *spec);

/* Get the session for spec: from the cache and at once, or by a flight. */
void flight_get(const struct spec *spec, struct waiter *waiter);

/* Stop waiting. The last to leave cancels the flight, but for one that wants it to go on. Harmless
 * when not waiting. */
void flight_leave(struct waiter *waiter, bool go_on);

/* End every flight; who waits is told why. */
void flight_cancel_all(uint32_t status, const char *why);

/* A key's sessions are forgotten: what is under way with one of them ends as well, and is not kept.
 */
void flight_forget(const char *key, uint32_t status, const char *why);

/* How many are under way. */
uint32_t flight_count(void);

/* For opening.c and hop.c: the flights in the order they were asked for; NULL behind the last. */
struct flight *flight_next(const struct flight *flight);

/*
 * Its session has come: keep it, and answer all who wait; under touch=use one of them, and the
 * others start anew. how tells the log who confirmed it. The flight is gone afterwards, or starts
 * anew.
 */
void flight_issue(struct flight *flight, const struct msg_issued *issued, const char *how);

/* It has failed. A session that was only to be renewed serves on while it is valid. The flight is
 * gone afterwards. */
void flight_fail(struct flight *flight, uint32_t status, const char *why);

/* The session that it was assumed with was refused: begin anew, without that one. */
void flight_retry(struct flight *flight, const char *why);

/* Tell all who wait for it, directly or for a role. */
void flight_tell(const struct flight *flight, const struct msg_progress *progress);

/* Visit the clients that wait for it, directly or for a role; of is the flight each one asked for.
 */
void flight_each_client(const struct flight *flight,
                        void (*visit)(const struct flight *of, struct waiter *client,
                                      void *context),
                        void *context);

#endif
