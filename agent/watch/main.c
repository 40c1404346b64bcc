// SPDX-License-Identifier: BSD-2-Clause
// awstap-watch: shows notifications for the agent, and tells it of security keys that come and go,
// of the lock of the screen and of sleep. It alone speaks D-Bus, and it never holds a secret.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "arena.h"
#include "clock.h"
#include "harden.h"
#include "inhibitor.h"
#include "keys.h"
#include "logind.h"
#include "notification.h"

#define ARENA_SIZE  ((size_t)1024 * 1024)
#define FAREWELL_MS 1000 /* for a notifier to say what is to be taken away */

static bool terminated;

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *unused)
{
    (void)source;
    (void)info;
    (void)unused;
    terminated = true;
    return 0;
}

/* SIGTERM ends us as the end of the conversation does. 0 or a negative errno. */
static int catch_terminate(sd_event *event)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        return -errno;
    return sd_event_add_signal(event, NULL, SIGTERM, on_terminate, NULL);
}

static int on_frame(const struct frame *frame)
{
    struct msg_watch_show show;
    int r;

    switch (frame->type) {
    case MSG_WATCH_SHOW:
        if ((r = message_get(frame, MSG_WATCH_SHOW, &show)) == 0)
            notification_show(show.title, show.body);
        return r;
    case MSG_WATCH_HIDE:
        if ((r = message_get(frame, MSG_WATCH_HIDE, NULL)) == 0)
            notification_hide();
        return r;
    case MSG_WATCH_READY:
        if ((r = message_get(frame, MSG_WATCH_READY, NULL)) == 0)
            inhibitor_release();
        return r;
    default:
        return -EPROTO;
    }
}

static int run(sd_event *event)
{
    uint64_t deadline;
    int r = 0;

    while (r >= 0 && !terminated && !agent_has_ended())
        r = sd_event_run(event, UINT64_MAX);
    notification_hide();
    deadline = clock_deadline_ms(FAREWELL_MS);
    while (r >= 0 && notification_is_pending() && clock_left_ms(deadline))
        r = sd_event_run(event, (uint64_t)clock_left_ms(deadline) * 1000);
    return r < 0 ? r : 0;
}

/* The agent is greeted when all else is well: an awstap-watch that can't work never ran. */
static int open_all(sd_event *event)
{
    int r;

    notification_open(event);
    if ((r = catch_terminate(event)) < 0 || (r = keys_open(event)) < 0 ||
        (r = logind_open(event)) < 0)
        return r;
    return agent_open(event, on_frame);
}

static void close_all(void)
{
    notification_close();
    logind_close();
    keys_close();
    agent_close();
}

int main(void)
{
    sd_event *event;
    int r;

    if ((r = harden_helper()) < 0 || (r = clock_open()) < 0 ||
        (r = arena_open(ARENA_SIZE, ARENA_LOCK_WANTED)) < 0 || (r = sd_event_new(&event)) < 0 ||
        (r = open_all(event)) < 0) {
        if (r != -EPIPE) /* an agent that ended meanwhile is no fault */
            fprintf(stderr, "awstap-watch: cannot start: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    if ((r = run(event)) < 0)
        fprintf(stderr, "awstap-watch: the event loop failed: %s\n", strerror(-r));
    close_all();
    sd_event_unref(event);
    arena_close();
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
