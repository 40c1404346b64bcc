// SPDX-License-Identifier: BSD-2-Clause
// The event loop: ppoll over the watches, one CLOCK_BOOTTIME timer for all deadlines (ppoll's own
// time-out stands still while the machine sleeps).
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"

#define WATCH_MAX 640  /* 256 clients, an errand of each, helpers that end, and the starter */
#define FREE_MAX  2048 /* as many can end in one round */

static TAILQ_HEAD(, watch) watches = TAILQ_HEAD_INITIALIZER(watches);
static TAILQ_HEAD(, timer) timers = TAILQ_HEAD_INITIALIZER(timers);
static struct watch *polled[WATCH_MAX]; /* this round's, NULL where one has gone since */
static size_t polled_count;
static void *doomed[FREE_MAX];
static size_t doomed_count;
static int clock_fd = -1;

int loop_open(void)
{
    clock_fd = clock_timer();
    return clock_fd < 0 ? clock_fd : 0;
}

void loop_watch(struct watch *watch)
{
    TAILQ_INSERT_TAIL(&watches, watch, link);
}

void loop_unwatch(struct watch *watch)
{
    TAILQ_REMOVE(&watches, watch, link);
    for (size_t i = 0; i < polled_count; i++)
        if (polled[i] == watch)
            polled[i] = NULL;
}

void loop_time(struct timer *timer)
{
    timer->deadline_ms = CLOCK_FOREVER;
    TAILQ_INSERT_TAIL(&timers, timer, link);
}

void loop_untime(struct timer *timer)
{
    TAILQ_REMOVE(&timers, timer, link);
}

void loop_free(void *memory)
{
    if (doomed_count == FREE_MAX)
        abort();
    doomed[doomed_count++] = memory;
}

/* One timer at a time, the list read anew after each: due() may end any of them. */
static void run_timers(void)
{
    uint64_t now = clock_boot_ms();
    struct timer *timer;

    do {
        TAILQ_FOREACH (timer, &timers, link)
            if (timer->deadline_ms <= now)
                break;
        if (timer) {
            timer->deadline_ms = CLOCK_FOREVER;
            timer->due(timer);
        }
    } while (timer);
}

static int arm_clock(void)
{
    uint64_t earliest = CLOCK_FOREVER;
    struct timer *timer;

    TAILQ_FOREACH (timer, &timers, link)
        if (timer->deadline_ms < earliest)
            earliest = timer->deadline_ms;
    return clock_timer_set(clock_fd, earliest);
}

static nfds_t collect(struct pollfd *pollfds)
{
    struct watch *watch;

    polled_count = 0;
    TAILQ_FOREACH (watch, &watches, link) {
        if (polled_count == WATCH_MAX)
            break;
        polled[polled_count] = watch;
        pollfds[polled_count++] = (struct pollfd){.fd = watch->fd, .events = watch->events};
    }
    pollfds[polled_count] = (struct pollfd){.fd = clock_fd, .events = POLLIN};
    return (nfds_t)polled_count + 1;
}

static void dispatch(const struct pollfd *pollfds)
{
    for (size_t i = 0; i < polled_count; i++)
        if (polled[i] && pollfds[i].revents)
            polled[i]->ready(polled[i], pollfds[i].revents);
    run_timers();
    polled_count = 0;
    while (doomed_count)
        free(doomed[--doomed_count]);
}

int loop_run(const volatile sig_atomic_t *stop, const sigset_t *unblocked)
{
    static struct pollfd pollfds[WATCH_MAX + 1];

    while (!*stop) {
        int r = arm_clock();
        nfds_t count = collect(pollfds);

        if (r < 0)
            return r;
        if (ppoll(pollfds, count, NULL, unblocked) < 0) {
            if (errno != EINTR)
                return -errno;
            continue;
        }
        dispatch(pollfds);
    }
    return 0;
}
