// SPDX-License-Identifier: BSD-2-Clause
// Names of keys: which characters, and how many.
#include "key_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_characters(void **state)
{
    static const char allowed[] =
        "+-.0123456789@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

    (void)state;
    for (int c = 1; c < 256; c++) {
        const char name[] = {'a', (char)c, '\0'};

        assert_int_equal(key_name_allowed(name), strchr(allowed, c) != NULL);
        assert_int_equal(key_name_allowed(name + 1), strchr(allowed, c) && c != '-');
    }
}

static void test_length(void **state)
{
    char name[KEY_NAME_MAX + 2];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(key_name_allowed(name));
    assert_true(key_name_allowed(name + 1));
    assert_false(key_name_allowed(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
