// SPDX-License-Identifier: BSD-2-Clause
// Where a person can be asked.
#include "context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The seat's display, as it was told last: the desktop may have been started after us. */
static struct {
    char display[256], wayland_display[256], xauthority[1024], dbus[1024];
} seat;

static const char *pinentry_path = "";

/* ":0" is of this machine; "localhost:10.0" is what SSH makes of another one's. */
static bool is_of_seat(const char *display, const char *wayland_display)
{
    return display[0] == ':' || wayland_display[0];
}

static void remember(const struct msg_context *told)
{
    if (!is_of_seat(told->display, told->wayland_display))
        return;
    snprintf(seat.display, sizeof seat.display, "%s", told->display[0] == ':' ? told->display : "");
    snprintf(seat.wayland_display, sizeof seat.wayland_display, "%s", told->wayland_display);
    snprintf(seat.xauthority, sizeof seat.xauthority, "%s", told->xauthority);
    snprintf(seat.dbus, sizeof seat.dbus, "%s", told->dbus);
}

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

void context_open(const char *pinentry)
{
    const struct msg_context started = {
        .display = from_environment("DISPLAY"),
        .wayland_display = from_environment("WAYLAND_DISPLAY"),
        .xauthority = from_environment("XAUTHORITY"),
        .dbus = from_environment("DBUS_SESSION_BUS_ADDRESS"),
    };

    pinentry_path = pinentry;
    remember(&started);
}

void context_init(struct context *context)
{
    buf_init(&context->frame);
}

void context_free(struct context *context)
{
    buf_free(&context->frame);
}

static struct msg_context read_context(const struct context *context)
{
    struct msg_context told = {"", "", "", "", "", "", "", "", "", ""};
    struct frame frame;

    if (context && message_next(&context->frame, &frame) == 1)
        (void)message_get(&frame, MSG_CONTEXT, &told);
    return told;
}

int context_take(struct context *context, const struct frame *frame)
{
    struct msg_context told;

    if (buf_len(&context->frame) || message_get(frame, MSG_CONTEXT, &told) < 0 ||
        told.requester[0] || told.pinentry[0] || message_forward(&context->frame, frame) < 0)
        return -EPROTO;
    remember(&told);
    return 0;
}

bool context_reaches(const struct context *context)
{
    const struct msg_context told = read_context(context);

    return is_of_seat(told.display, told.wayland_display) || told.tty[0];
}

struct msg_context context_tell(const struct context *context)
{
    struct msg_context told = read_context(context);

    told.pinentry = pinentry_path;
    if (is_of_seat(told.display, told.wayland_display))
        return told;
    told.display = seat.display;
    told.wayland_display = seat.wayland_display;
    told.xauthority = seat.xauthority;
    if (!told.dbus[0])
        told.dbus = seat.dbus;
    return told;
}
