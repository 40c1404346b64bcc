// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_BUS_H
#define AWSTAP_WATCH_BUS_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* A connection to a message bus, which may not be there, may come later, and may go. */
struct bus {
    sd_bus *connection; /* NULL: none */
    void (*lost)(void); /* it was there, and has gone; connection is NULL already */
};

/*
 * Connect: with sd_bus_open_user or sd_bus_open_system, which go by DBUS_SESSION_BUS_ADDRESS and
 * XDG_RUNTIME_DIR, or by DBUS_SYSTEM_BUS_ADDRESS. Nothing here waits: calls that are made at once
 * leave when the bus has greeted us. 0 or a negative errno.
 */
int bus_connect(struct bus *bus, int (*open)(sd_bus **), sd_event *event);

/* Drop the connection, and unsent calls with it; harmless without one. lost() is not called. */
void bus_close(struct bus *bus);

/* Whether the message comes from this name, unique or the bus's own: sd-bus lets any unique name
 * pass for a well-known one. */
bool bus_is_from(sd_bus_message *message, const char *sender);

#endif
