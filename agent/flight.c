// SPDX-License-Identifier: BSD-2-Clause
// Flights: who waits for which session.
#include "flight.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hop.h"
#include "loop.h"
#include "opening.h"
#include "policy.h"
#include "watcher.h"

#define FLIGHTS_MAX 256 /* different sessions wanted at once: more is a program gone wild */
#define TRIES_MAX   3   /* times that a role's flight begins anew */

static TAILQ_HEAD(, flight) flights = TAILQ_HEAD_INITIALIZER(flights);
static uint32_t last_id;

struct flight *flight_next(const struct flight *flight)
{
    return flight ? TAILQ_NEXT(flight, link) : TAILQ_FIRST(&flights);
}

uint32_t flight_count(void)
{
    uint32_t n = 0;

    for (struct flight *flight = flight_next(NULL); flight; flight = flight_next(flight))
        n++;
    return n;
}

/* What the cache keeps it by where nothing is said of the duration: the key's, as soon as that is
 * known. The vault is asked as the client asked: there the key's may be another by now. */
static struct spec resolve(const struct spec *spec)
{
    struct spec resolved = *spec;

    if (!resolved.duration)
        resolved.duration = policy_of(spec->key).duration;
    return resolved;
}

static struct session *cached(const struct spec *spec)
{
    const struct spec wanted = resolve(spec);

    return session_find(&wanted);
}

/* One that says the same, or of which the same will come. */
static struct flight *find(const struct spec *spec)
{
    const struct spec wanted = resolve(spec);
    struct flight *flight;

    TAILQ_FOREACH (flight, &flights, link) {
        const struct spec asked = resolve(&flight->spec);

        if (spec_equal(&asked, &wanted))
            break;
    }
    return flight;
}

static void on_parent_issued(struct waiter *waiter, const struct session *session)
{
    hop_begin(waiter->child, session);
}

static void on_parent_failed(struct waiter *waiter, const struct msg_failed *failed)
{
    flight_fail(waiter->child, failed->status, failed->text);
}

static void on_parent_progress(struct waiter *waiter, const struct msg_progress *progress)
{
    flight_tell(waiter->child, progress);
}

static struct flight *create(const struct spec *spec)
{
    struct flight *flight =
        flight_count() < FLIGHTS_MAX ? calloc(1, sizeof *flight + spec_size(spec)) : NULL;
    char *texts;

    if (!flight)
        return NULL;
    texts = (char *)(flight + 1);
    flight->id = ++last_id;
    flight->spec = spec_copy(spec, &texts);
    TAILQ_INIT(&flight->waiters);
    flight->parent = (struct waiter){.child = flight,
                                     .issued = on_parent_issued,
                                     .failed = on_parent_failed,
                                     .progress = on_parent_progress};
    TAILQ_INSERT_TAIL(&flights, flight, link);
    return flight;
}

/* It is over: nothing works for it any more. */
static void destroy(struct flight *flight)
{
    flight_leave(&flight->parent, flight->go_on);
    hop_cancel(flight);
    TAILQ_REMOVE(&flights, flight, link);
    loop_free(flight);
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

static void crash(struct flight *flight, uint32_t status, const char *why)
{
    const struct msg_failed failed = {status, why};
    struct waiters waiters = TAILQ_HEAD_INITIALIZER(waiters);
    struct waiter *waiter;

    while ((waiter = pop_waiter(flight)))
        TAILQ_INSERT_TAIL(&waiters, waiter, link);
    destroy(flight);
    while ((waiter = TAILQ_FIRST(&waiters))) {
        TAILQ_REMOVE(&waiters, waiter, link);
        waiter->failed(waiter, &failed);
    }
}

static void land(struct flight *flight, const struct session *session)
{
    struct waiter *waiter;

    while ((waiter = pop_waiter(flight)))
        waiter->issued(waiter, session);
    destroy(flight);
}

void flight_fail(struct flight *flight, uint32_t status, const char *why)
{
    struct session *session = cached(&flight->spec);

    if (session) {
        session_keep_quiet(session);
        land(flight, session);
    } else {
        crash(flight, status, why);
    }
}

/* Ask for what it needs. It may have landed or failed afterwards. */
static void begin(struct flight *flight)
{
    struct spec parent;
    const char *why;

    if (spec_parent(&flight->spec, &parent)) {
        flight->stage = FLIGHT_WAITING;
        flight_get(&parent, &flight->parent);
    } else if ((why = watcher_nobody())) {
        flight_fail(flight, EXIT_PERSON, why);
    } else {
        flight->stage = FLIGHT_QUEUED;
        opening_take(flight);
    }
}

void flight_retry(struct flight *flight, const char *why)
{
    struct session *session;
    struct spec parent;

    if (++flight->tries >= TRIES_MAX || !spec_parent(&flight->spec, &parent)) {
        flight_fail(flight, EXIT_AWS, why);
        return;
    }
    if ((session = cached(&parent)))
        session_drop(session);
    begin(flight);
}

/* Under touch=use each use has a touch of its own. */
static void land_once(struct flight *flight, struct session *session)
{
    struct waiter *waiter = pop_waiter(flight);

    if (waiter)
        waiter->issued(waiter, session);
    session_drop(session);
    if (TAILQ_EMPTY(&flight->waiters))
        destroy(flight);
    else
        begin(flight);
}

void flight_issue(struct flight *flight, const struct msg_issued *issued, const char *how)
{
    const struct spec got = resolve(&flight->spec);
    struct session *session = session_store(&got, issued, how);

    if (!session)
        crash(flight, EXIT_FAILED,
              "the agent's memory is full; lock it with awstap lock and run it again");
    else if (policy_of(got.key).touch == TOUCH_USE)
        land_once(flight, session);
    else
        land(flight, session);
}

void flight_tell(const struct flight *flight, const struct msg_progress *progress)
{
    struct waiter *waiter;

    TAILQ_FOREACH (waiter, &flight->waiters, link)
        waiter->progress(waiter, progress);
}

void flight_each_client(const struct flight *flight,
                        void (*visit)(const struct flight *of, struct waiter *client,
                                      void *context),
                        void *context)
{
    struct waiter *waiter;

    TAILQ_FOREACH (waiter, &flight->waiters, link)
        if (waiter->child)
            flight_each_client(waiter->child, visit, context);
        else
            visit(flight, waiter, context);
}

/* The flight whose opening or hop this one waits for in the end. */
static const struct flight *first_leg(const struct flight *flight)
{
    while (flight->stage == FLIGHT_WAITING && flight->parent.flight)
        flight = flight->parent.flight;
    return flight;
}

static void greet(const struct flight *of, struct waiter *client, void *id)
{
    opening_greet(*(const uint32_t *)id, of, client);
}

static void join(struct flight *flight, struct waiter *waiter)
{
    const struct flight *leg = first_leg(flight);
    uint32_t id = leg->id;

    waiter->flight = flight;
    TAILQ_INSERT_TAIL(&flight->waiters, waiter, link);
    if (leg->stage != FLIGHT_ASKED)
        return;
    if (waiter->child)
        flight_each_client(waiter->child, greet, &id);
    else
        greet(flight, waiter, &id);
}

/* A session is assumed with another one for as long as that lives; who is handed one wants to have
 * it for a while. */
static bool serves(const struct session *session, const struct waiter *waiter)
{
    return waiter->child ? session_can_assume(session) : session_is_fresh(session);
}

const struct session *flight_cached(const struct spec *spec)
{
    const struct session *session = cached(spec);

    return session && session_is_fresh(session) ? session : NULL;
}

void flight_get(const struct spec *spec, struct waiter *waiter)
{
    const struct msg_failed busy = {EXIT_FAILED,
                                    "too much is asked for at once; run it again in a moment"};
    const struct session *session = cached(spec);
    struct flight *flight;

    if (session && serves(session, waiter)) {
        waiter->issued(waiter, session);
        return;
    }
    if (policy_of(spec->key).touch != TOUCH_USE && (flight = find(spec))) {
        join(flight, waiter);
        return;
    }
    if (!(flight = create(spec))) {
        waiter->failed(waiter, &busy);
        return;
    }
    join(flight, waiter);
    begin(flight);
}

void flight_leave(struct waiter *waiter, bool go_on)
{
    struct flight *flight = waiter->flight;

    if (!flight)
        return;
    TAILQ_REMOVE(&flight->waiters, waiter, link);
    waiter->flight = NULL;
    flight->go_on = flight->go_on || go_on;
    if (TAILQ_EMPTY(&flight->waiters) && !flight->go_on) {
        destroy(flight);
        opening_look();
    }
}

static struct flight *first_hopping(const char *key)
{
    struct flight *flight;

    TAILQ_FOREACH (flight, &flights, link)
        if (flight->stage == FLIGHT_HOPPING && strcmp(flight->spec.key, key) == 0)
            break;
    return flight;
}

void flight_forget(const char *key, uint32_t status, const char *why)
{
    struct flight *flight;

    while ((flight = first_hopping(key)))
        crash(flight, status, why);
}

void flight_cancel_all(uint32_t status, const char *why)
{
    opening_cancel();
    while (!TAILQ_EMPTY(&flights))
        flight_fail(TAILQ_FIRST(&flights), status, why);
}
