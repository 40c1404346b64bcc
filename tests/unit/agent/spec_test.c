// SPDX-License-Identifier: BSD-2-Clause
// Specs: which requests are for the same session, and what a role's session is assumed with.
#include "spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ADMIN "arn:aws:iam::123456789012:role/admin"
#define AUDIT "arn:aws:iam::210987654321:role/audit"
#define HOPS(text)                                                                                 \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    } /* items end in a NUL each, so the last one is written */

static const unsigned char HASH_KEY[16] = "0123456789abcde";

static struct spec spec_of(const char *key, uint32_t duration, struct list hops)
{
    return (struct spec){key, duration, hops};
}

static void assert_same(const struct spec *a, const struct spec *b)
{
    assert_true(spec_equal(a, b));
    assert_true(spec_hash(a, HASH_KEY) == spec_hash(b, HASH_KEY));
}

static void assert_differ(const struct spec *a, const struct spec *b)
{
    assert_false(spec_equal(a, b));
    assert_false(spec_equal(b, a));
    assert_true(spec_hash(a, HASH_KEY) != spec_hash(b, HASH_KEY));
}

static void test_keys_and_durations(void **state)
{
    const struct list none = {NULL, 0};
    const struct spec work = spec_of("work", 0, none), same = spec_of("work", 0, none),
                      other = spec_of("work", 900, none), home = spec_of("home", 0, none);

    (void)state;
    assert_same(&work, &same);
    assert_differ(&work, &other);
    assert_differ(&work, &home);
}

static void test_region_is_left_out(void **state)
{
    const struct list here = HOPS("role_arn\0" ADMIN "\0region\0eu-central-1\0"),
                      there = HOPS("region\0us-east-1\0role_arn\0" ADMIN "\0"),
                      bare = HOPS("role_arn\0" ADMIN "\0");
    const struct spec a = spec_of("work", 0, here), b = spec_of("work", 0, there),
                      c = spec_of("work", 0, bare);

    (void)state;
    assert_same(&a, &b);
    assert_same(&a, &c);
}

static void test_all_else_counts(void **state)
{
    const struct list hops[] = {
        HOPS(""),
        HOPS("role_arn\0" ADMIN "\0"),
        HOPS("role_arn\0" AUDIT "\0"),
        HOPS("role_arn\0" ADMIN "\0external_id\0x1\0"),
        HOPS("role_arn\0" ADMIN "\0external_id\0x2\0"),
        HOPS("role_arn\0" ADMIN "\0role_arn\0" AUDIT "\0"),
        HOPS("role_arn\0" ADMIN "\0external_id\0x1\0role_arn\0" AUDIT "\0"),
        HOPS("role_arn\0" ADMIN "\0role_arn\0" AUDIT "\0external_id\0x1\0"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++)
        for (size_t j = 0; j < i; j++) {
            const struct spec a = spec_of("work", 0, hops[i]), b = spec_of("work", 0, hops[j]);

            assert_differ(&a, &b);
        }
}

static void test_parents(void **state)
{
    const struct list chain =
        HOPS("role_arn\0" ADMIN "\0external_id\0x1\0role_arn\0" AUDIT "\0duration_seconds\0"
             "900\0");
    const struct spec role = spec_of("work", 7200, chain);
    struct spec admin, base, none;

    (void)state;
    assert_string_equal(spec_role(&role), AUDIT);
    assert_int_equal(spec_role_seconds(&role), 900);
    assert_true(spec_parent(&role, &admin));
    assert_string_equal(spec_role(&admin), ADMIN);
    assert_int_equal(spec_role_seconds(&admin), 0);
    assert_true(spec_parent(&admin, &base));
    assert_int_equal(base.hops.len, 0);
    assert_int_equal(base.duration, 7200);
    assert_string_equal(spec_role(&base), "");
    assert_false(spec_parent(&base, &none));
}

/* A session's own roles last an hour at most: a longer one is assumed with the key itself. */
static void test_long_roles(void **state)
{
    const struct list hour = HOPS("role_arn\0" ADMIN "\0duration_seconds\0"
                                  "3600\0"),
                      longer = HOPS("role_arn\0" ADMIN "\0duration_seconds\0"
                                    "3601\0"),
                      chained = HOPS("role_arn\0" AUDIT "\0role_arn\0" ADMIN "\0duration_seconds\0"
                                     "3601\0");
    const struct spec a = spec_of("work", 0, hour), b = spec_of("work", 0, longer),
                      c = spec_of("work", 0, chained);
    struct spec parent;

    (void)state;
    assert_true(spec_parent(&a, &parent));
    assert_false(spec_parent(&b, &parent));
    assert_true(spec_parent(&c, &parent));
}

static void test_check(void **state)
{
    const struct list headless = HOPS("external_id\0x1\0role_arn\0" ADMIN "\0"),
                      unknown = HOPS("role_arn\0" ADMIN "\0serial\0x\0"),
                      odd = HOPS("role_arn\0" ADMIN "\0external_id\0"),
                      chained = HOPS("role_arn\0" AUDIT "\0role_arn\0" ADMIN "\0duration_seconds\0"
                                     "3601\0"),
                      good = HOPS("role_arn\0" ADMIN "\0duration_seconds\0"
                                  "43200\0tag_key\0a\0tag_value\0\0");
    const struct spec bad[] = {
        spec_of("", 0, good),         spec_of("work", 899, good),  spec_of("work", 129601, good),
        spec_of("work", 0, headless), spec_of("work", 0, unknown), spec_of("work", 0, odd),
        spec_of("work", 0, chained),
    };
    const struct spec fine = spec_of("work", 900, good);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(spec_check(&bad[i]));
    assert_null(spec_check(&fine));
}

static void test_copies(void **state)
{
    const struct list hops = HOPS("role_arn\0" ADMIN "\0");
    const struct spec spec = spec_of("work", 900, hops);
    char store[256], *at = store;
    struct spec copy;

    (void)state;
    memset(store, 'x', sizeof store);
    copy = spec_copy(&spec, &at);
    assert_true(at == store + spec_size(&spec));
    assert_int_equal(*at, 'x');
    assert_true(copy.key >= store && copy.hops.data < at);
    assert_same(&spec, &copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_durations),
        cmocka_unit_test(test_region_is_left_out),
        cmocka_unit_test(test_all_else_counts),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_long_roles),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
