// SPDX-License-Identifier: BSD-2-Clause
// The signer's files: what is refused, what is replaced, who waits for whom.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "file.h"

static char folder[64], path[128];
static struct error error;

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/awstap-file-XXXXXX");
    if (clock_open() < 0 || arena_open(1 << 20, ARENA_LOCK_WANTED) < 0 || !mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int teardown(void **state)
{
    static const char *const left[] = {"file", "file.new", "file.lock", "link", "fifo"};
    char name[128];

    (void)state;
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        snprintf(name, sizeof(name), "%s/%s", folder, left[i]);
        unlink(name);
    }
    arena_close();
    return rmdir(folder);
}

/* What file_read() returns; the contents must be those expected, where it is 0. */
static int read_as(const char *name, size_t max, const char *expected)
{
    struct buf content;
    int result;

    buf_init(&content);
    result = file_read(name, max, &content, &error);
    if (result == 0)
        assert_string_equal(buf_text(&content), expected);
    else
        assert_int_equal(buf_len(&content), 0);
    buf_free(&content);
    return result;
}

static void replaced(void **state)
{
    char fresh[sizeof(path) + 4];
    struct stat st;

    (void)state;
    assert_int_equal(read_as(path, 100, ""), 1);
    assert_int_equal(file_replace(path, "one", 3, FILE_SYNC, &error), 0);
    assert_int_equal(read_as(path, 3, "one"), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    int left = open(fresh, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(left, "a crash's", 9), 9);
    close(left);
    assert_int_equal(file_replace(path, "two!", 4, FILE_NO_SYNC, &error), 0);
    assert_int_equal(read_as(path, 100, "two!"), 0);
    assert_int_equal(access(fresh, F_OK), -1);
    assert_int_equal(file_replace(path, "", 0, FILE_SYNC, &error), 0);
    assert_int_equal(read_as(path, 100, ""), 0);
}

static void refused(void **state)
{
    char link_path[128], fifo[128];

    (void)state;
    assert_int_equal(file_replace(path, "text", 4, FILE_SYNC, &error), 0);
    assert_int_equal(read_as(path, 3, ""), -1);
    assert_int_equal(error.status, EXIT_VAULT);
    chmod(path, 0640);
    assert_int_equal(read_as(path, 100, ""), -1);
    assert_int_equal(error.status, EXIT_VAULT);
    chmod(path, 0600);
    snprintf(link_path, sizeof(link_path), "%s/link", folder);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(read_as(link_path, 100, ""), -1);
    assert_int_equal(error.status, EXIT_VAULT);
    snprintf(fifo, sizeof(fifo), "%s/fifo", folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(read_as(fifo, 100, ""), -1);
    assert_int_equal(error.status, EXIT_VAULT);
    assert_int_equal(read_as(folder, 100, ""), -1);
}

static void locked(void **state)
{
    (void)state;
    int first = file_lock(path, 0, &error);
    assert_true(first >= 0);
    assert_int_equal(file_lock(path, 30, &error), -1);
    assert_non_null(strstr(error.text, "another awstap"));
    close(first);
    first = file_lock(path, 0, &error);
    assert_true(first >= 0);
    close(first);
}

static void folders(void **state)
{
    char deep[128], inner[160];
    struct stat st;

    (void)state;
    snprintf(deep, sizeof(deep), "%s/a/b", folder);
    snprintf(inner, sizeof(inner), "%s/file", deep);
    assert_int_equal(file_make_parent(inner, &error), 0);
    assert_int_equal(file_make_folder(deep, &error), 0);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    chmod(deep, 0770);
    assert_int_equal(file_make_folder(deep, &error), -1);
    assert_int_equal(error.status, EXIT_VAULT);
    rmdir(deep);
    deep[strlen(deep) - 2] = '\0';
    rmdir(deep);
    assert_int_equal(file_replace(path, "text", 4, FILE_SYNC, &error), 0);
    assert_int_equal(file_make_folder(path, &error), -1);
}

static void long_text(void **state)
{
    char name[2 * FILE_PATH_MAX];

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[0] = '/';
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(file_replace(name, "text", 4, FILE_SYNC, &error), -1);
    assert_int_equal(file_make_parent(name, &error), -1);
    assert_int_equal(error_set(&error, EXIT_AWS, "%s\033[31m\n", "line"), -1);
    assert_string_equal(error.text, "line?[31m?");
    error_set(&error, EXIT_AWS, "%s", name);
    assert_int_equal(strlen(error.text), sizeof(error.text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(locked, setup, teardown),
        cmocka_unit_test_setup_teardown(folders, setup, teardown),
        cmocka_unit_test_setup_teardown(long_text, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
