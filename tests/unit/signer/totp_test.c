// SPDX-License-Identifier: BSD-2-Clause
// TOTP against the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B, the last six digits).
#include "totp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t seed[] = "12345678901234567890";

static void expect(uint64_t step, const char *expected)
{
    char code[TOTP_CODE_SIZE];

    assert_int_equal(totp_code(seed, sizeof seed - 1, step, code), 0);
    assert_string_equal(code, expected);
}

static void test_rfc4226(void **state)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};

    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        expect(i, codes[i]);
}

static void test_rfc6238(void **state)
{
    (void)state;
    expect(totp_step(59000), "287082");
    expect(totp_step(1111111109000), "081804");
    expect(totp_step(1111111111000), "050471");
    expect(totp_step(1234567890000), "005924");
    expect(totp_step(2000000000000), "279037");
    expect(totp_step(20000000000000), "353130");
}

static void test_steps(void **state)
{
    (void)state;
    assert_int_equal(totp_step(0), 0);
    assert_int_equal(totp_step(29999), 0);
    assert_int_equal(totp_step(30000), 1);
    assert_int_equal(totp_step_start_ms(1), 30000);
    assert_int_equal(totp_step_start_ms(totp_step(1111111111000)), 1111111110000);
}

static void test_refused(void **state)
{
    char code[TOTP_CODE_SIZE];

    (void)state;
    assert_int_equal(totp_code(seed, 0, 1, code), -EINVAL);
    assert_int_equal(totp_code(seed, SIZE_MAX, 1, code), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rfc4226),
                                       cmocka_unit_test(test_rfc6238), cmocka_unit_test(test_steps),
                                       cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
