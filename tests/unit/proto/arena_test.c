// SPDX-License-Identifier: BSD-2-Clause
// The arena: blocks that begin and end as zeros, that never overlap, and that nobody else can see.
#include "arena.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE     ((size_t)64 * 1024)
#define SMALLEST 128u
#define NOBODY   65534

static int setup(void **state)
{
    (void)state;
    return arena_open(SIZE, ARENA_LOCK_NEEDED);
}

static int teardown(void **state)
{
    (void)state;
    arena_close();
    return 0;
}

static void assert_zeros(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        assert_int_equal(at[i], 0);
}

/* What is left when nothing is in use: one block of everything. */
static void assert_all_free(void)
{
    uint8_t *all = arena_alloc(SIZE);

    assert_non_null(all);
    assert_int_equal(arena_capacity(all), SIZE);
    assert_zeros(all, SIZE);
    arena_free(all);
}

/* How a child that runs act(argument) ends: its wait status. */
static int child_status(void (*act)(void *argument), void *argument)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        act(argument);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void assert_killed(void (*act)(void *argument), void *argument, int signal_number)
{
    int status = child_status(act, argument);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(arena_open(1, ARENA_LOCK_WANTED), -EINVAL);
    assert_int_equal(arena_open((size_t)65 * 1024 * 1024, ARENA_LOCK_WANTED), -EINVAL);
    assert_null(arena_alloc(1));
    assert_int_equal(arena_open(SIZE + 1, ARENA_LOCK_WANTED), 0);
    assert_int_equal(arena_open(SIZE, ARENA_LOCK_WANTED), -EALREADY);
    arena_free(arena_alloc(2 * SIZE));
    assert_null(arena_alloc(2 * SIZE + 1));
    arena_close();
    arena_close();
    assert_null(arena_alloc(1));
}

static void test_zeroed_and_wiped(void **state)
{
    uint8_t *block = arena_alloc(1000);

    (void)state;
    assert_non_null(block);
    assert_int_equal(arena_capacity(block), 1024);
    assert_zeros(block, 1024);
    memset(block, 0xa5, 1024);
    arena_free(block);
    assert_zeros(block, 1024);
    arena_free(NULL);
    assert_all_free();
}

static void test_strdup(void **state)
{
    char *copy = arena_strdup("a secret"), *empty = arena_strdup("");

    (void)state;
    assert_string_equal(copy, "a secret");
    assert_string_equal(empty, "");
    arena_free(copy);
    assert_zeros((uint8_t *)copy, sizeof "a secret");
    arena_free(empty);
}

/* Every block of the smallest size, then none; released in an order that joins buddies late. */
static void test_exhausted_and_joined(void **state)
{
    static uint8_t *blocks[SIZE / SMALLEST];
    const size_t count = SIZE / SMALLEST;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_non_null(blocks[i] = arena_alloc(i % SMALLEST));
        memset(blocks[i], (int)(i & 0xff), SMALLEST);
    }
    assert_null(arena_alloc(1));
    for (size_t i = 0; i < count; i++)
        assert_true(blocks[i][0] == (i & 0xff) && blocks[i][SMALLEST - 1] == (i & 0xff));
    for (size_t i = 0; i < count; i += 2)
        arena_free(blocks[i]);
    assert_null(arena_alloc(SMALLEST + 1));
    for (size_t i = 1; i < count; i += 2)
        arena_free(blocks[i]);
    assert_all_free();
}

/* Blocks of mixed sizes in a fixed pseudo-random order: none overlaps another, all come back. */
static void test_mixed(void **state)
{
    struct {
        uint8_t *block;
        size_t size;
    } held[40] = {0};
    uint32_t dice = 1;

    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t mark = (uint8_t)(round % 40 + 1);
        size_t i = round % 40;

        dice = dice * 1664525u + 1013904223u;
        for (size_t at = 0; at < held[i].size; at++)
            assert_int_equal(held[i].block[at], mark);
        arena_free(held[i].block);
        held[i].size = (dice >> 16) % 5000;
        if (!(held[i].block = arena_alloc(held[i].size)))
            held[i].size = 0;
        assert_zeros(held[i].block, held[i].size);
        if (held[i].block)
            memset(held[i].block, mark, held[i].size);
    }
    for (size_t i = 0; i < 40; i++)
        arena_free(held[i].block);
    assert_all_free();
}

static void free_it(void *pointer)
{
    arena_free(pointer);
}

static void free_twice(void *pointer)
{
    arena_free(pointer);
    arena_free(pointer);
}

static void measure_it(void *pointer)
{
    arena_capacity(pointer);
}

static void test_foreign_pointers(void **state)
{
    uint8_t *block = arena_alloc(4 * SMALLEST), *other = arena_alloc(SIZE / 2);
    int on_stack;

    (void)state;
    assert_killed(free_twice, block, SIGABRT);
    assert_killed(free_it, block + 1, SIGABRT);
    assert_killed(free_it, block + SMALLEST, SIGABRT);
    assert_killed(free_it, other + SIZE, SIGABRT);
    assert_killed(free_it, &on_stack, SIGABRT);
    assert_killed(measure_it, block + SMALLEST, SIGABRT);
    assert_int_equal(child_status(free_it, block), 0);
    arena_free(block);
    arena_free(other);
}

static void free_unopened(void *pointer)
{
    arena_close();
    arena_free(pointer);
}

static void test_closed(void **state)
{
    (void)state;
    assert_killed(free_unopened, arena_alloc(1), SIGABRT);
}

static void read_it(void *pointer)
{
    (void)*(volatile uint8_t *)pointer;
}

static void test_guard_pages(void **state)
{
    uint8_t *all = arena_alloc(SIZE);

    (void)state;
    assert_int_equal(child_status(read_it, all), 0);
    assert_int_equal(child_status(read_it, all + SIZE - 1), 0);
    assert_killed(read_it, all - 1, SIGSEGV);
    assert_killed(read_it, all + SIZE, SIGSEGV);
    arena_free(all);
}

/* The line VmFlags of the mapping that holds this address, into flags. */
static void mapping_flags(const void *at, char *flags, size_t size)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[512];
    uintptr_t from, to;
    int inside = 0;

    assert_non_null(smaps);
    *flags = '\0';
    while (!*flags && fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)at >= from && (uintptr_t)at < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, size, "%s", line + 8);
    }
    fclose(smaps);
}

static void test_locked_and_left_out_of_dumps(void **state)
{
    void *block = arena_alloc(1);
    char flags[512];

    (void)state;
    mapping_flags(block, flags, sizeof flags);
    assert_non_null(strstr(flags, " lo"));
    assert_non_null(strstr(flags, " dd"));
    assert_non_null(strstr(flags, " wf"));
    arena_free(block);
}

static void expect_zero(void *pointer)
{
    _exit(*(uint8_t *)pointer == 0 ? 0 : 1);
}

static void test_empty_in_a_child(void **state)
{
    uint8_t *block = arena_alloc(1);

    (void)state;
    *block = 0xa5;
    assert_int_equal(child_status(expect_zero, block), 0);
    assert_int_equal(*block, 0xa5);
    arena_free(block);
}

/* In a child that may lock nothing: 0 when the arena said so, and could be had without. */
static void open_unlockable(void *unused)
{
    const struct rlimit none = {0, 0};
    int r;

    (void)unused;
    arena_close();
    if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setuid(NOBODY) < 0))
        _exit(1);
    r = arena_open(SIZE, ARENA_LOCK_NEEDED);
    if (r != -EPERM && r != -ENOMEM)
        _exit(2);
    if (arena_alloc(1) || arena_open(SIZE, ARENA_LOCK_WANTED) < 0 || !arena_alloc(1))
        _exit(3);
}

static void test_cannot_lock(void **state)
{
    (void)state;
    assert_int_equal(child_status(open_unlockable, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test_setup_teardown(test_zeroed_and_wiped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strdup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exhausted_and_joined, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mixed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_pointers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked_and_left_out_of_dumps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_in_a_child, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_lock, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
