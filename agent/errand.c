// SPDX-License-Identifier: BSD-2-Clause
// Errands: requests about the vault, which the agent hands on and does not do.
#include "errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flight.h"
#include "key_name.h"
#include "log.h"
#include "notice.h"
#include "policy.h"
#include "session.h"

#define LIST_S 15 /* nobody is asked anything */
#define UNLOCK_S                                                                                   \
    300 /* two touches, a secret typed or piped in, a TOTP code awaited, AWS asked twice */
#define ENROL_S 900 /* a recovery code is copied by hand and typed back, up to three times */

struct errand {
    struct operation operation;
    struct asker asker;
    struct buf request; /* the frame as it came */
    int fd;
    bool asked;                 /* the signer has the request */
    char key[KEY_NAME_MAX + 1]; /* that it is about; empty: none */
    bool changes;               /* the key: its sessions are stale once this is done */
    void (*on_end)(struct peer *client);
};

bool errand_is(uint8_t type)
{
    return type >= MSG_FACTOR_ADD && type <= MSG_LOG_VERIFY;
}

bool errand_is_list(uint8_t type)
{
    return type == MSG_FACTOR_LIST || type == MSG_KEY_LIST;
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
    default:
        return "";
    }
}

/* A session outlives neither its key, nor the MFA device that the key got since, nor its policy. */
static int note_key(struct errand *errand, const struct frame *frame)
{
    const char *key = key_of(frame);

    if (!key || strlen(key) >= sizeof errand->key)
        return -EPROTO;
    strcpy(errand->key, key);
    errand->changes = key[0] && frame->type != MSG_MFA_CODE;
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

    if (!errand->operation.unlocks)
        return;
    name_request(errand, what, sizeof what);
    log_event(&event);
}

/* Whatever became of it: once the signer had the request it may have been carried out. */
static void destroy(struct errand *errand)
{
    if (errand->changes && errand->asked) {
        session_forget(errand->key);
        flight_forget(errand->key, EXIT_FAILED, "the key was changed meanwhile; run it again");
        policy_forget(errand->key);
    }
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
    if (operation->unlocks)
        peer_send(&operation->signer, MSG_RIDER, &rider, -1);
}

static const struct context *on_context(struct operation *operation)
{
    return LOOP_OWNER(operation, struct errand, operation)->asker.context;
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
    case MSG_FACTOR:
    case MSG_KEY:
    case MSG_CODE:
        peer_forward(errand->asker.peer, frame, -1);
        return 0;
    case MSG_DONE:
    case MSG_FAILED:
        note(errand, message_get(frame, MSG_FAILED, &failed) < 0 ? NULL : failed.text);
        peer_forward(errand->asker.peer, frame, -1);
        operation_end(operation);
        finish(errand);
        return 0;
    default:
        return -EPROTO;
    }
}

static void on_end(struct operation *operation, const char *why)
{
    struct errand *errand = LOOP_OWNER(operation, struct errand, operation);
    const struct msg_failed failed = {EXIT_FAILED, why};

    note(errand, why);
    peer_send(errand->asker.peer, MSG_FAILED, &failed, -1);
    finish(errand);
}

static uint32_t seconds_for(uint8_t type)
{
    if (errand_is_list(type))
        return LIST_S;
    return type == MSG_FACTOR_ADD ? ENROL_S : UNLOCK_S;
}

struct errand *errand_run(const struct asker *asker, const struct frame *request, int fd,
                          void (*end)(struct peer *client))
{
    struct errand *errand = calloc(1, sizeof *errand);
    const struct msg_progress queued = {
        PROGRESS_NOTE, "another awstap command is waiting for its touch; this one comes after it"};

    if (!errand) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *errand = (struct errand){.asker = *asker, .fd = fd, .on_end = end};
    errand->operation.on_ready = on_ready;
    errand->operation.on_frame = on_frame;
    errand->operation.on_end = on_end;
    errand->operation.on_context = on_context;
    buf_init(&errand->request);
    if (message_carries_fd(request->type) != (fd >= 0) || note_key(errand, request) < 0 ||
        message_forward(&errand->request, request) < 0) {
        destroy(errand);
        return NULL;
    }
    if (!operation_begin(&errand->operation, !errand_is_list(request->type),
                         seconds_for(request->type)))
        peer_send(asker->peer, MSG_PROGRESS, &queued, -1);
    return errand;
}

void errand_cancel(struct errand *errand)
{
    operation_end(&errand->operation);
    notice_end(errand);
    destroy(errand);
}
