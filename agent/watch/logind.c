// SPDX-License-Identifier: BSD-2-Clause
// logind, and the way to it: the system bus, and who owns logind's name there.
#include "logind.h"

#include <stdio.h>

#include "bus.h"
#include "inhibitor.h"
#include "screen.h"
#include "timer.h"

#define DBUS          "org.freedesktop.DBus"
#define DBUS_PATH     "/org/freedesktop/DBus"
#define NAME_MAX_SIZE 256 /* a bus name has 255 characters at most */
#define RETRY_MIN_MS  1000
#define RETRY_MAX_MS  60000

static sd_event *loop;
static void on_lost(void);
static struct bus bus = {.lost = on_lost};
static char owner[NAME_MAX_SIZE]; /* logind's unique name; empty: it is not there */
static struct timer retry;
static int retry_ms = RETRY_MIN_MS;

bool logind_sent(sd_bus_message *message)
{
    return owner[0] && bus_is_from(message, owner);
}

static void meet(const char *name)
{
    snprintf(owner, sizeof owner, "%s", name);
    if (!owner[0])
        return;
    screen_ask(bus.connection);
    inhibitor_take(bus.connection);
}

static int on_owner(sd_bus_message *answer, void *unused, sd_bus_error *error)
{
    const char *name;

    (void)unused;
    (void)error;
    retry_ms = RETRY_MIN_MS;
    if (!sd_bus_message_is_method_error(answer, NULL) &&
        sd_bus_message_read(answer, "s", &name) >= 0)
        meet(name);
    return 0;
}

static int on_owner_changed(sd_bus_message *signal, void *unused, sd_bus_error *error)
{
    const char *name;

    (void)unused;
    (void)error;
    if (bus_is_from(signal, DBUS) && sd_bus_message_read(signal, "sss", NULL, NULL, &name) >= 0)
        meet(name);
    return 0;
}

static int listen_to_all(sd_bus *connection)
{
    int r;

    if ((r = sd_bus_add_match_async(connection, NULL,
                                    "type='signal',sender='" DBUS "',path='" DBUS_PATH
                                    "',interface='" DBUS "',member='NameOwnerChanged',arg0='" LOGIND
                                    "'",
                                    on_owner_changed, NULL, NULL)) < 0 ||
        (r = inhibitor_listen(connection)) < 0 || (r = screen_listen(connection)) < 0)
        return r;
    return sd_bus_call_method_async(connection, NULL, DBUS, DBUS_PATH, DBUS, "GetNameOwner",
                                    on_owner, NULL, "s", LOGIND);
}

static void try_later(void)
{
    timer_set(&retry, retry_ms);
    retry_ms = retry_ms * 2 < RETRY_MAX_MS ? retry_ms * 2 : RETRY_MAX_MS;
}

static void on_lost(void)
{
    owner[0] = '\0';
    screen_forget_questions();
    try_later();
}

static void look(void)
{
    if (bus_connect(&bus, sd_bus_open_system, loop) < 0) {
        try_later();
    } else if (listen_to_all(bus.connection) < 0) {
        bus_close(&bus);
        try_later();
    }
}

int logind_open(sd_event *event)
{
    int r;

    loop = event;
    if ((r = timer_open(&retry, event, look)) < 0 || (r = inhibitor_open(event)) < 0 ||
        (r = screen_open(event)) < 0)
        return r;
    look();
    return 0;
}

void logind_close(void)
{
    screen_forget_questions();
    bus_close(&bus);
    inhibitor_close();
}
