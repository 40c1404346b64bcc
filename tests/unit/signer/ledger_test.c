// SPDX-License-Identifier: BSD-2-Clause
// The ledger of TOTP steps: single use, also among processes, and safe when its file is damaged.
#include "ledger.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "file.h"

#define A   "arn:aws:iam::123456789012:mfa/alice"
#define B   "arn:aws:iam::123456789012:mfa/bob"
#define NOW 50000000u

static char folder[64], file[80];
static struct error error;

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ledger.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/totp", folder);
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

static void write_ledger(const char *text, size_t len)
{
    assert_int_equal(file_replace(file, text, len, FILE_NO_SYNC, &error), 0);
}

static void expect_file(const char *expected)
{
    struct buf text;

    buf_init(&text);
    assert_int_equal(file_read(file, BUF_MAX, &text, &error), 0);
    assert_string_equal(buf_text(&text), expected);
    buf_free(&text);
}

static void expect_last(const char *serial, uint64_t expected)
{
    uint64_t last = 1;

    assert_int_equal(ledger_last(folder, serial, NOW, &last, &error), 0);
    assert_int_equal(last, expected);
}

static void expect_use(const char *serial, uint64_t step, int expected)
{
    assert_int_equal(ledger_use(folder, serial, NOW, step, &error), expected);
}

static void test_single_use(void **state)
{
    (void)state;
    expect_last(A, 0);
    expect_use(A, NOW, 1);
    expect_use(A, NOW, 0);
    expect_use(A, NOW - 1, 0);
    expect_use(A, NOW + 1, 1);
    expect_last(A, NOW + 1);
    expect_last(B, 0);
    expect_use(B, NOW, 1);
    expect_last("arn:aws:iam::123456789012:mfa/alic", 0);
    expect_last(A "2", 0);
    expect_file("50000001 " A "\n50000000 " B "\n");
}

static void test_old_lines_go(void **state)
{
    static const char text[] = "49999979 " A "\n49999980 " B "\n";

    (void)state;
    write_ledger(text, strlen(text));
    expect_last(A, 49999979);
    expect_use("GAHT12345678", NOW, 1);
    expect_file("49999980 " B "\n50000000 GAHT12345678\n");
}

/* Whatever stands there: the current step counts as used, for every serial, and the next one works.
 */
static void expect_begun_anew(void)
{
    expect_last(A, NOW);
    expect_use(A, NOW, 0);
    expect_use(A, NOW + 1, 1);
    expect_last(A, NOW + 1);
    expect_last(B, NOW);
    expect_file("50000000 *\n50000001 " A "\n");
}

static void test_damage(void **state)
{
    static const char *const texts[] = {
        "\n",
        "x",
        "50000000 " A,
        "50000000 \n",
        "50000000\n",
        "50000000  " A "\n",
        " 50000000 " A "\n",
        "050000000 " A "\n",
        "0 " A "\n",
        "-1 " A "\n",
        "+50000000 " A "\n",
        "0x10 " A "\n",
        "1000000000000 " A "\n",
        "18446744073709551617 " A "\n",
        "50000003 " A "\n",
        "50000000 " A "\r\n",
        "50000000 " A " \n",
        "49999990 " A "\nforeign line\n",
        "49999990 " A "\n\n",
        "49999990 arn\xc3\xa9:12345\n",
    };
    static const char with_nul[] = "50000000 " A "\0\n";

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_ledger(texts[i], strlen(texts[i]));
        expect_begun_anew();
    }
    write_ledger(with_nul, sizeof with_nul - 1);
    expect_begun_anew();
}

static void test_long_serial(void **state)
{
    char text[300];
    int n = snprintf(text, sizeof text, "50000000 %0257d\n", 1);

    (void)state;
    write_ledger(text, (size_t)n);
    expect_begun_anew();
}

static void test_file_refused(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(symlink("/dev/zero", file), 0);
    expect_begun_anew();
    fd = open(file, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    close(fd);
    expect_begun_anew();
    assert_int_equal(chmod(file, 0644), 0);
    expect_last(B, NOW);
}

static void test_no_folder(void **state)
{
    uint64_t last;

    (void)state;
    assert_int_equal(ledger_use("/proc/nonexistent", A, NOW, NOW, &error), -1);
    assert_int_equal(error.status, EXIT_FAILED);
    assert_int_equal(ledger_last("/proc/nonexistent", A, NOW, &last, &error), 0);
    assert_int_equal(last, 0);
}

/* Damage seen is damage mended: what counts as used does not move on with the clock. */
static void test_damage_passes(void **state)
{
    uint64_t last;

    (void)state;
    write_ledger("x", 1);
    expect_last(A, NOW);
    expect_file("50000000 *\n");
    assert_int_equal(ledger_last(folder, A, NOW + 1, &last, &error), 0);
    assert_int_equal(last, NOW);
    assert_int_equal(ledger_use(folder, A, NOW + 1, NOW + 1, &error), 1);
}

static void test_one_of_many(void **state)
{
    int winners = 0;

    (void)state;
    for (int i = 0; i < 16; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
            _exit(ledger_use(folder, A, NOW, NOW, &error) + 1);
    }
    for (int i = 0; i < 16; i++) {
        int status;

        assert_true(wait(&status) > 0 && WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == 1 || WEXITSTATUS(status) == 2);
        winners += WEXITSTATUS(status) == 2;
    }
    assert_int_equal(winners, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_single_use),    TEST(test_old_lines_go),
                                       TEST(test_damage),        TEST(test_long_serial),
                                       TEST(test_file_refused),  TEST(test_no_folder),
                                       TEST(test_damage_passes), TEST(test_one_of_many)};

    if (clock_open() < 0 || arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
