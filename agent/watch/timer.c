// SPDX-License-Identifier: BSD-2-Clause
// A deadline among the events.
#include "timer.h"

#include <sys/epoll.h>

#include "clock.h"

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
    struct timer *timer = data;

    (void)source;
    (void)fd;
    (void)events;
    if (timer->deadline_ms > clock_boot_ms())
        return clock_timer_set(timer->fd, timer->deadline_ms); /* a clock of tests looks early */
    timer_set(timer, -1);
    timer->due();
    return 0;
}

int timer_open(struct timer *timer, sd_event *event, void (*due)(void))
{
    *timer = (struct timer){.fd = clock_timer(), .deadline_ms = CLOCK_FOREVER, .due = due};
    if (timer->fd < 0)
        return timer->fd;
    return sd_event_add_io(event, NULL, timer->fd, EPOLLIN, on_ready, timer);
}

void timer_set(struct timer *timer, int milliseconds)
{
    timer->deadline_ms = clock_deadline_ms(milliseconds);
    clock_timer_set(timer->fd, timer->deadline_ms);
}
