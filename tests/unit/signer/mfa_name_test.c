// SPDX-License-Identifier: BSD-2-Clause
// What the virtual MFA devices that awstap makes are called.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mfa_name.h"

#define USER_MAX 64 /* characters, at AWS */

static void test_names(void **state)
{
    static const char *const names[] = {"alice", "alice-awstap", "alice-awstap-2"};
    const struct key key = {.arn = "arn:aws-cn:iam::123456789012:user/some/path/alice",
                            .partition = "aws-cn",
                            .account = "123456789012"};
    char name[MFA_NAME_SIZE], serial[KEY_SERIAL_MAX + 1], expected[KEY_SERIAL_MAX + 1];

    (void)state;
    for (unsigned nth = 0; nth < 3; nth++) {
        assert_string_equal(mfa_name(&key, nth, name), names[nth]);
        snprintf(expected, sizeof expected, "arn:aws-cn:iam::123456789012:mfa/%s", names[nth]);
        assert_string_equal(mfa_name_serial(&key, nth, serial), expected);
    }
}

/* The longest user's name leaves room for what follows it. */
static void test_longest(void **state)
{
    struct key key = {.partition = "aws-iso-b", .account = "123456789012"};
    char user[USER_MAX + 1], serial[KEY_SERIAL_MAX + 1];

    (void)state;
    memset(user, 'a', USER_MAX);
    user[USER_MAX] = '\0';
    snprintf(key.arn, sizeof key.arn, "arn:aws-iso-b:iam::123456789012:user/%s", user);
    mfa_name_serial(&key, MFA_NAMES - 1, serial);
    assert_string_equal(serial + strlen(serial) - strlen("a-awstap-8"), "a-awstap-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
