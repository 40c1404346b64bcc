// SPDX-License-Identifier: BSD-2-Clause
// Hops: AssumeRole, signed with a session of ours.
#include "hop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "operation.h"
#include "policy.h"

#define HOP_S       60 /* connect 10, and an answer 14, thrice: AWS may ask to slow down */
#define RUNNING_MAX 16 /* processes for roles at once, two each; the others wait their turn */

struct hop {
    TAILQ_ENTRY(hop) link; /* while it waits */
    struct operation operation;
    struct flight *flight; /* NULL: it has its answer */
    struct buf request;    /* ASSUME: it holds the session, so it is in the arena */
    char how[96];
    bool queued, running;
};

static TAILQ_HEAD(, hop) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static size_t running;

static void run(struct hop *hop);

/* Let go of it, and let the next one begin. */
static void release(struct hop *hop)
{
    struct hop *next;

    if (hop->flight)
        hop->flight->hop = NULL;
    buf_free(&hop->request);
    if (hop->queued)
        TAILQ_REMOVE(&waiting, hop, link);
    running -= hop->running;
    if (running < RUNNING_MAX && (next = TAILQ_FIRST(&waiting))) {
        TAILQ_REMOVE(&waiting, next, link);
        run(next);
    }
    loop_free(hop);
}

static void end(struct hop *hop)
{
    if (hop->running)
        operation_end(&hop->operation);
    release(hop);
}

/* The flight goes its own way: it may land, fail, or hop again. */
static struct flight *let_go(struct hop *hop)
{
    struct flight *flight = hop->flight;

    flight->hop = NULL;
    hop->flight = NULL;
    return flight;
}

static void on_ready(struct operation *operation)
{
    struct hop *hop = LOOP_OWNER(operation, struct hop, operation);
    struct frame frame;

    if (message_next(&hop->request, &frame) == 1)
        peer_forward(&operation->signer, &frame, -1);
}

/* Where its own roles are asked for is as for the session that it was assumed with, but for the
 * region. */
static int complete(const struct hop *hop, struct msg_issued *issued)
{
    struct msg_assume assume;
    struct frame request;
    const char *region;

    if (message_next(&hop->request, &request) != 1 ||
        message_get(&request, MSG_ASSUME, &assume) < 0)
        return -EPROTO;
    region = list_find(&assume.hops, "region", NULL);
    issued->region = region ? region : assume.region;
    issued->partition = assume.partition;
    issued->sts_url = assume.sts_url;
    issued->ca_bundle = assume.ca_bundle;
    return 0;
}

static int on_issued(struct hop *hop, const struct frame *frame)
{
    struct msg_issued issued;

    if (message_get(frame, MSG_ISSUED, &issued) < 0 || issued.flight != hop->flight->id ||
        complete(hop, &issued) < 0)
        return -EPROTO;
    flight_issue(let_go(hop), &issued, hop->how);
    end(hop);
    return 0;
}

static int on_refused(struct hop *hop, const struct frame *frame)
{
    struct msg_refused refused;

    if (message_get(frame, MSG_REFUSED, &refused) < 0 || refused.flight != hop->flight->id)
        return -EPROTO;
    if (refused.stale)
        flight_retry(let_go(hop), refused.text);
    else
        flight_fail(let_go(hop), refused.status, refused.text);
    end(hop);
    return 0;
}

static int on_frame(struct operation *operation, const struct frame *frame)
{
    struct hop *hop = LOOP_OWNER(operation, struct hop, operation);
    struct msg_progress progress;

    switch (frame->type) {
    case MSG_ISSUED:
        return on_issued(hop, frame);
    case MSG_REFUSED:
        return on_refused(hop, frame);
    case MSG_PROGRESS:
        if (message_get(frame, MSG_PROGRESS, &progress) < 0)
            return -EPROTO;
        flight_tell(hop->flight, &progress);
        return 0;
    default:
        return -EPROTO;
    }
}

static void on_end(struct operation *operation, const char *why)
{
    struct hop *hop = LOOP_OWNER(operation, struct hop, operation);
    struct flight *flight = let_go(hop);

    release(hop);
    flight_fail(flight, EXIT_FAILED, why);
}

static void run(struct hop *hop)
{
    hop->queued = false;
    hop->running = true;
    running++;
    hop->operation.on_ready = on_ready;
    hop->operation.on_frame = on_frame;
    hop->operation.on_end = on_end;
    operation_expect(&hop->operation, PROGRAM_NET);
    operation_begin(&hop->operation, 0, HOP_S);
}

static int make_request(struct hop *hop, const struct session *session)
{
    const struct flight *flight = hop->flight;
    const struct msg_assume assume = {
        .flight = flight->id,
        .key = flight->spec.key,
        .access_key_id = session->access_key_id,
        .secret_access_key = session->secret_access_key,
        .session_token = session->session_token,
        .partition = session->partition,
        .region = session->region,
        .sts_url = session->sts_url,
        .ca_bundle = session->ca_bundle,
        .hops = spec_last_hop(&flight->spec),
    };

    return message_put(&hop->request, MSG_ASSUME, &assume);
}

/* The key's policy holds for its roles too. */
static bool lasts_too_long(const struct flight *flight)
{
    uint32_t most = policy_of(flight->spec.key).max_duration,
             seconds = spec_role_seconds(&flight->spec);

    return most && (seconds ? seconds : ROLE_SECONDS_DEFAULT) > most;
}

void hop_begin(struct flight *flight, const struct session *session)
{
    struct hop *hop;

    if (lasts_too_long(flight)) {
        flight_fail(flight, EXIT_FAILED,
                    "sessions of this key may not last so long (its policy max_duration); ask for "
                    "a shorter one with --duration-seconds");
        return;
    }
    hop = calloc(1, sizeof *hop);
    if (!hop) {
        flight_fail(flight, EXIT_FAILED, "out of memory");
        return;
    }
    hop->flight = flight;
    flight->hop = hop;
    flight->stage = FLIGHT_HOPPING;
    buf_init(&hop->request);
    snprintf(hop->how, sizeof hop->how, "%s", session->how);
    if (make_request(hop, session) < 0) {
        release(hop);
        flight_fail(flight, EXIT_FAILED, "the role's options are too long");
    } else if (running < RUNNING_MAX) {
        run(hop);
    } else {
        hop->queued = true;
        TAILQ_INSERT_TAIL(&waiting, hop, link);
    }
}

void hop_cancel(struct flight *flight)
{
    if (flight->hop)
        end(flight->hop);
}
