// SPDX-License-Identifier: BSD-2-Clause
// Places: the socket's path by environment, the folder of a path, and which folders are trusted.
#include "place.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define UNDER_RUNTIME "/awstap/agent.sock"

static int forget_environment(void **state)
{
    (void)state;
    return unsetenv("AWSTAP_SOCK") | unsetenv("XDG_RUNTIME_DIR");
}

static void test_socket(void **state)
{
    char path[64];

    (void)state;
    setenv("XDG_RUNTIME_DIR", "/run/mine", 1);
    assert_int_equal(place_socket(path, sizeof path), 0);
    assert_string_equal(path, "/run/mine" UNDER_RUNTIME);
    setenv("AWSTAP_SOCK", "", 1);
    assert_int_equal(place_socket(path, sizeof path), 0);
    assert_string_equal(path, "/run/mine" UNDER_RUNTIME);
    assert_int_equal(place_socket(path, sizeof "/run/mine" UNDER_RUNTIME - 1), -ENAMETOOLONG);
    setenv("AWSTAP_SOCK", "/chosen", 1);
    assert_int_equal(place_socket(path, sizeof "/chosen"), 0);
    assert_string_equal(path, "/chosen");
    assert_int_equal(place_socket(path, sizeof "/chosen" - 1), -ENAMETOOLONG);
}

/* Whether this machine has a /run/user/UID of ours is as it is. */
static void test_socket_without_runtime_folder(void **state)
{
    static const char *const NONE[] = {NULL, "", "relative"};
    char path[64], folder[40], wanted[64];
    struct stat facts;
    bool ours;

    (void)state;
    snprintf(folder, sizeof folder, "/run/user/%u", (unsigned)geteuid());
    snprintf(wanted, sizeof wanted, "%s" UNDER_RUNTIME, folder);
    ours = stat(folder, &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid();
    for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) {
        if (NONE[i])
            setenv("XDG_RUNTIME_DIR", NONE[i], 1);
        assert_int_equal(place_socket(path, sizeof path), ours ? 0 : -ENOENT);
        if (ours)
            assert_string_equal(path, wanted);
    }
}

static void test_parent(void **state)
{
    static const struct {
        const char *path, *folder;
    } CASES[] = {
        {"/a/b/c", "/a/b"}, {"a/b", "a"}, {"/a", "/"}, {"a", "."}, {"/a/", "/a"},
    };
    char folder[7];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal(place_parent(CASES[i].path, folder, sizeof folder), 0);
        assert_string_equal(folder, CASES[i].folder);
    }
    assert_int_equal(place_parent("/a/b/cd", folder, sizeof folder), -ENAMETOOLONG);
}

static void test_ours_alone(void **state)
{
    const struct stat good = {.st_mode = S_IFDIR | 0755, .st_uid = geteuid()};
    struct stat facts = good;

    (void)state;
    assert_true(place_is_ours_alone(&facts));
    facts.st_uid++;
    assert_false(place_is_ours_alone(&facts));
    facts = good;
    facts.st_mode |= S_IWGRP;
    assert_false(place_is_ours_alone(&facts));
    facts.st_mode = S_IFDIR | 0702;
    assert_false(place_is_ours_alone(&facts));
    facts.st_mode = S_IFREG | 0700;
    assert_false(place_is_ours_alone(&facts));
    facts.st_mode = S_IFLNK | 0700;
    assert_false(place_is_ours_alone(&facts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_socket, forget_environment),
        cmocka_unit_test_setup(test_socket_without_runtime_folder, forget_environment),
        cmocka_unit_test(test_parent),
        cmocka_unit_test(test_ours_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
