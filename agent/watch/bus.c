// SPDX-License-Identifier: BSD-2-Clause
// Connections to the message buses.
#include "bus.h"

#include <string.h>

#define LOCAL     "org.freedesktop.DBus.Local"
#define CALL_USEC ((uint64_t)30 * 1000 * 1000) /* longer than any touch; nobody waits for it */

static int on_disconnected(sd_bus_message *message, void *data, sd_bus_error *error)
{
    struct bus *bus = data;

    (void)message;
    (void)error;
    bus_close(bus);
    bus->lost();
    return 0;
}

int bus_connect(struct bus *bus, int (*open)(sd_bus **), sd_event *event)
{
    int r = open(&bus->connection);

    if (r < 0)
        return r;
    if ((r = sd_bus_set_method_call_timeout(bus->connection, CALL_USEC)) < 0 ||
        (r = sd_bus_set_exit_on_disconnect(bus->connection, false)) < 0 ||
        (r = sd_bus_match_signal_async(bus->connection, NULL, LOCAL, NULL, LOCAL, "Disconnected",
                                       on_disconnected, NULL, bus)) < 0 ||
        (r = sd_bus_attach_event(bus->connection, event, SD_EVENT_PRIORITY_NORMAL)) < 0)
        bus_close(bus);
    return r < 0 ? r : 0;
}

void bus_close(struct bus *bus)
{
    bus->connection = sd_bus_close_unref(bus->connection);
}

bool bus_is_from(sd_bus_message *message, const char *sender)
{
    const char *name = sd_bus_message_get_sender(message);

    return name && strcmp(name, sender) == 0;
}
