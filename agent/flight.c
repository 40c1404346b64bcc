// SPDX-License-Identifier: BSD-2-Clause
// Flights: who waits for which session, and the one unlock that serves them.
#include "flight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operation.h"

#define FLIGHTS_MAX 256 /* different sessions wanted at once: more is a program gone wild */
#define TRIES_MAX   3   /* unlocks that may end without a word about a flight that they took on */
#define UNLOCK_S                                                                                   \
    300 /* connect 10, a code 30, a touch 35, and twice: an answer 14, a code 30, an answer 14;    \
           AWS busy */

enum stage { QUEUED, ASKED };

struct flight {
    TAILQ_ENTRY(flight) link;
    uint32_t id;
    struct spec spec;
    enum stage stage;
    unsigned tries;
    bool go_on; /* even when nobody waits */
    TAILQ_HEAD(, waiter) waiters;
};

/* The unlock that all flights ride on. */
struct unlock {
    struct operation operation;
    bool ready;                   /* the signer takes WANTs */
    bool opened;                  /* it takes no more: the vault is open */
    struct msg_progress progress; /* the last, for those who join */
    char progress_text[512];
};

static TAILQ_HEAD(, flight) flights = TAILQ_HEAD_INITIALIZER(flights);
static struct unlock *unlock;
static uint32_t last_id;

uint32_t flight_count(void)
{
    const struct flight *flight;
    uint32_t n = 0;

    TAILQ_FOREACH (flight, &flights, link)
        n++;
    return n;
}

static struct flight *find(const struct spec *spec)
{
    struct flight *flight;

    TAILQ_FOREACH (flight, &flights, link)
        if (spec_equal(&flight->spec, spec))
            break;
    return flight;
}

/* NULL: it was given up since it was asked for, and what the signer says of it is for nobody. */
static struct flight *find_id(uint32_t id)
{
    struct flight *flight;

    TAILQ_FOREACH (flight, &flights, link)
        if (flight->id == id && flight->stage == ASKED)
            break;
    return flight;
}

static struct flight *create(const struct spec *spec)
{
    struct flight *flight = flight_count() < FLIGHTS_MAX ? calloc(1, sizeof *flight) : NULL;

    if (!flight)
        return NULL;
    flight->id = ++last_id;
    flight->spec = *spec;
    TAILQ_INIT(&flight->waiters);
    TAILQ_INSERT_TAIL(&flights, flight, link);
    return flight;
}

static struct waiter *pop_waiter(struct flight *flight)
{
    struct waiter *waiter = TAILQ_FIRST(&flight->waiters);

    if (waiter) {
        TAILQ_REMOVE(&flight->waiters, waiter, link);
        waiter->flight = NULL;
    }
    return waiter;
}

static void remove_flight(struct flight *flight)
{
    TAILQ_REMOVE(&flights, flight, link);
    free(flight);
}

static void land(struct flight *flight, const struct session *session)
{
    struct waiter *waiter;

    while ((waiter = pop_waiter(flight)))
        waiter->issued(waiter, session);
    remove_flight(flight);
}

static void crash(struct flight *flight, uint32_t status, const char *why)
{
    const struct msg_failed failed = {status, why};
    struct waiter *waiter;

    while ((waiter = pop_waiter(flight)))
        waiter->failed(waiter, &failed);
    remove_flight(flight);
}

/* A session that was only to be renewed serves on as long as it is valid. */
static void fail(struct flight *flight, uint32_t status, const char *why)
{
    struct session *session = session_find(&flight->spec);

    if (session) {
        session_keep_quiet(session);
        land(flight, session);
    } else {
        crash(flight, status, why);
    }
}

static void ask(struct flight *flight)
{
    const struct msg_want want = {
        .flight = flight->id, .key = flight->spec.key, .duration = flight->spec.duration};

    flight->stage = ASKED;
    flight->tries++;
    peer_send(&unlock->operation.signer, MSG_WANT, &want, -1);
}

static void on_ready(struct operation *operation)
{
    struct flight *flight;

    (void)operation;
    unlock->ready = true;
    unlock->progress.text = NULL;
    TAILQ_FOREACH (flight, &flights, link)
        if (flight->stage == QUEUED)
            ask(flight);
}

static int on_opened(const struct frame *frame)
{
    if (message_get(frame, MSG_OPENED, NULL) < 0)
        return -EPROTO;
    unlock->opened = true;
    return 0;
}

static int on_issued(const struct frame *frame)
{
    struct msg_issued issued;
    struct flight *flight;
    const struct session *session;

    if (message_get(frame, MSG_ISSUED, &issued) < 0)
        return -EPROTO;
    if (!(flight = find_id(issued.flight)))
        return 0;
    if ((session = session_store(&flight->spec, &issued)))
        land(flight, session);
    else
        crash(flight, EXIT_FAILED,
              "the agent's memory is full; lock it with awstap lock and run it again");
    return 0;
}

static int on_refused(const struct frame *frame)
{
    struct msg_refused refused;
    struct flight *flight;

    if (message_get(frame, MSG_REFUSED, &refused) < 0)
        return -EPROTO;
    if ((flight = find_id(refused.flight)))
        fail(flight, refused.status, refused.text);
    return 0;
}

static int on_later(const struct frame *frame)
{
    struct msg_later later;
    struct flight *flight;

    if (message_get(frame, MSG_LATER, &later) < 0)
        return -EPROTO;
    if ((flight = find_id(later.flight)))
        flight->stage = QUEUED;
    return 0;
}

/* Tell all who wait for the unlock, and those who will join. */
static void tell(const struct msg_progress *progress, enum stage stage)
{
    struct flight *flight;
    struct waiter *waiter;

    snprintf(unlock->progress_text, sizeof unlock->progress_text, "%s", progress->text);
    unlock->progress = (struct msg_progress){progress->kind, unlock->progress_text};
    TAILQ_FOREACH (flight, &flights, link)
        if (flight->stage == stage)
            TAILQ_FOREACH (waiter, &flight->waiters, link)
                waiter->progress(waiter, &unlock->progress);
}

static int on_progress(const struct frame *frame)
{
    struct msg_progress progress;

    if (message_get(frame, MSG_PROGRESS, &progress) < 0)
        return -EPROTO;
    tell(&progress, ASKED);
    return 0;
}

/* The flights that the unlock took on end with it; those that wait for one too, where none can be
 * begun. */
static void fail_flights(bool queued_too, uint32_t status, const char *why)
{
    struct flight *flight, *next;

    for (flight = TAILQ_FIRST(&flights); flight; flight = next) {
        next = TAILQ_NEXT(flight, link);
        if (flight->stage == ASKED || queued_too)
            fail(flight, status, why);
    }
}

/* What came after the vault was open has had no answer: it asks again, within reason. */
static void requeue_asked(void)
{
    struct flight *flight, *next;

    for (flight = TAILQ_FIRST(&flights); flight; flight = next) {
        next = TAILQ_NEXT(flight, link);
        if (flight->stage == ASKED && flight->tries >= TRIES_MAX)
            fail(flight, EXIT_FAILED, "too much is asked for at once; run it again in a moment");
        else
            flight->stage = QUEUED;
    }
}

static int on_frame(struct operation *operation, const struct frame *frame);

static void on_end(struct operation *operation, const char *why);

/* Begin an unlock if flights wait for one. */
static void unlock_queued(void)
{
    const struct msg_progress queued = {
        PROGRESS_NOTE, "another awstap command is waiting for its touch; this one comes after it"};
    struct unlock *created;

    if (unlock || TAILQ_EMPTY(&flights))
        return;
    if (!(created = calloc(1, sizeof *created))) {
        flight_cancel_all(EXIT_FAILED, "out of memory");
        return;
    }
    unlock = created;
    unlock->operation.on_ready = on_ready;
    unlock->operation.on_frame = on_frame;
    unlock->operation.on_end = on_end;
    operation_expect(&unlock->operation, PROGRAM_NET);
    operation_expect(&unlock->operation, PROGRAM_FIDO);
    if (!operation_begin(&unlock->operation, true, UNLOCK_S))
        tell(&queued, QUEUED);
}

static void forget_unlock(void)
{
    loop_free(unlock);
    unlock = NULL;
}

static void on_end(struct operation *operation, const char *why)
{
    bool begun = unlock->ready;

    (void)operation;
    forget_unlock();
    if (why)
        fail_flights(!begun, EXIT_FAILED, why);
    else
        requeue_asked();
    unlock_queued();
}

static int on_failed(const struct frame *frame)
{
    struct msg_failed failed;

    if (message_get(frame, MSG_FAILED, &failed) < 0)
        return -EPROTO;
    fail_flights(false, failed.status, failed.text);
    return 0;
}

static int on_done(const struct frame *frame)
{
    struct msg_done done;
    struct operation *operation = &unlock->operation;

    if (message_get(frame, MSG_DONE, &done) < 0)
        return -EPROTO;
    operation_end(operation);
    on_end(operation, NULL);
    return 0;
}

static int on_frame(struct operation *operation, const struct frame *frame)
{
    (void)operation;
    switch (frame->type) {
    case MSG_ISSUED:
        return on_issued(frame);
    case MSG_REFUSED:
        return on_refused(frame);
    case MSG_LATER:
        return on_later(frame);
    case MSG_OPENED:
        return on_opened(frame);
    case MSG_PROGRESS:
        return on_progress(frame);
    case MSG_FAILED:
        return on_failed(frame);
    case MSG_DONE:
        return on_done(frame);
    default:
        return -EPROTO;
    }
}

static void join(struct flight *flight, struct waiter *waiter)
{
    waiter->flight = flight;
    TAILQ_INSERT_TAIL(&flight->waiters, waiter, link);
    if (unlock && flight->stage == ASKED && unlock->progress.text)
        waiter->progress(waiter, &unlock->progress);
}

void flight_get(const struct spec *spec, struct waiter *waiter)
{
    const struct msg_failed busy = {EXIT_FAILED,
                                    "too much is asked for at once; run it again in a moment"};
    const struct session *session = session_find(spec);
    struct flight *flight;

    if (session && session_is_fresh(session)) {
        waiter->issued(waiter, session);
        return;
    }
    if ((flight = find(spec))) {
        join(flight, waiter);
        return;
    }
    if (!(flight = create(spec))) {
        waiter->failed(waiter, &busy);
        return;
    }
    if (unlock && unlock->ready && !unlock->opened)
        ask(flight);
    join(flight, waiter);
    unlock_queued();
}

/* Nobody wants it any more. The unlock ends with its last flight, and the key stops blinking. */
static void cancel(struct flight *flight)
{
    remove_flight(flight);
    if (unlock && TAILQ_EMPTY(&flights)) {
        operation_end(&unlock->operation);
        forget_unlock();
    }
}

void flight_leave(struct waiter *waiter, bool go_on)
{
    struct flight *flight = waiter->flight;

    if (!flight)
        return;
    TAILQ_REMOVE(&flight->waiters, waiter, link);
    waiter->flight = NULL;
    flight->go_on = flight->go_on || go_on;
    if (TAILQ_EMPTY(&flight->waiters) && !flight->go_on)
        cancel(flight);
}

void flight_cancel_all(uint32_t status, const char *why)
{
    if (unlock) {
        operation_end(&unlock->operation);
        forget_unlock();
    }
    while (!TAILQ_EMPTY(&flights))
        crash(TAILQ_FIRST(&flights), status, why);
}
