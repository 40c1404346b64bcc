// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WATCH_TIMER_H
#define AWSTAP_WATCH_TIMER_H

#include <stdint.h>
#include <systemd/sd-event.h>

/* A deadline on the clock that runs through sleep and that tests can move (clock.h). */
struct timer {
    int fd;
    uint64_t deadline_ms;
    void (*due)(void);
};

/* Make it, switched off; due is called when it is, once. 0 or a negative errno. */
int timer_open(struct timer *timer, sd_event *event, void (*due)(void));

/* Be due in so many milliseconds; -1 switches it off. */
void timer_set(struct timer *timer, int milliseconds);

#endif
