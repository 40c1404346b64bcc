// SPDX-License-Identifier: BSD-2-Clause
// A key in a socket: HID reports of one host in and out, over the key's files.
#include "plug.h"

#include "key.h"

#include <errno.h>
#include <fido.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 2 /* how often the key's files are looked at while something is awaited */

struct plug {
    pthread_mutex_t mutex;
    struct key key;
    struct options options;
    struct memory memory;
    struct authenticator *authenticator;
    struct ctaphid hid;
    bool waiting;        /* for the person; the key is claimed meanwhile */
    uint64_t started;    /* the command being done, µs */
    uint64_t asked;      /* the person, µs */
    uint64_t kept_alive; /* last, µs */
    uint64_t unbooked;   /* work done after memory was written last, µs */
};

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_nsec / 1000U;
}

/* Write memory, with the time that this command took so far. */
static int remember(struct plug *p)
{
    uint64_t before = now_us();
    int r;

    p->memory.busy_us += before - p->started + p->unbooked;
    r = key_remember(&p->key, &p->memory);
    p->started = now_us();
    p->unbooked = p->started - before;
    return r;
}

/* A command is done: its reply, or an error where memory could not be written. */
static void end(struct plug *p, const uint8_t *reply, size_t size)
{
    int r;

    p->waiting = false;
    p->memory.waiting = 0;
    r = remember(p);
    key_yield(&p->key);
    key_unlock(&p->key);
    if (r < 0)
        ctaphid_refuse(&p->hid, FIDO_ERR_ERR_OTHER);
    else
        ctaphid_reply(&p->hid, reply, size);
}

/* The person is asked and did nothing yet: from now on plug_read looks at what they do. */
static void await(struct plug *p)
{
    p->asked = p->kept_alive = now_us();
    p->memory.waiting = (uint64_t)getpid();
    p->waiting = remember(p) == 0;
    if (!p->waiting) {
        key_yield(&p->key);
        ctaphid_refuse(&p->hid, FIDO_ERR_ERR_OTHER);
    }
    key_unlock(&p->key);
}

/* Lock the key's memory and read it; on success the caller unlocks. */
static int recall(struct plug *p)
{
    int r = key_lock(&p->key);

    if (r < 0)
        return r;
    r = key_recall(&p->key, &p->options, &p->memory);
    if (r < 0)
        key_unlock(&p->key);
    return r;
}

/* Claim the key and read its memory; a plugging in that it does not know is a power cycle. */
static int acquire(struct plug *p)
{
    int r = recall(p);

    if (r < 0)
        return r;
    r = key_claim(&p->key);
    if (r < 0) {
        key_unlock(&p->key);
        return r;
    }
    if (p->memory.inode != p->key.inode || p->memory.born != p->key.born) {
        p->memory.inode = p->key.inode;
        p->memory.born = p->key.born;
        p->memory.misses = 0;
    }
    return 0;
}

static void command(struct plug *p)
{
    uint8_t reply[MESSAGE_MAX];
    enum touch touch;
    size_t size;
    int r;

    p->started = now_us();
    r = acquire(p);
    if (r < 0) {
        ctaphid_refuse(&p->hid, r == -EBUSY ? FIDO_ERR_CHANNEL_BUSY : FIDO_ERR_ERR_OTHER);
        return;
    }
    size = authenticator_begin(p->authenticator, p->hid.message, p->hid.size, reply);
    touch = size == 0 ? key_touch(&p->key, 0) : TOUCH_AWAITED;
    if (touch != TOUCH_AWAITED)
        size = authenticator_finish(p->authenticator,
                                    touch == TOUCH_GIVEN ? ANSWER_TOUCH : ANSWER_DENY, reply);
    if (size == 0)
        await(p);
    else
        end(p, reply, size);
}

static void finish(struct plug *p, enum answer answer)
{
    uint8_t reply[MESSAGE_MAX];
    size_t size;

    if (recall(p) < 0) {
        p->waiting = false;
        key_yield(&p->key);
        ctaphid_refuse(&p->hid, FIDO_ERR_ERR_OTHER);
        return;
    }
    size = authenticator_finish(p->authenticator, answer, reply);
    end(p, reply, size);
}

/* A command waits, and nobody is there any more to have its reply. */
static void abandon(struct plug *p)
{
    if (!p->waiting)
        return;
    p->waiting = false;
    if (recall(p) == 0) {
        p->memory.waiting = 0;
        remember(p);
        key_unlock(&p->key);
    }
    key_yield(&p->key);
}

/* Look at what the person does. */
static void look(struct plug *p)
{
    uint64_t now = now_us();
    enum touch touch = key_touch(&p->key, (now - p->asked) / 1000);

    if (touch != TOUCH_AWAITED) {
        finish(p, touch == TOUCH_GIVEN ? ANSWER_TOUCH : ANSWER_DENY);
    } else if (now - p->asked >= p->options.timeout_ms * 1000ULL) {
        finish(p, ANSWER_TIMEOUT);
    } else if (now - p->kept_alive >= p->options.keepalive_ms * 1000ULL) {
        p->kept_alive = now;
        ctaphid_keepalive(&p->hid);
    }
}

int plug_open(const char *folder, const char *name, struct plug **plug)
{
    struct plug *p = calloc(1, sizeof(*p));
    int r;

    if (p == NULL)
        return -ENOMEM;
    r = key_open(&p->key, folder, name);
    if (r < 0)
        goto out;
    r = key_options(&p->key, &p->options);
    if (r < 0)
        goto close;
    p->hid.open_error = p->options.faults[OPERATION_OPEN].code;
    p->authenticator = authenticator_new(&p->options, &p->memory);
    r = p->authenticator == NULL ? -ENOMEM : -pthread_mutex_init(&p->mutex, NULL);
    if (r < 0)
        goto close;
    *plug = p;
    return 0;
close:
    key_close(&p->key);
    authenticator_free(p->authenticator);
out:
    free(p);
    return r;
}

void plug_close(struct plug *plug)
{
    abandon(plug);
    authenticator_free(plug->authenticator);
    key_close(&plug->key);
    pthread_mutex_destroy(&plug->mutex);
    free(plug);
}

int plug_write(struct plug *plug, const uint8_t report[REPORT_SIZE])
{
    enum ctaphid_event event;

    if (!key_plugged(&plug->key))
        return -EIO;
    pthread_mutex_lock(&plug->mutex);
    event = ctaphid_receive(&plug->hid, report);
    if (event == CTAPHID_COMMAND)
        command(plug);
    else if (event == CTAPHID_CANCEL && plug->waiting)
        finish(plug, ANSWER_CANCEL);
    pthread_mutex_unlock(&plug->mutex);
    return 0;
}

/* One look at the key: 0 and a report, -EAGAIN, or -EIO. */
static int try_read(struct plug *plug, uint8_t report[REPORT_SIZE])
{
    int r = -EIO;

    pthread_mutex_lock(&plug->mutex);
    if (key_plugged(&plug->key)) {
        if (plug->waiting)
            look(plug);
        r = ctaphid_next(&plug->hid, report) ? 0 : -EAGAIN;
    } else {
        abandon(plug);
    }
    pthread_mutex_unlock(&plug->mutex);
    return r;
}

int plug_read(struct plug *plug, uint8_t report[REPORT_SIZE], int timeout_ms)
{
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000L};
    uint64_t deadline = now_us() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms) * 1000U;
    int r;

    while ((r = try_read(plug, report)) == -EAGAIN) {
        if (timeout_ms >= 0 && now_us() >= deadline)
            return -ETIMEDOUT;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &tick, NULL);
    }
    return r;
}
