// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOOP_H
#define AWSTAP_LOOP_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/*
 * The agent's one event loop: descriptors to watch, deadlines to keep, nothing that waits. A watch
 * or a timer is part of the object that owns it; LOOP_OWNER() finds the object from its part.
 */

#define LOOP_OWNER(part, type, member) ((type *)(void *)((char *)(part)-offsetof(type, member)))

struct watch {
    TAILQ_ENTRY(watch) link;
    int fd;
    short events; /* of poll(); may be changed at any time */
    void (*ready)(struct watch *watch, short events);
};

struct timer {
    TAILQ_ENTRY(timer) link;
    uint64_t deadline_ms; /* of clock_boot_ms(); CLOCK_FOREVER: off */
    void (*due)(struct timer *timer);
};

/* 0 or a negative errno. */
int loop_open(void);

void loop_watch(struct watch *watch);
void loop_unwatch(struct watch *watch);

/* Add a timer, switched off; set its deadline_ms at any time. It is switched off before due() is
 * called. */
void loop_time(struct timer *timer);
void loop_untime(struct timer *timer);

/* free() this once no event of the current round can lead to it any more. */
void loop_free(void *memory);

/* Serve events until *stop is set by a signal that unblocked lets through while waiting. 0 or a
 * negative errno. */
int loop_run(const volatile sig_atomic_t *stop, const sigset_t *unblocked);

#endif
