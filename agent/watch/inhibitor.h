// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_INHIBITOR_H
#define AWSTAP_WATCH_INHIBITOR_H

#include <systemd/sd-bus.h>

/*
 * Sleep, and the delay inhibitor that makes it wait for the agent (org.freedesktop.login1(5);
 * systemd's "Inhibitor Locks").
 */

/* 0 or a negative errno. */
int inhibitor_open(sd_event *event);
void inhibitor_close(void);

/* Listen on this connection for sleep that is near. 0 or a negative errno. */
int inhibitor_listen(sd_bus *bus);

/* logind is there (again): have it delay sleep. One that it gave before no longer counts. */
void inhibitor_take(sd_bus *bus);

/* The agent has forgotten what sleep must not find: let it sleep. */
void inhibitor_release(void);

#endif
