// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_SCREEN_H
#define AWSTAP_WATCH_SCREEN_H

#include <systemd/sd-bus.h>

/*
 * Whether the screen is locked: in any session of this user, as logind and the desktop tell
 * (org.freedesktop.login1(5)).
 */

/* 0 or a negative errno. */
int screen_open(sd_event *event);

/* Listen on this connection for sessions that are locked or unlocked, begin or end. 0 or a negative
 * errno. */
int screen_listen(sd_bus *bus);

/* logind is there (again): ask it for our sessions. */
void screen_ask(sd_bus *bus);

/* The connection is about to go: what is being asked on it is not answered any more. */
void screen_forget_questions(void);

#endif
