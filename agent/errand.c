// SPDX-License-Identifier: BSD-2-Clause
// Errands: requests about the vault, which the agent hands on and does not do.
#include "errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "flight.h"
#include "key_name.h"
#include "lock.h"
#include "log.h"
#include "notice.h"
#include "policy.h"
#include "session.h"
#include "tending.h"

#define LIST_S 15 /* nobody is asked anything */
#define UNLOCK_S                                                                                   \
    300 /* two touches, a secret typed or piped in, a TOTP code awaited, AWS asked twice */
#define ENROL_S 900 /* a recovery code is copied by hand and typed back, up to three times */
#define LIFE_S                                                                                     \
    900 /* two touches, TOTP codes awaited before and after, and AWS until it has taken it in,     \
           three times */

struct errand {
    TAILQ_ENTRY(errand) link;
    struct operation operation;
    struct asker asker;
    struct buf request; /* the frame as it came */
    int fd;
    uint8_t type;               /* of the request */
    bool asks;                  /* a person */
    bool asked;                 /* the signer has the request */
    char key[KEY_NAME_MAX + 1]; /* that it is about; empty: none */
    void (*on_end)(struct peer *client);
};

static TAILQ_HEAD(errands, errand) errands = TAILQ_HEAD_INITIALIZER(errands);

bool errand_is(uint8_t type)
{
    return (type >= MSG_FACTOR_ADD && type <= MSG_REVOKE && type != MSG_AGREE) ||
           (type >= MSG_VAULT_EXPORT && type <= MSG_VAULT_ADOPT);
}

static bool only_reads(uint8_t type)
{
    return type == MSG_FACTOR_LIST || type == MSG_KEY_LIST || type == MSG_VAULT_EXPORT;
}

bool errand_asks(const struct frame *request)
{
    struct msg_key_rotate rotate;

    if (message_get(request, MSG_KEY_ROTATE, &rotate) == 0)
        return !rotate.due;
    return !only_reads(request->type);
}

/* The key that the request is about; "": none; NULL: it is malformed. */
static const char *key_of(const struct frame *frame)
{
    union {
        struct msg_key_add key_add;
        struct msg_key_remove key_remove;
        struct msg_key_set key_set;
        struct msg_mfa_import mfa_import;
        struct msg_mfa_code mfa_code;
        struct msg_mfa_add mfa_add;
        struct msg_mfa_remove mfa_remove;
        struct msg_key_rotate key_rotate;
        struct msg_revoke revoke;
    } msg;

    switch (frame->type) {
    case MSG_KEY_ADD:
        return message_get(frame, MSG_KEY_ADD, &msg) < 0 ? NULL : msg.key_add.name;
    case MSG_KEY_REMOVE:
        return message_get(frame, MSG_KEY_REMOVE, &msg) < 0 ? NULL : msg.key_remove.name;
    case MSG_KEY_SET:
        return message_get(frame, MSG_KEY_SET, &msg) < 0 ? NULL : msg.key_set.name;
    case MSG_MFA_IMPORT:
        return message_get(frame, MSG_MFA_IMPORT, &msg) < 0 ? NULL : msg.mfa_import.key;
    case MSG_MFA_CODE:
        return message_get(frame, MSG_MFA_CODE, &msg) < 0 ? NULL : msg.mfa_code.key;
    case MSG_MFA_ADD:
        return message_get(frame, MSG_MFA_ADD, &msg) < 0 ? NULL : msg.mfa_add.key;
    case MSG_MFA_REMOVE:
        return message_get(frame, MSG_MFA_REMOVE, &msg) < 0 ? NULL : msg.mfa_remove.key;
    case MSG_KEY_ROTATE:
        return message_get(frame, MSG_KEY_ROTATE, &msg) < 0 ? NULL : msg.key_rotate.name;
    case MSG_REVOKE:
        return message_get(frame, MSG_REVOKE, &msg) < 0 ? NULL : msg.revoke.key;
    default:
        return "";
    }
}

/*
 * A session outlives neither its key, nor the MFA device that the key got since, nor its policy,
 * nor the suspicion that it is in other hands. It outlives rotation, as it does at AWS.
 */
static bool makes_stale(uint8_t type)
{
    return type != MSG_MFA_CODE && type != MSG_KEY_ROTATE;
}

static int note_key(struct errand *errand, const struct frame *frame)
{
    const char *key = key_of(frame);

    if (!key || strlen(key) >= sizeof errand->key)
        return -EPROTO;
    strcpy(errand->key, key);
    return 0;
}

/* FACTOR_ADD → "factor add". */
static void name_request(const struct errand *errand, char *name, size_t size)
{
    struct frame request;

    if (message_next(&errand->request, &request) != 1)
        return;
    snprintf(name, size, "%s", message_name(request.type));
    for (char *c = name; *c; c++)
        *c = (char)(*c == '_' ? ' ' : *c - 'A' + 'a');
}

/* What a person asked for, and what became of it; why is NULL when it was done. */
static void note(const struct errand *errand, const char *why)
{
    char what[32] = "";
    const struct log_event event = {
        .what = what, .who = errand->asker.who, .key = errand->key, .why = why};

    if (!errand->asks)
        return;
    name_request(errand, what, sizeof what);
    log_event(&event);
}

/* Whatever became of it: once the signer had the request it may have been carried out. */
static void destroy(struct errand *errand)
{
    TAILQ_REMOVE(&errands, errand, link);
    if (errand->key[0] && errand->asked && makes_stale(errand->type)) {
        session_forget(errand->key);
        flight_forget(errand->key, EXIT_FAILED, "the key was changed meanwhile; run it again");
        policy_forget(errand->key);
    }
    if (errand->type == MSG_KEY_REMOVE)
        authority_forget(errand->key);
    if (errand->type == MSG_VAULT_IMPORT && errand->asked)
        lock_all("locked: another vault", "the vault may be another one now; run it again");
    buf_free(&errand->request);
    if (errand->fd >= 0)
        close(errand->fd);
    loop_free(errand);
}

static void finish(struct errand *errand)
{
    struct peer *client = errand->asker.peer;
    void (*on_end)(struct peer *) = errand->on_end;

    notice_end(errand);
    destroy(errand);
    on_end(client);
}

static void on_ready(struct operation *operation)
{
    struct errand *errand = LOOP_OWNER(operation, struct errand, operation);
    const struct msg_rider rider = {.what = "", .who = errand->asker.who};
    struct frame frame;
    int fd = errand->fd;

    errand->fd = -1;
    errand->asked = true;
    if (message_next(&errand->request, &frame) == 1)
        peer_forward(&operation->signer, &frame, fd);
    if (errand->asks)
        peer_send(&operation->signer, MSG_RIDER, &rider, -1);
}

static const struct context *on_context(struct operation *operation)
{
    return LOOP_OWNER(operation, struct errand, operation)->asker.context;
}

/* The operation's own session, for what it does at AWS and for what comes after it. */
static int on_issued(struct errand *errand, const struct frame *frame)
{
    struct msg_issued issued;

    if (message_get(frame, MSG_ISSUED, &issued) < 0 || issued.flight || !errand->key[0])
        return -EPROTO;
    policy_learn(errand->key, &issued);
    authority_session(errand->key, &issued);
    return 0;
}

/* Of a rotation that nobody watches but who called for it, the agent keeps what failed. */
static int on_outcome(struct errand *errand, const struct frame *frame)
{
    struct msg_outcome outcome;

    if (message_get(frame, MSG_OUTCOME, &outcome) < 0)
        return -EPROTO;
    if (errand->type == MSG_KEY_ROTATE)
        tending_note(&outcome);
    peer_forward(errand->asker.peer, frame, -1);
    return 0;
}

/* It is carried out: what a rotation that nobody watched has failed at is of no interest any more.
 */
static void settle(const struct errand *errand)
{
    if (errand->type == MSG_KEY_REMOVE || errand->type == MSG_REVOKE ||
        (errand->type == MSG_KEY_ROTATE && errand->asks))
        tending_settle(errand->key);
}

static int on_frame(struct operation *operation, const struct frame *frame)
{
    struct errand *errand = LOOP_OWNER(operation, struct errand, operation);
    struct msg_progress progress;
    struct msg_failed failed;

    switch (frame->type) {
    case MSG_PROGRESS:
        if (message_get(frame, MSG_PROGRESS, &progress) < 0)
            return -EPROTO;
        notice_progress(errand, &progress);
        peer_forward(errand->asker.peer, frame, -1);
        return 0;
    case MSG_ISSUED:
        return on_issued(errand, frame);
    case MSG_OUTCOME:
        return on_outcome(errand, frame);
    case MSG_FACTOR:
    case MSG_KEY:
    case MSG_CODE:
    case MSG_DRILL:
        peer_forward(errand->asker.peer, frame, -1);
        return 0;
    case MSG_DONE:
    case MSG_FAILED:
        if (frame->type == MSG_DONE)
            settle(errand);
        note(errand, message_get(frame, MSG_FAILED, &failed) < 0 ? NULL : failed.text);
        peer_forward(errand->asker.peer, frame, -1);
        operation_end(operation);
        finish(errand);
        return 0;
    default:
        return -EPROTO;
    }
}

static void fail(struct errand *errand, uint32_t status, const char *why)
{
    const struct msg_failed failed = {status, why};

    note(errand, why);
    peer_send(errand->asker.peer, MSG_FAILED, &failed, -1);
    finish(errand);
}

static void on_end(struct operation *operation, const char *why)
{
    fail(LOOP_OWNER(operation, struct errand, operation), EXIT_FAILED, why);
}

static uint32_t seconds_for(uint8_t type)
{
    if (only_reads(type))
        return LIST_S;
    switch (type) {
    case MSG_FACTOR_ADD:
        return ENROL_S;
    case MSG_KEY_ROTATE:
    case MSG_MFA_ADD:
    case MSG_MFA_REMOVE:
    case MSG_REVOKE:
        return LIFE_S;
    default:
        return UNLOCK_S;
    }
}

static unsigned lanes_for(const struct errand *errand)
{
    if (only_reads(errand->type))
        return 0;
    return errand->asks ? LANE_TOUCH | LANE_WRITE : LANE_WRITE;
}

struct errand *errand_run(const struct asker *asker, const struct frame *request, int fd,
                          void (*end)(struct peer *client))
{
    struct errand *errand = calloc(1, sizeof *errand);
    struct msg_progress queued = {PROGRESS_NOTE, NULL};

    if (!errand) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *errand = (struct errand){.asker = *asker,
                              .fd = fd,
                              .type = request->type,
                              .asks = errand_asks(request),
                              .on_end = end};
    errand->operation.on_ready = on_ready;
    errand->operation.on_frame = on_frame;
    errand->operation.on_end = on_end;
    errand->operation.on_context = on_context;
    buf_init(&errand->request);
    TAILQ_INSERT_TAIL(&errands, errand, link);
    if (message_carries_fd(request->type) != (fd >= 0) || note_key(errand, request) < 0 ||
        message_forward(&errand->request, request) < 0) {
        destroy(errand);
        return NULL;
    }
    if ((queued.text =
             operation_begin(&errand->operation, lanes_for(errand), seconds_for(request->type))))
        peer_send(asker->peer, MSG_PROGRESS, &queued, -1);
    return errand;
}

static bool is_locked(const struct errand *errand, const char *key)
{
    return key ? errand->operation.opened && strcmp(errand->key, key) == 0
               : !only_reads(errand->type);
}

/* The last first, so that none is begun that waits for one before it. */
void errand_lock(const char *key, const char *why)
{
    struct errand *errand, *before;

    for (errand = TAILQ_LAST(&errands, errands); errand; errand = before) {
        before = TAILQ_PREV(errand, errands, link);
        if (!is_locked(errand, key))
            continue;
        operation_end(&errand->operation);
        fail(errand, EXIT_PERSON, why);
    }
}

void errand_visit_opened(void (*visit)(const char *key))
{
    char key[KEY_NAME_MAX + 1]; /* what is visited may be ended meanwhile */
    struct errand *errand;

    TAILQ_FOREACH (errand, &errands, link)
        if (errand->operation.opened)
            break;
    if (errand)
        visit(strcpy(key, errand->key));
}

void errand_cancel(struct errand *errand)
{
    operation_end(&errand->operation);
    notice_end(errand);
    destroy(errand);
}
