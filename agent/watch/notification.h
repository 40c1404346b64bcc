// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_NOTIFICATION_H
#define AWSTAP_WATCH_NOTIFICATION_H

#include <stdbool.h>
#include <systemd/sd-event.h>

/*
 * The one desktop notification (org.freedesktop.Notifications, Desktop Notifications Specification
 * 1.2). Nothing here waits: where no notifier answers, none is shown.
 */

void notification_open(sd_event *event);
void notification_close(void);

/* Show it, in place of the one that is shown. Both are plain text; body may have several lines. */
void notification_show(const char *title, const char *body);

/* Take it away. */
void notification_hide(void);

/* Whether a notifier has not yet answered: what it shows then can't be taken away before. */
bool notification_is_pending(void);

#endif
