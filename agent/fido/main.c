// SPDX-License-Identifier: BSD-2-Clause
// awstap-fido: a conversation with the signer about security keys. It alone parses what USB sends.
#include <errno.h>
#include <fido.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cancel.h"
#include "channel.h"
#include "clock.h"
#include "credential.h"
#include "derive.h"
#include "device.h"
#include "enrol.h"
#include "failure.h"
#include "harden.h"
#include "printable.h"
#include "token.h"

#define ARENA_SIZE  ((size_t)1024 * 1024)
#define SEND_MS     5000
#define SELECT_MS   15000 /* a choice among those to enrol */
#define PATH_SIZE   4096
#define PRODUCT_MAX 256

/* What the signer has sent since the last request. */
static struct credentials credentials;

/* A device names itself: nothing of it may steer a terminal. */
static void name_of(const fido_dev_info_t *info, char name[PRODUCT_MAX + 1])
{
    const char *maker = fido_dev_info_manufacturer_string(info);
    const char *product = fido_dev_info_product_string(info);

    snprintf(name, PRODUCT_MAX + 1, "%s %s", maker ? maker : "", product ? product : "");
    printable_ascii(name);
}

/* NFC readers, which libfido2 lists by their place in /sys, have nothing to touch. */
static bool is_listed(const char *path)
{
    return path && *path && strlen(path) < PATH_SIZE && strncmp(path, "/sys/", 5) != 0;
}

static int send_devices(struct channel *channel, const fido_dev_info_t *list, size_t found)
{
    char name[PRODUCT_MAX + 1];
    int r = 0;

    for (size_t i = 0; i < found && r == 0; i++) {
        const fido_dev_info_t *info = fido_dev_info_ptr(list, i);
        struct msg_fido_device device = {fido_dev_info_path(info), name};

        if (!is_listed(device.path))
            continue;
        name_of(info, name);
        r = channel_send(channel, MSG_FIDO_DEVICE, &device, -1, SEND_MS);
    }
    if (r == 0)
        r = channel_send(channel, MSG_DONE, &(struct msg_done){""}, -1, SEND_MS);
    return r < 0 ? FIDO_ERR_INTERNAL : FIDO_OK;
}

static int list_devices(struct channel *channel)
{
    fido_dev_info_t *list = fido_dev_info_new(DEVICE_MAX);
    size_t found = 0;
    int r = list ? device_manifest(list, &found) : FIDO_ERR_INTERNAL;

    if (r == FIDO_OK)
        r = send_devices(channel, list, found);
    fido_dev_info_free(&list, DEVICE_MAX);
    return r;
}

static int select_device(struct channel *channel, const char *path)
{
    struct token token;
    int r = token_open(&token, channel, path);

    if (r == FIDO_OK)
        r = token_select(&token, SELECT_MS);
    token_close(&token);
    if (r == FIDO_OK && channel_send(channel, MSG_DONE, &(struct msg_done){""}, -1, SEND_MS) < 0)
        r = FIDO_ERR_INTERNAL;
    return r;
}

/* Carry out a request and answer it. 0, or a negative errno where it breaks the protocol. */
static int serve(struct channel *channel, const struct frame *frame)
{
    union {
        struct msg_fido_select select;
        struct msg_fido_enrol enrol;
        struct msg_fido_derive derive;
    } msg;
    int r = message_get(frame, frame->type, &msg), code;

    if (r < 0)
        return r;
    if (frame->type == MSG_FIDO_LIST)
        code = list_devices(channel);
    else if (frame->type == MSG_FIDO_SELECT)
        code = select_device(channel, msg.select.path);
    else if (frame->type == MSG_FIDO_ENROL)
        code = enrol(channel, &msg.enrol, &credentials);
    else
        code = derive(channel, &msg.derive, &credentials);
    if (code != FIDO_OK)
        failure_send(channel, code);
    credentials.count = 0;
    return 0;
}

static int take(struct channel *channel, const struct frame *frame)
{
    struct msg_fido_credential credential;
    int r;

    switch (frame->type) {
    case MSG_FIDO_CREDENTIAL:
        r = message_get(frame, MSG_FIDO_CREDENTIAL, &credential);
        return r < 0 ? r : credentials_add(&credentials, &credential);
    case MSG_FIDO_LIST:
    case MSG_FIDO_SELECT:
    case MSG_FIDO_ENROL:
    case MSG_FIDO_DERIVE:
        return serve(channel, frame);
    default:
        return -EPROTO;
    }
}

/* A request may be a conversation of its own, about the PIN: its frame is taken off before. */
static int converse(struct channel *channel)
{
    struct buf request;
    struct frame frame;
    int r;

    buf_init(&request);
    while ((r = channel_receive(channel, &frame, -1)) > 0) {
        r = message_forward(&request, &frame);
        channel_drop(channel, &frame);
        if (r == 0 && (r = message_next(&request, &frame)) == 1)
            r = take(channel, &frame);
        buf_free(&request);
        if (r < 0)
            break;
    }
    return r;
}

int main(void)
{
    struct channel channel;
    int r;

    if ((r = harden_helper()) < 0 || (r = clock_open()) < 0 ||
        (r = cancel_start(CHANNEL_HELPER_FD)) < 0 ||
        (r = arena_open(ARENA_SIZE, ARENA_LOCK_WANTED)) < 0 ||
        (r = channel_open(&channel, CHANNEL_HELPER_FD)) < 0) {
        fprintf(stderr, "awstap-fido: cannot start: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    r = converse(&channel);
    channel_close(&channel);
    arena_close();
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
