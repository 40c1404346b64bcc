// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_KEYS_H
#define AWSTAP_WATCH_KEYS_H

#include <systemd/sd-event.h>

/* Security keys plugged in and pulled: the agent is told. Test builds watch tests/softkey's
 * instead.
 */

/* 0 or a negative errno; without udev nothing is seen, which is no error. */
int keys_open(sd_event *event);
void keys_close(void);

#endif
