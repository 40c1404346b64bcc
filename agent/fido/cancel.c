// SPDX-License-Identifier: BSD-2-Clause
// Cancelling: libfido2's calls block, so a thread watches what may end them. It polls the
// conversation and never reads it: channel and arena belong to the main thread.
#include "cancel.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define CANCEL_TRIES   10
#define CANCEL_WAIT_MS 100

enum { CONVERSATION, SIGNALS, TIMER, WATCHED };

static struct {
    pthread_mutex_t lock; /* held while dev is used, so that it is never closed meanwhile */
    fido_dev_t *dev;      /* the armed one, or NULL */
    uint64_t deadline;
    bool expired, over;
    struct pollfd watched[WATCHED]; /* written before the thread starts */
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * A cancel that arrives before the request it is meant for is ignored by the key, so it is
 * repeated until the main thread has noticed and ended the process.
 */
static _Noreturn void end_all(void)
{
    pthread_mutex_lock(&watch.lock);
    watch.over = true;
    pthread_mutex_unlock(&watch.lock);
    shutdown(watch.watched[CONVERSATION].fd, SHUT_RDWR);
    for (int i = 0; i < CANCEL_TRIES; i++) {
        pthread_mutex_lock(&watch.lock);
        if (watch.dev)
            (void)fido_dev_cancel(watch.dev);
        pthread_mutex_unlock(&watch.lock);
        poll(NULL, 0, CANCEL_WAIT_MS);
    }
    _exit(EXIT_FAILURE);
}

/* The timer was due: for the armed device, for an earlier one, or early because clocks jump. */
static void look_at_clock(void)
{
    uint64_t expirations;

    (void)!read(watch.watched[TIMER].fd, &expirations, sizeof expirations);
    pthread_mutex_lock(&watch.lock);
    if (watch.dev && !watch.expired) {
        if (clock_left_ms(watch.deadline) > 0) {
            (void)clock_timer_set(watch.watched[TIMER].fd, watch.deadline);
        } else {
            watch.expired = true;
            (void)fido_dev_cancel(watch.dev);
        }
    }
    pthread_mutex_unlock(&watch.lock);
}

static void *run(void *unused)
{
    struct pollfd *watched = watch.watched;

    (void)unused;
    for (;;) {
        if (poll(watched, WATCHED, -1) < 0)
            continue;
        if (watched[CONVERSATION].revents || watched[SIGNALS].revents)
            end_all();
        if (watched[TIMER].revents)
            look_at_clock();
    }
    return NULL;
}

int cancel_start(int conversation)
{
    sigset_t term;
    pthread_t thread;
    int signals, timer;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &term, NULL) < 0 ||
        (signals = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return -errno;
    if ((timer = clock_timer()) < 0)
        return timer;
    watch.watched[CONVERSATION] = (struct pollfd){.fd = conversation, .events = POLLRDHUP};
    watch.watched[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
    watch.watched[TIMER] = (struct pollfd){.fd = timer, .events = POLLIN};
    return -pthread_create(&thread, NULL, run, NULL);
}

bool cancel_arm(fido_dev_t *dev, int timeout_ms)
{
    uint64_t deadline = clock_deadline_ms(timeout_ms);
    bool go;

    pthread_mutex_lock(&watch.lock);
    go = !watch.over && clock_timer_set(watch.watched[TIMER].fd, deadline) == 0;
    if (go) {
        watch.dev = dev;
        watch.deadline = deadline;
        watch.expired = false;
    }
    pthread_mutex_unlock(&watch.lock);
    return go;
}

bool cancel_disarm(void)
{
    bool expired;

    pthread_mutex_lock(&watch.lock);
    watch.dev = NULL;
    expired = watch.expired;
    pthread_mutex_unlock(&watch.lock);
    return expired;
}
