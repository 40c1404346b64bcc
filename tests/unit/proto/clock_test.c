// SPDX-License-Identifier: BSD-2-Clause
// Deadlines, what is left of them, and the timer, by the system's clocks.
#include "clock.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR_MS (3600 * 1000)
#define WAIT_MS 10000 /* for what is due at once */

static void test_readings(void **state)
{
    uint64_t boot = clock_boot_ms();

    (void)state;
    assert_int_equal(clock_open(), 0);
    assert_true(clock_now_ms() / 1000 - (uint64_t)time(NULL) <= 1);
    assert_true(clock_boot_ms() >= boot && clock_boot_ms() - boot < HOUR_MS);
}

static void test_deadlines(void **state)
{
    uint64_t hour = clock_deadline_ms(HOUR_MS);
    int left = clock_left_ms(hour);

    (void)state;
    assert_true(left > 0 && left <= HOUR_MS);
    assert_int_equal(clock_left_ms(clock_deadline_ms(0)), 0);
    assert_int_equal(clock_left_ms(0), 0);
    assert_int_equal(clock_left_ms(1), 0);
    assert_true(clock_deadline_ms(-1) == CLOCK_FOREVER);
    assert_int_equal(clock_left_ms(CLOCK_FOREVER), -1);
    assert_int_equal(clock_left_ms(CLOCK_FOREVER - 1), INT_MAX);
}

/* Whether the timer is due, waiting at most this long for it. */
static int is_due(int timer, int timeout_ms)
{
    struct pollfd pollfd = {.fd = timer, .events = POLLIN};

    return poll(&pollfd, 1, timeout_ms);
}

static void test_timer(void **state)
{
    int timer = clock_timer();

    (void)state;
    assert_true(timer >= 0);
    assert_int_equal(fcntl(timer, F_GETFD), FD_CLOEXEC);
    assert_int_equal(is_due(timer, 0), 0);
    assert_int_equal(clock_timer_set(timer, clock_deadline_ms(HOUR_MS)), 0);
    assert_int_equal(is_due(timer, 0), 0);
    assert_int_equal(clock_timer_set(timer, 1), 0);
    assert_int_equal(is_due(timer, WAIT_MS), 1);
    assert_int_equal(clock_timer_set(timer, CLOCK_FOREVER), 0);
    assert_int_equal(is_due(timer, 0), 0);
    assert_int_equal(clock_timer_set(timer, clock_deadline_ms(20)), 0);
    assert_int_equal(is_due(timer, WAIT_MS), 1);
    close(timer);
    assert_true(clock_timer_set(timer, 1) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readings),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_timer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
