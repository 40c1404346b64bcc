// SPDX-License-Identifier: BSD-2-Clause
// A file of the person's, replaced as a whole or left as it is.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h" /* before cmocka.h, which has another fail() */

#include <cmocka.h>

#include "arena.h"
#include "message.h"
#include "rewrite.h"

static char folder[64], path[128], why[512];

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/rewrite_test.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    failure_keep(why, sizeof why);
    return arena_open(256 * 1024, ARENA_LOCK_WANTED);
}

static int teardown(void **state)
{
    char command[96];

    (void)state;
    arena_close();
    failure_keep(NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(name, mode);
}

static void assert_is(const char *name, const char *text)
{
    char have[128] = "";
    FILE *file = fopen(name, "r");

    assert_non_null(file);
    have[fread(have, 1, sizeof have - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(have, text);
}

static struct span span(const char *text)
{
    return (struct span){text, strlen(text)};
}

/* old becomes `one two`. */
static int write_pieces(const char *name, const char *old)
{
    const struct span pieces[] = {span("one"), span(""), span(" two")};

    why[0] = '\0';
    return rewrite(name, span(old), pieces, 3);
}

static void assert_no_leftover(void)
{
    char beside[160];

    snprintf(beside, sizeof beside, "%s/.file.awstap", folder);
    assert_int_not_equal(access(beside, F_OK), 0);
}

static void test_replaced(void **state)
{
    struct stat st;

    (void)state;
    put(path, "old", 0640);
    assert_int_equal(write_pieces(path, "old"), EXIT_DONE);
    assert_is(path, "one two");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_no_leftover();
}

static void test_made(void **state)
{
    char deep[160];
    struct stat st;

    (void)state;
    snprintf(deep, sizeof deep, "%s/new/deep", folder);
    assert_int_equal(write_pieces(deep, ""), EXIT_DONE);
    assert_is(deep, "one two");
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_through_links(void **state)
{
    char first[160], second[160], target[160];

    (void)state;
    snprintf(first, sizeof first, "%s/first", folder);
    snprintf(second, sizeof second, "%s/second", folder);
    put(path, "old", 0600);
    assert_int_equal(symlink("file", second), 0);
    assert_int_equal(symlink(second, first), 0);
    assert_int_equal(write_pieces(first, "old"), EXIT_DONE);
    assert_is(path, "one two");
    assert_int_equal(readlink(first, target, sizeof target), strlen(second));
    assert_int_equal(readlink(second, target, sizeof target), 4);
}

static void test_link_to_nothing(void **state)
{
    (void)state;
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(write_pieces(path, ""), EXIT_FAILED);
    assert_non_null(strstr(why, "left as it is"));
}

static void test_changed(void **state)
{
    static const char *const others[] = {"", "ol", "olx", "oldold"};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        put(path, "old", 0600);
        assert_int_equal(write_pieces(path, others[i]), EXIT_FAILED);
        assert_non_null(strstr(why, "changed by another program"));
        assert_is(path, "old");
        assert_no_leftover();
    }
}

/* One that has come since, or gone. */
static void test_appeared(void **state)
{
    (void)state;
    assert_int_equal(write_pieces(path, "old"), EXIT_FAILED);
    assert_int_not_equal(access(path, F_OK), 0);
    put(path, "", 0600);
    assert_int_equal(write_pieces(path, ""), EXIT_DONE);
}

static void test_hard_link(void **state)
{
    char other[160];

    (void)state;
    snprintf(other, sizeof other, "%s/other", folder);
    put(path, "old", 0600);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(write_pieces(path, "old"), EXIT_FAILED);
    assert_non_null(strstr(why, "hard link"));
    assert_is(path, "old");
}

/* A file beside it: of an interrupted awstap, of one that is at work, of somebody's design. */
static void test_beside(void **state)
{
    char beside[160], trap[160];
    int fd;

    (void)state;
    snprintf(beside, sizeof beside, "%s/.file.awstap", folder);
    snprintf(trap, sizeof trap, "%s/trap", folder);
    put(path, "old", 0600);
    put(beside, "left over and longer", 0644);
    fd = open(beside, O_RDONLY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(write_pieces(path, "old"), EXIT_FAILED);
    assert_non_null(strstr(why, "another awstap"));
    close(fd);
    assert_int_equal(write_pieces(path, "old"), EXIT_DONE);
    assert_is(path, "one two");
    put(trap, "trap", 0600);
    assert_int_equal(symlink(trap, beside), 0);
    assert_int_equal(write_pieces(path, "one two"), EXIT_FAILED);
    assert_is(trap, "trap");
    assert_is(path, "one two");
}

static void test_folder(void **state)
{
    (void)state;
    assert_int_equal(write_pieces(folder, ""), EXIT_FAILED);
    assert_int_equal(access(folder, F_OK), 0);
}

/* Root could put a file in the place of /dev/null. */
static void test_device(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(write_pieces(path, ""), EXIT_FAILED);
    assert_non_null(strstr(why, "no regular file"));
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_no_leftover();
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_replaced),        EACH(test_made),    EACH(test_through_links),
        EACH(test_link_to_nothing), EACH(test_changed), EACH(test_appeared),
        EACH(test_hard_link),       EACH(test_beside),  EACH(test_folder),
        EACH(test_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
