// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_LOGIND_H
#define AWSTAP_WATCH_LOGIND_H

#include <stdbool.h>
#include <systemd/sd-bus.h>

#define LOGIND         "org.freedesktop.login1"
#define LOGIND_PATH    "/org/freedesktop/login1"
#define LOGIND_MANAGER LOGIND ".Manager"
#define LOGIND_SESSION LOGIND ".Session"

/*
 * systemd-logind, or elogind, on the system bus: found, lost and found again; the agent is told of
 * sleep (inhibitor.h) and of the lock of the screen (screen.h). Where there is none, it is looked
 * for from time to time.
 */

/* 0 or a negative errno; that there is no bus is none. */
int logind_open(sd_event *event);
void logind_close(void);

/* Whether it is logind that sent this message: anyone on the bus may send us a signal. */
bool logind_sent(sd_bus_message *message);

#endif
