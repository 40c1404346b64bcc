// SPDX-License-Identifier: BSD-2-Clause
// Errands: requests about the vault, which the agent hands on and does not do.
#include "errand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

#define LIST_S 15 /* nobody is asked anything */
#define UNLOCK_S                                                                                   \
    300 /* two touches, a secret typed or piped in, a TOTP code awaited, AWS asked twice */

struct errand {
    struct operation operation;
    struct peer *client;
    struct buf request; /* the frame as it came */
    int fd;
    bool asked;                         /* the signer has the request */
    char changed_key[KEY_NAME_MAX + 1]; /* its sessions are stale once this is done; empty: none */
    void (*on_end)(struct peer *client);
};

bool errand_is(uint8_t type)
{
    return type >= MSG_FACTOR_ADD && type <= MSG_MFA_CODE;
}

/* A session outlives neither its key nor the MFA device that the key got since. */
static int note_changed_key(struct errand *errand, const struct frame *frame)
{
    struct msg_key_add key_add;
    struct msg_key_remove key_remove;
    struct msg_mfa_import mfa_import;
    const char *name = "";
    int r = 0;

    if (frame->type == MSG_KEY_ADD && (r = message_get(frame, MSG_KEY_ADD, &key_add)) == 0)
        name = key_add.name;
    if (frame->type == MSG_KEY_REMOVE && (r = message_get(frame, MSG_KEY_REMOVE, &key_remove)) == 0)
        name = key_remove.name;
    if (frame->type == MSG_MFA_IMPORT && (r = message_get(frame, MSG_MFA_IMPORT, &mfa_import)) == 0)
        name = mfa_import.key;
    if (r < 0 || strlen(name) >= sizeof errand->changed_key)
        return -EPROTO;
    strcpy(errand->changed_key, name);
    return 0;
}

/* Whatever became of it: once the signer had the request it may have been carried out. */
static void destroy(struct errand *errand)
{
    if (errand->changed_key[0] && errand->asked)
        session_forget(errand->changed_key);
    buf_free(&errand->request);
    if (errand->fd >= 0)
        close(errand->fd);
    loop_free(errand);
}

static void finish(struct errand *errand)
{
    struct peer *client = errand->client;
    void (*on_end)(struct peer *) = errand->on_end;

    destroy(errand);
    on_end(client);
}

static void on_ready(struct operation *operation)
{
    struct errand *errand = LOOP_OWNER(operation, struct errand, operation);
    struct frame frame;
    int fd = errand->fd;

    errand->fd = -1;
    errand->asked = true;
    if (message_next(&errand->request, &frame) == 1)
        peer_forward(&operation->signer, &frame, fd);
}

static int on_frame(struct operation *operation, const struct frame *frame)
{
    struct errand *errand = LOOP_OWNER(operation, struct errand, operation);

    switch (frame->type) {
    case MSG_PROGRESS:
    case MSG_FACTOR:
    case MSG_KEY:
    case MSG_CODE:
        peer_forward(errand->client, frame, -1);
        return 0;
    case MSG_DONE:
    case MSG_FAILED:
        peer_forward(errand->client, frame, -1);
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

    peer_send(errand->client, MSG_FAILED, &failed, -1);
    finish(errand);
}

struct errand *errand_run(struct peer *client, const struct frame *request, int fd,
                          void (*end)(struct peer *client))
{
    struct errand *errand = calloc(1, sizeof *errand);
    const struct msg_progress queued = {
        PROGRESS_NOTE, "another awstap command is waiting for its touch; this one comes after it"};
    bool lists = request->type == MSG_FACTOR_LIST || request->type == MSG_KEY_LIST;

    if (!errand) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *errand = (struct errand){.client = client, .fd = fd, .on_end = end};
    errand->operation.on_ready = on_ready;
    errand->operation.on_frame = on_frame;
    errand->operation.on_end = on_end;
    buf_init(&errand->request);
    if (message_carries_fd(request->type) != (fd >= 0) || note_changed_key(errand, request) < 0 ||
        message_forward(&errand->request, request) < 0) {
        destroy(errand);
        return NULL;
    }
    if (!operation_begin(&errand->operation, !lists, lists ? LIST_S : UNLOCK_S))
        peer_send(client, MSG_PROGRESS, &queued, -1);
    return errand;
}

void errand_cancel(struct errand *errand)
{
    operation_end(&errand->operation);
    destroy(errand);
}
