// SPDX-License-Identifier: BSD-2-Clause
// The notification of a touch.
#include "notice.h"

#include <stdbool.h>
#include <stdio.h>

#include "clock.h"
#include "loop.h"
#include "watcher.h"

#define MOMENT_MS 700

static struct timer moment;
static bool shown;
static const void *owner;
static char text[512];

static void on_moment(struct timer *timer)
{
    (void)timer;
    shown = true;
    watcher_show("awstap", text);
}

void notice_open(void)
{
    moment.due = on_moment;
    loop_time(&moment);
}

/* "touch the key" → "Touch the key": it stands alone here. */
static void take_text(const char *line)
{
    snprintf(text, sizeof text, "%s", line);
    if (text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
}

void notice_progress(const void *of, const struct msg_progress *progress)
{
    if (progress->kind == PROGRESS_NOTE)
        return;
    if (progress->kind != PROGRESS_TOUCH && progress->kind != PROGRESS_PLUG) {
        notice_end(of);
        return;
    }
    owner = of;
    take_text(progress->text);
    if (shown)
        watcher_show("awstap", text);
    else if (moment.deadline_ms == CLOCK_FOREVER)
        moment.deadline_ms = clock_boot_ms() + MOMENT_MS;
}

void notice_end(const void *of)
{
    if (of != owner)
        return;
    moment.deadline_ms = CLOCK_FOREVER;
    if (shown)
        watcher_hide();
    shown = false;
}
