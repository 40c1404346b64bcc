// SPDX-License-Identifier: BSD-2-Clause
// The agent's side of awstap-watch: what it hands on, and how it is started again. This test is the
// starter, awstap-watch, and the clock.
#include "watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "channel.h"
#include "clock.h"
#include "clock_source.h"
#include "helper.h"
#include "loop.h"

#define SECOND 1000u
#define PIDFD  -1

static uint64_t now_ms = 1000 * SECOND;

uint64_t clock_source_ms(clockid_t id)
{
    (void)id;
    return now_ms;
}

uint64_t clock_source_wait_ms(uint64_t wait_ms)
{
    return wait_ms;
}

/* The starter. */

static struct helper_request *asked;
static int starts;

void helper_start(enum program program, struct helper_request *request)
{
    assert_int_equal(program, PROGRAM_WATCH);
    assert_null(asked);
    asked = request;
    starts++;
}

void helper_withdraw(const struct helper_request *request)
{
    if (asked == request)
        asked = NULL;
}

void helper_end(int pidfd)
{
    assert_int_equal(pidfd, PIDFD);
}

/* awstap-watch. */

static struct channel watch;

static void started(int conversation, const char *error)
{
    struct helper_request *request = asked;

    assert_non_null(request);
    asked = NULL;
    request->started(request, conversation, PIDFD, error);
}

static void run(void)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(channel_open(&watch, ends[1]), 0);
    started(ends[0], NULL);
}

static void say(enum watch_event seen)
{
    const struct msg_watch_event event = {seen};

    assert_int_equal(channel_send(&watch, MSG_WATCH_EVENT, &event, -1, 0), 0);
}

static void assert_told(enum message_type type)
{
    struct frame frame;

    assert_int_equal(channel_receive(&watch, &frame, 0), 1);
    assert_int_equal(frame.type, type);
    channel_drop(&watch, &frame);
}

/* The agent. */

static char seen[64];
static volatile sig_atomic_t stop;
static struct timer round_end;

static void note(const char *what)
{
    strcat(seen, what);
}

static void on_added(void)
{
    note("a");
}

static void on_removed(void)
{
    note("r");
}

static void on_locked(void)
{
    note("l");
}

static void on_sleep(void)
{
    note("s");
    watcher_ready();
}

static void on_died(void)
{
    assert_false(watcher_runs());
    assert_false(watcher_screen_locked());
    note("d");
}

static void on_round_end(struct timer *timer)
{
    (void)timer;
    stop = 1;
}

/* Serve what is there by now. */
static void serve(void)
{
    sigset_t unblocked;

    sigemptyset(&unblocked);
    stop = 0;
    round_end.deadline_ms = 0;
    assert_int_equal(loop_run(&stop, &unblocked), 0);
}

static void greet(void)
{
    run();
    assert_int_equal(channel_flush(&watch), 1);
    serve();
    assert_true(watcher_runs());
}

static void die(void)
{
    channel_close(&watch);
    serve();
    assert_false(watcher_runs());
}

static int setup_group(void **state)
{
    (void)state;
    round_end.due = on_round_end;
    return arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED) < 0 || loop_open() < 0;
}

static int setup(void **state)
{
    static const struct watcher_events events = {
        .added = on_added,
        .removed = on_removed,
        .locked = on_locked,
        .sleep = on_sleep,
        .died = on_died,
    };

    (void)state;
    seen[0] = '\0';
    starts = 0;
    watch.fd = -1;
    loop_time(&round_end);
    watcher_open(&events);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    watcher_close();
    assert_null(asked);
    loop_untime(&round_end);
    channel_close(&watch);
    return 0;
}

static void test_events(void **state)
{
    (void)state;
    greet();
    assert_string_equal(watcher_trouble(), "");
    say(WATCH_ADDED);
    say(WATCH_REMOVED);
    say(WATCH_LOCK);
    say(WATCH_SLEEP);
    serve();
    assert_string_equal(seen, "arls");
    assert_told(MSG_WATCH_READY);
    assert_true(watcher_screen_locked());
    say(WATCH_WAKE);
    say(WATCH_UNLOCK);
    serve();
    assert_string_equal(seen, "arls");
    assert_false(watcher_screen_locked());
}

static void test_notification(void **state)
{
    (void)state;
    watcher_show("awstap", "before it runs: forgotten");
    watcher_hide();
    greet();
    watcher_show("awstap", "Touch the key");
    watcher_hide();
    assert_told(MSG_WATCH_SHOW);
    assert_told(MSG_WATCH_HIDE);
}

/* 1 s, 2 s, …, 60 s; from the beginning for one that lived long enough. */
static void test_restart(void **state)
{
    static const unsigned delays[] = {1, 2, 4, 8, 16, 32, 60, 60};

    (void)state;
    greet();
    now_ms += 61 * SECOND;
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        say(WATCH_LOCK);
        serve();
        die();
        assert_int_equal(strlen(seen), 2 * (i + 1));
        assert_string_equal(watcher_trouble(),
                            "awstap-watch ended unexpectedly and will be started again");
        now_ms += delays[i] * SECOND - 1;
        serve();
        assert_null(asked);
        now_ms++;
        serve();
        assert_int_equal(starts, i + 2);
        greet();
    }
    now_ms += 61 * SECOND;
    die();
    now_ms += SECOND;
    serve();
    assert_non_null(asked);
}

static void test_cannot_start(void **state)
{
    (void)state;
    started(-1, "cannot start awstap-watch: no such file; install awstap again");
    assert_string_equal(watcher_trouble(),
                        "cannot start awstap-watch: no such file; install awstap again");
    assert_string_equal(seen, "");
    now_ms += 60 * SECOND;
    serve();
    assert_non_null(asked);
}

/* As one whose libraries are missing: it never ran, and so its end locks nothing. */
static void test_ends_at_once(void **state)
{
    (void)state;
    run();
    die();
    assert_string_equal(seen, "");
    assert_non_null(strstr(watcher_trouble(), "libsystemd"));
}

static void test_wrong_message(void **state)
{
    (void)state;
    greet();
    say((enum watch_event)7);
    serve();
    assert_false(watcher_runs());
    assert_string_equal(seen, "d");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notification, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_message, setup, teardown),
    };

    return cmocka_run_group_tests(tests, setup_group, NULL);
}
