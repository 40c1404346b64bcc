// SPDX-License-Identifier: BSD-2-Clause
// Where programs find each other: beside the running binary, whatever the working folder.
#include "beside.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_finds_itself(void **state)
{
    struct stat found, self;
    char path[BESIDE_MAX];

    (void)state;
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(beside_path("beside_test", path, sizeof path), 0);
    assert_int_equal(path[0], '/');
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(stat("/proc/self/exe", &self), 0);
    assert_true(found.st_dev == self.st_dev && found.st_ino == self.st_ino);
}

static void test_room(void **state)
{
    static char path[BESIDE_MAX], other[BESIDE_MAX], name[BESIDE_MAX];
    size_t len;

    (void)state;
    assert_int_equal(beside_path("x", path, sizeof path), 0);
    len = strlen(path);
    assert_int_equal(beside_path("x", other, len), -ENAMETOOLONG);
    assert_int_equal(beside_path("x", other, len + 1), 0);
    assert_string_equal(other, path);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(beside_path(name, path, sizeof path), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_itself),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
