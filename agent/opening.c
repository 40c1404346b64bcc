// SPDX-License-Identifier: BSD-2-Clause
// Openings of the vault: the one signer that serves all flights of keys.
#include "opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "lock.h"
#include "notice.h"
#include "operation.h"
#include "policy.h"
#include "tending.h"

#define TRIES_MAX  3  /* openings that may end without a word about a flight that they took on */
#define RIDERS_MAX 16 /* more at once a person does not read */
#define OPENING_S                                                                                  \
    420 /* connect 10, a code 30, dialogs 3 × 60, a touch 35, and twice: an answer 14, a code 30, \
           an answer 14; AWS busy */

struct opening {
    struct operation operation;
    bool ready;                   /* the signer takes WANTs */
    bool opened;                  /* it takes no more: the vault is open */
    bool pulled;                  /* a security key, since then */
    struct msg_progress progress; /* the last, for those who join */
    char progress_text[512];
};

static struct opening *opening;

/* NULL: it was given up since it was asked for, and what the signer says of it is for nobody. */
static struct flight *find(uint32_t id)
{
    struct flight *flight = NULL;

    while ((flight = flight_next(flight)))
        if (flight->id == id && flight->stage == FLIGHT_ASKED)
            return flight;
    return NULL;
}

static struct flight *first_at(enum stage stage)
{
    struct flight *flight = NULL;

    while ((flight = flight_next(flight)) && flight->stage != stage)
        ;
    return flight;
}

static void add_rider(const struct flight *of, struct waiter *client, void *context)
{
    struct flight *flight = context;
    const struct msg_rider rider = {.flight = flight->id,
                                    .what = spec_role(&of->spec),
                                    .duration = spec_role_seconds(&of->spec),
                                    .who = client->who};

    if (flight->riders++ < RIDERS_MAX)
        peer_send(&opening->operation.signer, MSG_RIDER, &rider, -1);
}

static void ask(struct flight *flight)
{
    const struct msg_want want = {.flight = flight->id,
                                  .key = flight->spec.key,
                                  .duration = flight->spec.duration,
                                  .hops = flight->spec.hops};

    flight->stage = FLIGHT_ASKED;
    flight->tries++;
    flight->riders = 0;
    peer_send(&opening->operation.signer, MSG_WANT, &want, -1);
    flight_each_client(flight, add_rider, flight);
    if (opening->progress.text)
        flight_tell(flight, &opening->progress);
}

static void on_ready(struct operation *operation)
{
    struct flight *flight;

    (void)operation;
    opening->ready = true;
    opening->progress.text = NULL;
    while ((flight = first_at(FLIGHT_QUEUED)))
        ask(flight);
}

static int on_opened(const struct frame *frame)
{
    if (message_get(frame, MSG_OPENED, NULL) < 0)
        return -EPROTO;
    opening->opened = true;
    notice_end(opening);
    return 0;
}

/* The session is kept for that even under touch=use, where it is served but once. */
static void tend(const struct flight *flight, const struct msg_issued *issued)
{
    if (!flight->spec.hops.len && issued->mfa)
        authority_session(flight->spec.key, issued);
    tending_add(flight->spec.key);
}

static int on_issued(const struct frame *frame)
{
    struct msg_issued issued;
    struct flight *flight;
    char how[96];

    if (message_get(frame, MSG_ISSUED, &issued) < 0)
        return -EPROTO;
    if (!(flight = find(issued.flight)))
        return 0;
    snprintf(how, sizeof how, "factor %u%s%s", issued.factor, *issued.factor_label ? " " : "",
             issued.factor_label);
    policy_learn(flight->spec.key, &issued);
    if (opening->pulled && issued.lock_on & LOCK_ON_REMOVAL) {
        flight_fail(flight, EXIT_PERSON, LOCK_KEY_PULLED);
        return 0;
    }
    if (issued.due)
        tend(flight, &issued);
    flight_issue(flight, &issued, how);
    return 0;
}

static int on_refused(const struct frame *frame)
{
    struct msg_refused refused;
    struct flight *flight;

    if (message_get(frame, MSG_REFUSED, &refused) < 0)
        return -EPROTO;
    if ((flight = find(refused.flight)))
        flight_fail(flight, refused.status, refused.text);
    return 0;
}

static int on_later(const struct frame *frame)
{
    struct msg_later later;
    struct flight *flight;

    if (message_get(frame, MSG_LATER, &later) < 0)
        return -EPROTO;
    if ((flight = find(later.flight)))
        flight->stage = FLIGHT_QUEUED;
    return 0;
}

/* Tell all who wait for the opening, and those who will join. */
static void tell(const struct msg_progress *progress, enum stage stage)
{
    struct flight *flight = NULL;

    snprintf(opening->progress_text, sizeof opening->progress_text, "%s", progress->text);
    opening->progress = (struct msg_progress){progress->kind, opening->progress_text};
    while ((flight = flight_next(flight)))
        if (flight->stage == stage)
            flight_tell(flight, &opening->progress);
}

static int on_progress(const struct frame *frame)
{
    struct msg_progress progress;

    if (message_get(frame, MSG_PROGRESS, &progress) < 0)
        return -EPROTO;
    tell(&progress, FLIGHT_ASKED);
    notice_progress(opening, &opening->progress);
    return 0;
}

/* The flights at this stage end. One that fails may take others with it. */
static void fail_all(enum stage stage, uint32_t status, const char *why)
{
    struct flight *flight;

    while ((flight = first_at(stage)))
        flight_fail(flight, status, why);
}

/* What came after the vault was open has had no answer: it asks again, within reason. */
static void requeue_asked(void)
{
    struct flight *flight;

    while ((flight = first_at(FLIGHT_ASKED)))
        if (flight->tries >= TRIES_MAX)
            flight_fail(flight, EXIT_FAILED,
                        "too much is asked for at once; run it again in a moment");
        else
            flight->stage = FLIGHT_QUEUED;
}

/* The clearest of the places at which a person can be asked: where somebody sits who asks. */
static void choose_context(const struct flight *of, struct waiter *client, void *chosen)
{
    const struct context **context = chosen;

    (void)of;
    if (client->context && (!*context || !context_reaches(*context)))
        *context = client->context;
}

static const struct context *on_context(struct operation *operation)
{
    const struct context *context = NULL;
    struct flight *flight = NULL;

    (void)operation;
    while ((flight = flight_next(flight)))
        if (flight->stage == FLIGHT_ASKED)
            flight_each_client(flight, choose_context, &context);
    return context;
}

static int on_frame(struct operation *operation, const struct frame *frame);

static void on_end(struct operation *operation, const char *why);

/* Begin one if flights wait for it. */
static void begin_queued(void)
{
    struct msg_progress queued = {PROGRESS_NOTE, NULL};

    if (opening || !first_at(FLIGHT_QUEUED))
        return;
    if (!(opening = calloc(1, sizeof *opening))) {
        fail_all(FLIGHT_QUEUED, EXIT_FAILED, "out of memory");
        return;
    }
    opening->operation.on_ready = on_ready;
    opening->operation.on_frame = on_frame;
    opening->operation.on_end = on_end;
    opening->operation.on_context = on_context;
    operation_expect(&opening->operation, PROGRAM_NET);
    operation_expect(&opening->operation, PROGRAM_FIDO);
    if ((queued.text = operation_begin(&opening->operation, LANE_TOUCH, OPENING_S)))
        tell(&queued, FLIGHT_QUEUED);
}

static void forget(void)
{
    notice_end(opening);
    loop_free(opening);
    opening = NULL;
}

static void on_end(struct operation *operation, const char *why)
{
    bool begun = opening->ready;

    (void)operation;
    forget();
    if (why)
        fail_all(FLIGHT_ASKED, EXIT_FAILED, why);
    else
        requeue_asked();
    if (why && !begun)
        fail_all(FLIGHT_QUEUED, EXIT_FAILED, why);
    begin_queued();
}

static int on_failed(const struct frame *frame)
{
    struct msg_failed failed;

    if (message_get(frame, MSG_FAILED, &failed) < 0)
        return -EPROTO;
    fail_all(FLIGHT_ASKED, failed.status, failed.text);
    return 0;
}

static int on_done(const struct frame *frame)
{
    struct operation *operation = &opening->operation;
    struct msg_done done;

    if (message_get(frame, MSG_DONE, &done) < 0)
        return -EPROTO;
    operation_end(operation);
    on_end(operation, NULL);
    return 0;
}

static int take_frame(const struct frame *frame)
{
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

static int on_frame(struct operation *operation, const struct frame *frame)
{
    (void)operation;
    return take_frame(frame);
}

void opening_take(struct flight *flight)
{
    if (opening && opening->ready && !opening->opened)
        ask(flight);
    else
        begin_queued();
}

void opening_greet(uint32_t id, const struct flight *of, struct waiter *client)
{
    struct flight *flight = find(id);

    if (!opening || !flight)
        return;
    if (!opening->opened)
        add_rider(of, client, flight);
    if (opening->progress.text)
        client->progress(client, &opening->progress);
}

void opening_look(void)
{
    if (opening && !first_at(FLIGHT_ASKED) && !first_at(FLIGHT_QUEUED))
        opening_cancel();
}

void opening_pulled(void)
{
    if (opening && opening->opened)
        opening->pulled = true;
}

void opening_cancel(void)
{
    if (!opening)
        return;
    operation_end(&opening->operation);
    forget();
}
