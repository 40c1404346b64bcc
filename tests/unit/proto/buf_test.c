// SPDX-License-Identifier: BSD-2-Clause
// The buffer: its bounds, its order, and that what leaves it is wiped.
#include "buf.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"

#define ARENA ((size_t)1024 * 1024)

static struct buf buf;

static int setup(void **state)
{
    (void)state;
    buf_init(&buf);
    return arena_open(ARENA, ARENA_LOCK_WANTED);
}

/* Nothing may be left in the arena, neither a block nor a byte. */
static int teardown(void **state)
{
    uint8_t *all;

    (void)state;
    buf_free(&buf);
    all = arena_alloc(ARENA);
    assert_non_null(all);
    for (size_t i = 0; i < ARENA; i++)
        assert_int_equal(all[i], 0);
    arena_close();
    return 0;
}

static void assert_holds(const char *text)
{
    assert_int_equal(buf_len(&buf), strlen(text));
    assert_memory_equal(buf_data(&buf), text, strlen(text));
}

static void test_numbers(void **state)
{
    const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

    (void)state;
    assert_int_equal(buf_put_u8(&buf, 1), 0);
    assert_int_equal(buf_put_u32(&buf, 0x02030405), 0);
    assert_int_equal(buf_put_u64(&buf, 0x060708090a0b0c0d), 0);
    assert_int_equal(buf_len(&buf), sizeof expected);
    assert_memory_equal(buf_data(&buf), expected, sizeof expected);
}

static void test_text(void **state)
{
    char expected[2000];

    (void)state;
    assert_string_equal(buf_text(&buf), "");
    assert_int_equal(buf_put_text(&buf, "key "), 0);
    assert_int_equal(buf_printf(&buf, "%s of %d", "seven", 9), 0);
    assert_int_equal(buf_put(&buf, NULL, 0), 0);
    assert_holds("key seven of 9");
    assert_string_equal(buf_text(&buf), "key seven of 9");
    assert_holds("key seven of 9");
    memset(expected, 'x', sizeof expected - 1);
    expected[sizeof expected - 1] = '\0';
    buf_take(&buf, buf_len(&buf));
    assert_int_equal(buf_printf(&buf, "%s", expected), 0);
    assert_holds(expected);
}

static void test_take_and_trim_wipe(void **state)
{
    uint8_t *data;

    (void)state;
    assert_int_equal(buf_put_text(&buf, "0123456789"), 0);
    data = buf_data(&buf);
    buf_take(&buf, 3);
    assert_holds("3456789");
    assert_memory_equal(data, "\0\0\0", 3);
    buf_trim(&buf, 2);
    assert_holds("34567");
    assert_memory_equal(data + 8, "\0\0", 2);
    buf_take(&buf, 0);
    buf_trim(&buf, 0);
    buf_take(&buf, 5);
    assert_int_equal(buf_len(&buf), 0);
    assert_memory_equal(data, "\0\0\0\0\0\0\0\0\0\0", 10);
}

static void test_growth_wipes(void **state)
{
    static const uint8_t zeros[512];
    uint8_t *first, *room;

    (void)state;
    assert_int_equal(buf_put_text(&buf, "a secret"), 0);
    first = buf_data(&buf);
    assert_int_equal(buf_extend(&buf, 600, &room), 0);
    memset(room, 'x', 600);
    assert_ptr_not_equal(buf_data(&buf), first);
    assert_memory_equal(buf_data(&buf), "a secret", 8);
    assert_memory_equal(first, zeros, sizeof zeros);
}

/* Bytes that are taken in front make room behind, without growth beyond what is held. */
static void test_stream(void **state)
{
    uint8_t next = 0, expected = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        for (unsigned i = 0; i < round % 7; i++)
            assert_int_equal(buf_put_u8(&buf, next++), 0);
        for (unsigned i = 0; i < round % 6 && buf_len(&buf); i++) {
            assert_int_equal(*buf_data(&buf), expected++);
            buf_take(&buf, 1);
        }
    }
    assert_true(buf_len(&buf) <= 20000 && buf.size <= 32768);
}

static void test_maximum(void **state)
{
    uint8_t *room;

    (void)state;
    assert_int_equal(buf_extend(&buf, BUF_MAX + 1, &room), -ENOBUFS);
    assert_int_equal(buf_extend(&buf, SIZE_MAX, &room), -ENOBUFS);
    assert_int_equal(buf_extend(&buf, BUF_MAX - 1, &room), 0);
    assert_int_equal(buf_put_u32(&buf, 1), -ENOBUFS);
    assert_int_equal(buf_printf(&buf, "%d", 22), -ENOBUFS);
    assert_int_equal(buf_len(&buf), BUF_MAX - 1);
    assert_int_equal(buf_put_u8(&buf, 1), 0);
    assert_null(buf_text(&buf));
    assert_int_equal(buf_len(&buf), BUF_MAX);
}

static void test_no_memory(void **state)
{
    uint8_t *half = arena_alloc(ARENA / 2), *quarter = arena_alloc(ARENA / 4), *room;

    (void)state;
    assert_int_equal(buf_put_text(&buf, "held"), 0);
    assert_int_equal(buf_extend(&buf, BUF_MAX - 4, &room), -ENOMEM);
    assert_holds("held");
    arena_free(half);
    arena_free(quarter);
}

static void take_too_much(void)
{
    buf_take(&buf, 1);
}

static void trim_too_much(void)
{
    buf_trim(&buf, 1);
}

static void use_unready(void)
{
    struct buf unready = {0};

    buf_len(&unready);
}

static void use_damaged(void)
{
    buf.end = buf.size + 1;
    buf_len(&buf);
}

static void assert_aborts(void (*act)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_misuse_ends_the_process(void **state)
{
    (void)state;
    assert_aborts(take_too_much);
    assert_aborts(trim_too_much);
    assert_aborts(use_unready);
    assert_aborts(use_damaged);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers),
        TEST(test_text),
        TEST(test_take_and_trim_wipe),
        TEST(test_growth_wipes),
        TEST(test_stream),
        TEST(test_maximum),
        TEST(test_no_memory),
        TEST(test_misuse_ends_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
