// SPDX-License-Identifier: BSD-2-Clause
// A writer killed at any instant leaves the old vault or the new one, and so does a power cut.
// Linked with --wrap for each system call by which file.c changes a disk; before the n-th of them
// the process kills itself, a write half done. What only a power cut would show is seen by the
// order of the calls.
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "vault_fixture.h"

#define FAULTS_MAX 100
#define TRACE_SIZE 2048
#define IN_VAULT   "/data/awstap"

#define FOLDER_SYNC 5 /* of what a write calls: unlink, write, fsync and rename come before it */

static int calls, fault_at; /* fault_at 0: no fault */
static int fault_errno;     /* 0: be killed there; else fail like this */
static const char *root;    /* the folder in which calls are noted; NULL: none are */
static char trace[TRACE_SIZE];
static bool disk_lies; /* what is renamed is another than was written */

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

/* A line of the trace: the call and its file, where that is below root. */
static void note(const char *call, const char *path)
{
    size_t skip = root ? strlen(root) : 0, used = strlen(trace);

    if (skip && strncmp(path, root, skip) == 0)
        snprintf(trace + used, sizeof(trace) - used, "%s %s\n", call, path + skip);
}

static void note_fd(const char *call, int fd)
{
    char link[32], path[PATH_MAX];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = '\0';
    note(call, path);
}

/* Let the disk have another bit in the middle of this file. */
static void flip(const char *path)
{
    size_t len;
    uint8_t *data = fixture_load(path, &len);

    data[len / 2] ^= 1;
    fixture_store(path, data, len);
    free(data);
}

ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    note_fd("write", fd);
    if (fault_at != 0 && calls + 1 == fault_at)
        (void)!__real_write(fd, data, n / 2);
    return fault() ? -1 : __real_write(fd, data, n);
}

int __wrap_fsync(int fd)
{
    note_fd("fsync", fd);
    return fault() ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    note("rename", to);
    if (fault() || __real_rename(from, to) < 0)
        return -1;
    if (disk_lies)
        flip(to);
    return 0;
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
    _exit(result == 0 ? 0 : 1);
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

/* What is not on the disk by then is lost in a power cut, the old content with it. */
static void synced(void **state)
{
    static const char order[] = "write " IN_VAULT "/vault.new\n"
                                "fsync " IN_VAULT "/vault.new\n"
                                "rename " IN_VAULT "/vault\n"
                                "fsync " IN_VAULT "\n";
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);

    *trace = '\0';
    root = fixture->folder;
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    root = NULL;
    vault_free(vault);
    if (strncmp(trace, order, sizeof(order) - 1) != 0)
        assert_string_equal(trace, order);
    assert_null(strstr(trace + sizeof(order) - 1, IN_VAULT));
}

/* The new file is there, and said to be; a power cut may still bring back the old one, and then the
 * state folder must not know of more. */
static void folder_not_synced(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);

    *trace = '\0';
    root = fixture->folder;
    fault_errno = EIO;
    fault_at = calls + FOLDER_SYNC;
    assert_int_equal(vault_write(vault, &fixture->error), 1);
    fault_at = 0;
    root = NULL;
    vault_free(vault);
    assert_non_null(strstr(fixture->error.text, "the vault was changed as asked, but"));
    assert_null(strstr(trace, "/state/"));
    vault = fixture_unlock(fixture);
    assert_int_equal(vault->generation, 2);
    vault_free(vault);
}

static int change_nothing(struct vault *vault, void *context, struct error *error)
{
    (void)vault;
    (void)context;
    (void)error;
    return 0;
}

/* A step at AWS comes after a change: not after one that a power cut may take back. */
static void change_not_synced(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);

    vault_narrow(vault);
    root = fixture->folder;
    fault_errno = EIO;
    fault_at = calls + FOLDER_SYNC;
    assert_int_equal(vault_change(vault, change_nothing, NULL, &fixture->error), -1);
    fault_at = 0;
    root = NULL;
    assert_non_null(strstr(fixture->error.text, "may not outlast a power cut"));
    vault_free(vault);
}

/* The state folder is not told of a vault that is not there. */
static void read_back(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_unlock(fixture);

    *trace = '\0';
    root = fixture->folder;
    disk_lies = true;
    assert_int_equal(vault_write(vault, &fixture->error), -1);
    disk_lies = false;
    root = NULL;
    vault_free(vault);
    assert_int_equal(fixture->error.status, EXIT_VAULT);
    assert_non_null(strstr(fixture->error.text, "reads back otherwise than it was written"));
    assert_null(strstr(trace, "/state/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed),
        cmocka_unit_test(disk_full),
        cmocka_unit_test_setup_teardown(synced, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(folder_not_synced, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(change_not_synced, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(read_back, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
