// SPDX-License-Identifier: BSD-2-Clause
// A writer killed at any instant leaves the old vault or the new one. Linked with --wrap for each
// system call by which file.c changes a disk; before the n-th of them the process kills itself, a
// write half done.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "vault_fixture.h"

#define FAULTS_MAX 100

static int calls, fault_at; /* fault_at 0: no fault */
static int fault_errno;     /* 0: be killed there; else fail like this */

ssize_t __real_write(int fd, const void *data, size_t n);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
ssize_t __wrap_write(int fd, const void *data, size_t n);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);

/* Whether the call that comes now is to fail. */
static int fault(void)
{
    if (fault_at == 0 || ++calls != fault_at)
        return 0;
    if (fault_errno == 0)
        kill(getpid(), SIGKILL);
    errno = fault_errno;
    return 1;
}

ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    if (fault_at != 0 && calls + 1 == fault_at)
        (void)!__real_write(fd, data, n / 2);
    return fault() ? -1 : __real_write(fd, data, n);
}

int __wrap_fsync(int fd)
{
    return fault() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fault() ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    return fault() ? -1 : __real_unlink(path);
}

/* In a process of its own: unlock, remove a factor (which changes all that is sealed), write. */
static void change(struct fixture *fixture, int at)
{
    struct vault *vault = fixture_unlock(fixture);

    if (vault_remove_slot(vault, 2, &fixture->error) < 0)
        _exit(2);
    fault_at = at;
    int result = vault_write(vault, &fixture->error);
    vault_free(vault);
    _exit(result < 0 ? 1 : 0);
}

/* Let a process change the vault with its at-th system call going wrong; its status of waitpid().
 */
static int run(struct fixture *fixture, int at)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        change(fixture, at);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The vault is the old one or the new one, opens, and can be written: the leftovers are in nobody's
 * way. */
static int check(struct fixture *fixture)
{
    char fresh[160];
    struct vault *vault = fixture_unlock(fixture);
    int is_new = vault->generation == 2;

    assert_true(vault->generation == 1 || is_new);
    assert_int_equal(vault->slot_count, is_new ? 1 : 2);
    assert_int_equal(vault_remove_key(vault, "home", &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
    snprintf(fresh, sizeof(fresh), "%s.new", fixture->path);
    assert_int_equal(access(fresh, F_OK), -1);
    return is_new;
}

/* One vault per fault, until none of the calls is the faulty one any more. */
static void every_fault(int number)
{
    int old = 0, at = 0, status;
    void *state;

    fault_errno = number;
    do {
        fixture_setup(&state);
        status = run(state, ++at);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
            assert_int_not_equal(number, 0);
        else if (WIFSIGNALED(status))
            assert_int_equal(number, 0);
        old += !check(state);
        fixture_teardown(&state);
        assert_true(at < FAULTS_MAX);
    } while (!(WIFEXITED(status) && WEXITSTATUS(status) == 0));
    print_message("%d faults, %d times the old vault\n", at - 1, old);
    assert_true(at > 8 && old > 2 && old < at);
}

static void killed(void **state)
{
    (void)state;
    every_fault(0);
}

static void disk_full(void **state)
{
    (void)state;
    every_fault(ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed), cmocka_unit_test(disk_full)};

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
