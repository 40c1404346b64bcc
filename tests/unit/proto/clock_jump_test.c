// SPDX-License-Identifier: BSD-2-Clause
// The clock of the test build, in the place of the system's: it follows the file beside the binary.
#include <clock_test.c>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS 86400000
#define SLACK  60000 /* what a slow machine may take between two readings */

static char path[BESIDE_MAX];

/* The file as the tests write it: in place. */
static void write_offset(const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void assert_off_by(int64_t expected_ms)
{
    struct timespec real;
    int64_t off;

    clock_gettime(CLOCK_REALTIME, &real);
    off = (int64_t)clock_now_ms() - (int64_t)real.tv_sec * 1000;
    assert_in_range(off - expected_ms, 0, SLACK);
}

static void test_no_file(void **state)
{
    (void)state;
    assert_int_equal(clock_open(), 0);
    assert_off_by(0);
}

static void test_offsets(void **state)
{
    (void)state;
    write_offset("0\n");
    assert_int_equal(clock_open(), 0);
    assert_off_by(0);
    write_offset("86400000\n");
    assert_off_by(DAY_MS);
    write_offset("");
    assert_off_by(DAY_MS);
    write_offset("-86400000");
    assert_off_by(-DAY_MS);
    close(file);
}

/* Who waits for a deadline looks often enough to see a jump across it. */
static void test_deadline_jumped(void **state)
{
    uint64_t deadline;

    (void)state;
    write_offset("0");
    assert_int_equal(clock_open(), 0);
    deadline = clock_deadline_ms(DAY_MS);
    assert_int_equal(clock_left_ms(deadline), LOOK_AGAIN_MS);
    write_offset("86400001");
    assert_int_equal(clock_left_ms(deadline), 0);
    assert_int_equal(clock_left_ms(CLOCK_FOREVER), -1);
    close(file);
}

static int find_path(void **state)
{
    (void)state;
    return beside_path("clock", path, sizeof path) < 0 ? -1 : remove_file(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_file),
        cmocka_unit_test_teardown(test_offsets, remove_file),
        cmocka_unit_test_teardown(test_deadline_jumped, remove_file),
    };

    return cmocka_run_group_tests(tests, find_path, NULL);
}
