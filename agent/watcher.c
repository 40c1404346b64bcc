// SPDX-License-Identifier: BSD-2-Clause
// awstap-watch, as the agent keeps it running.
#include "watcher.h"

#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "helper.h"
#include "peer.h"

#define RESTART_MIN_MS 1000
#define RESTART_MAX_MS 60000
#define SLEEP_MS       60000 /* from the word of it to the wake, of which no word may come */
#define GREETING_MS    5000  /* what runs and has not greeted by then hangs */
#define STEADY_MS      60000 /* who has lived for so long is started again soon */

static void on_started(struct helper_request *request, int conversation, int pidfd,
                       const char *error);
static int on_frame(struct peer *peer, const struct frame *frame);
static void on_end(struct peer *peer, int error);
static void start(struct timer *timer);

static const struct watcher_events *tell;
static struct helper_request request = {.started = on_started};
static struct peer watch = {.on_frame = on_frame, .on_end = on_end, .channel.fd = -1};
static int watch_pidfd = -1;
static bool screen_locked;
static uint64_t sleep_until_ms;

static struct timer restart = {.due = start};
static uint64_t restart_ms = RESTART_MIN_MS, started_ms;
static char trouble[256];

bool watcher_runs(void)
{
    return watch.channel.fd >= 0 && watch.channel.greeted;
}

static void restart_later(const char *why)
{
    snprintf(trouble, sizeof trouble, "%s", why);
    restart.deadline_ms = clock_boot_ms() + restart_ms;
    restart_ms = restart_ms * 2 < RESTART_MAX_MS ? restart_ms * 2 : RESTART_MAX_MS;
}

static void end(void)
{
    peer_close(&watch);
    helper_end(watch_pidfd);
    watch_pidfd = -1;
    screen_locked = false;
    sleep_until_ms = 0;
}

static void call(void (*callback)(void))
{
    if (callback)
        callback();
}

static void on_end(struct peer *peer, int error)
{
    bool ran = watcher_runs();

    (void)peer;
    end();
    if (ran && clock_boot_ms() - started_ms >= STEADY_MS)
        restart_ms = RESTART_MIN_MS;
    if (error == -EPROTONOSUPPORT)
        restart_later("awstap was upgraded while its agent ran: no notifications, and no lock at "
                      "sleep; end the agent and run it again");
    else if (ran)
        restart_later("awstap-watch ended unexpectedly and will be started again");
    else
        restart_later("awstap-watch can't run: no notifications, and no lock at sleep; is "
                      "libsystemd installed?");
    if (ran)
        call(tell->died);
}

static int take_event(uint32_t event)
{
    switch (event) {
    case WATCH_ADDED:
        call(tell->added);
        return 0;
    case WATCH_REMOVED:
        call(tell->removed);
        return 0;
    case WATCH_LOCK:
        screen_locked = true;
        call(tell->locked);
        return 0;
    case WATCH_UNLOCK:
        screen_locked = false;
        call(tell->unlocked);
        return 0;
    case WATCH_SLEEP:
        sleep_until_ms = clock_boot_ms() + SLEEP_MS;
        call(tell->sleep);
        return 0;
    case WATCH_WAKE:
        sleep_until_ms = 0;
        call(tell->wake);
        return 0;
    default:
        return -EPROTO;
    }
}

static int on_frame(struct peer *peer, const struct frame *frame)
{
    struct msg_watch_event event;
    int r = message_get(frame, MSG_WATCH_EVENT, &event);

    (void)peer;
    return r < 0 ? r : take_event(event.event);
}

static void on_started(struct helper_request *done, int conversation, int pidfd, const char *error)
{
    (void)done;
    if (error) {
        restart_later(error);
        return;
    }
    watch_pidfd = pidfd;
    trouble[0] = '\0';
    if (peer_open(&watch, conversation) < 0) {
        end();
        restart_later("out of memory");
    }
}

static void start(struct timer *timer)
{
    (void)timer;
    started_ms = clock_boot_ms();
    helper_start(PROGRAM_WATCH, &request);
}

void watcher_open(const struct watcher_events *events)
{
    tell = events;
    loop_time(&restart);
    start(&restart);
}

void watcher_close(void)
{
    helper_withdraw(&request);
    loop_untime(&restart);
    end();
}

static void send(enum message_type type, const void *msg)
{
    if (watch.channel.fd >= 0)
        peer_send(&watch, type, msg, -1);
}

void watcher_show(const char *title, const char *body)
{
    const struct msg_watch_show show = {title, body};

    send(MSG_WATCH_SHOW, &show);
}

void watcher_hide(void)
{
    send(MSG_WATCH_HIDE, NULL);
}

void watcher_ready(void)
{
    send(MSG_WATCH_READY, NULL);
}

bool watcher_screen_locked(void)
{
    return screen_locked;
}

/* What is got while the machine is about to sleep would be kept over it. */
const char *watcher_nobody(void)
{
    if (screen_locked)
        return "the screen is locked; unlock it and run it again";
    if (clock_boot_ms() < sleep_until_ms)
        return "the machine goes to sleep; run it again when it is awake";
    return NULL;
}

const char *watcher_trouble(void)
{
    if (!trouble[0] && !watcher_runs() && clock_boot_ms() - started_ms >= GREETING_MS)
        return "awstap-watch does not answer: no notifications, and no lock at sleep";
    return trouble;
}
