// SPDX-License-Identifier: BSD-2-Clause
// The throttle on guessing: what it costs, what resets it, and what a damaged file does.
#include "throttle.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "file.h"

#define A "slot:00112233445566778899aabbccddeeff:1"
#define B "slot:00112233445566778899aabbccddeeff:2"

static char folder[64], file[80];
static struct error error;

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/throttle.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/throttle", folder);
    return 0;
}

static int teardown(void **state)
{
    char lock[96];

    (void)state;
    snprintf(lock, sizeof lock, "%s.lock", file);
    unlink(lock);
    unlink(file);
    return rmdir(folder);
}

static uint64_t now(void)
{
    return clock_now_ms() / 1000;
}

static void write_file(const char *text)
{
    assert_int_equal(file_replace(file, text, strlen(text), FILE_NO_SYNC, &error), 0);
}

/* So many wrong answers, the last of them this long ago. */
static void write_line(uint64_t count, uint64_t seconds_ago, const char *name)
{
    char text[128];

    snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %s\n", now() - seconds_ago, count, name);
    write_file(text);
}

static uint64_t left(const char *name)
{
    uint64_t wait = UINT64_MAX;

    assert_int_equal(throttle_left(folder, name, &wait, &error), 0);
    return wait;
}

static uint64_t failed(const char *name)
{
    uint64_t wait = UINT64_MAX;

    assert_int_equal(throttle_failed(folder, name, &wait, &error), 0);
    return wait;
}

/* The clock moves on while we look. */
static void expect_about(uint64_t wait, uint64_t expected)
{
    assert_in_range(wait, expected - 5, expected);
}

static void five_are_free(void **state)
{
    (void)state;
    assert_int_equal(left(A), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(failed(A), 0);
    assert_int_equal(left(A), 0);
    assert_int_equal(failed(A), 30);
    expect_about(left(A), 30);
    assert_int_equal(left(B), 0);
}

static void waits_double(void **state)
{
    static const uint64_t WAITS[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600};

    (void)state;
    for (size_t i = 0; i < sizeof WAITS / sizeof *WAITS; i++) {
        write_line(4 + i, WAITS[i], A);
        assert_int_equal(failed(A), WAITS[i]);
        expect_about(left(A), WAITS[i]);
        write_line(5 + i, WAITS[i] + 1, A);
        assert_int_equal(left(A), 0);
    }
    write_line(999999999, 0, A);
    expect_about(left(A), 3600);
    assert_int_equal(failed(A), 3600);
}

static void success_forgets(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(throttle_passed(folder, A, &error), 0);
    assert_int_equal(stat(file, &st), -1);
    for (int i = 0; i < 6; i++) {
        failed(A);
        failed(B);
    }
    assert_int_equal(throttle_passed(folder, A, &error), 0);
    assert_int_equal(left(A), 0);
    expect_about(left(B), 60);
    for (int i = 0; i < 4; i++)
        assert_int_equal(failed(A), 0);
}

/* No way to make the throttle forget: each counts as five wrong answers at this moment. */
static void damaged_is_throttled(void **state)
{
    static const char *const TEXTS[] = {
        "x",
        "\n",
        "1 1 " A,
        "1  1 " A "\n",
        "0 1 " A "\n",
        "01 1 " A "\n",
        "1 01 " A "\n",
        "1 -1 " A "\n",
        "1 " A "\n",
        "1 1 \n",
        "1 1 a b\n",
        "1 1 \x01\n",
        "1 1 a\n\n",
        "1000000000000 1 a\n",
        "1 1000000000000 a\n",
        "999999999999 9 " A "\n", /* a time that has not come */
    };

    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        write_file(TEXTS[i]);
        expect_about(left(A), 30);
        expect_about(left(B), 30);
        write_file(TEXTS[i]);
        assert_int_equal(failed(B), 60);
        expect_about(left(A), 30);
        assert_int_equal(throttle_passed(folder, B, &error), 0);
        assert_int_equal(left(B), 0);
        expect_about(left(A), 30);
    }
    write_file("1 0 " A "\n");
    assert_int_equal(chmod(file, 0644), 0);
    expect_about(left(A), 30);
}

/* A clock that is set right by some minutes makes no damage, and no wait longer than by those. */
static void clock_set_back(void **state)
{
    (void)state;
    write_line(1, (uint64_t)-100, A);
    assert_int_equal(left(A), 0);
    assert_int_equal(left(B), 0);
    assert_int_equal(failed(A), 0);
    write_line(5, (uint64_t)-100, A);
    expect_about(left(A), 130);
    assert_int_equal(left(B), 0);
    write_line(1, (uint64_t)-400, A);
    expect_about(left(B), 30);
}

static void damage_is_over_after_a_while(void **state)
{
    (void)state;
    write_line(5, 31, "*");
    assert_int_equal(left(A), 0);
    assert_int_equal(failed(A), 60);
    assert_int_equal(left(B), 0);
}

static void in_words(void **state)
{
    static const struct {
        uint64_t wait;
        const char *words;
    } CASES[] = {{1, "1 second"},    {2, "2 seconds"},   {119, "119 seconds"},
                 {120, "2 minutes"}, {121, "3 minutes"}, {3600, "60 minutes"}};
    char text[THROTTLE_WAIT_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        throttle_words(CASES[i].wait, text);
        assert_string_equal(text, CASES[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(five_are_free, setup, teardown),
        cmocka_unit_test_setup_teardown(waits_double, setup, teardown),
        cmocka_unit_test_setup_teardown(success_forgets, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_is_throttled, setup, teardown),
        cmocka_unit_test_setup_teardown(clock_set_back, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_over_after_a_while, setup, teardown),
        cmocka_unit_test(in_words),
    };

    if (clock_open() < 0 || arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
