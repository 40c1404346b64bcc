// SPDX-License-Identifier: BSD-2-Clause
// Grants: what a remote host may be allowed, and what it gets for what it asks.
#include "grant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define ADMIN "arn:aws:iam::123456789012:role/admin"
#define WORK  "allow\0work\0key\0work\0duration\0"
#define ROLE                                                                                       \
    "allow\0admin\0key\0work\0duration\0"                                                          \
    "0\0role_arn\0" ADMIN "\0"

#define LIST(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define GRANT(seconds, text) (&(const struct grant){"build", seconds, LIST(text)})

static void test_check(void **state)
{
    static const struct {
        const char *host;
        uint32_t seconds;
        struct list allow;
        const char *why;
    } CASES[] = {
        {"build", 3600, LIST(WORK "0\0" ROLE), NULL},
        {"build", 900, LIST(WORK "900\0"), NULL},
        {"", 3600, LIST(WORK "0\0"), "a host's name"},
        {".x", 3600, LIST(WORK "0\0"), "a host's name"},
        {"a/b", 3600, LIST(WORK "0\0"), "a host's name"},
        {"agent", 3600, LIST(WORK "0\0"), "a host's name"},
        {"build", 899, LIST(WORK "0\0"), "900 to 129600"},
        {"build", 129601, LIST(WORK "0\0"), "900 to 129600"},
        {"build", 3600, LIST(""), "no name is allowed"},
        {"build", 3600, LIST("allow\0work\0"), "as they should be"},
        {"build", 3600,
         LIST("allow\0work\0duration\0"
              "0\0key\0work\0"),
         "as they should be"},
        {"build", 3600, LIST(WORK "00\0"), "as they should be"},
        {"build", 3600, LIST(WORK "-1\0"), "as they should be"},
        {"build", 3600, LIST(WORK "1\0"), "900 to 129600"},
        {"build", 3600, LIST(WORK "0\0role_arn\0"), "as they should be"},
        {"build", 3600, LIST(WORK "0\0external_id\0x\0"), "begin with a role_arn"},
        {"build", 3600, LIST(WORK "0\0" WORK "0\0"), "allowed twice"},
        {"build", 3600,
         LIST("allow\0a\tb\0key\0work\0duration\0"
              "0\0"),
         "printable"},
        {"build", 3600,
         LIST("allow\0work\0key\0a b\0duration\0"
              "0\0"),
         "a key's name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct grant grant = {CASES[i].host, CASES[i].seconds, CASES[i].allow};
        const char *why = grant_check(&grant);

        if (!CASES[i].why)
            assert_null(why);
        else if (!why || !strstr(why, CASES[i].why))
            fail_msg("case %zu: \"%s\" is not in \"%s\"", i, CASES[i].why, why ? why : "");
    }
}

/* What a host gets that asks for name and seconds; NULL where it gets nothing. */
static const char *get(const struct grant *grant, const char *name, uint32_t seconds,
                       struct msg_get *got, struct buf *hops)
{
    static char why[GRANT_WHY];
    const struct msg_get asked = {.key = name, .duration = seconds};

    buf_init(hops);
    return grant_get(grant, &asked, hops, got, why) < 0 ? why : NULL;
}

static void test_key(void **state)
{
    struct msg_get got;
    struct buf hops;

    (void)state;
    assert_null(get(GRANT(3600, WORK "0\0"), "work", 0, &got, &hops));
    assert_string_equal(got.key, "work");
    assert_int_equal(got.duration, 3600);
    assert_int_equal(got.hops.len, 0);
    assert_null(get(GRANT(129600, WORK "0\0"), "work", 0, &got, &hops));
    assert_int_equal(got.duration, SESSION_SECONDS_DEFAULT);
    assert_null(get(GRANT(3600, WORK "900\0"), "work", 0, &got, &hops));
    assert_int_equal(got.duration, 900);
    assert_null(get(GRANT(3600, WORK "7200\0"), "work", 0, &got, &hops));
    assert_int_equal(got.duration, 3600);
    assert_null(get(GRANT(3600, WORK "900\0"), "work", 1800, &got, &hops));
    assert_int_equal(got.duration, 1800);
    assert_non_null(
        strstr(get(GRANT(3600, WORK "0\0"), "work", 3601, &got, &hops), "at most 3600"));
    assert_non_null(strstr(get(GRANT(3600, WORK "0\0" ROLE), "key", 0, &got, &hops),
                           "key is not allowed here; ask for one of: work, admin"));
}

static void expect_hops(const struct msg_get *got, const char *text, size_t len)
{
    assert_int_equal(got->hops.len, len);
    assert_memory_equal(got->hops.data, text, len);
}
#define EXPECT_HOPS(got, text) expect_hops(got, text, sizeof(text) - 1)

static void test_role(void **state)
{
    struct msg_get got;
    struct buf hops;

    (void)state;
    assert_null(get(GRANT(3600, ROLE), "admin", 0, &got, &hops));
    EXPECT_HOPS(&got, "role_arn\0" ADMIN "\0");
    assert_null(get(GRANT(900, ROLE), "admin", 0, &got, &hops));
    EXPECT_HOPS(&got, "role_arn\0" ADMIN "\0duration_seconds\0"
                      "900\0");
    buf_free(&hops);
    assert_null(get(GRANT(3600, WORK "0\0" ROLE "duration_seconds\0"
                                     "7200\0external_id\0x\0"),
                    "admin", 0, &got, &hops));
    EXPECT_HOPS(&got, "role_arn\0" ADMIN "\0duration_seconds\0"
                      "3600\0external_id\0x\0");
    buf_free(&hops);
    assert_null(get(GRANT(3600, ROLE "duration_seconds\0"
                                     "1800\0role_arn\0" ADMIN "/2\0"),
                    "admin", 1000, &got, &hops));
    EXPECT_HOPS(&got, "role_arn\0" ADMIN "\0duration_seconds\0"
                      "1800\0role_arn\0" ADMIN "/2\0duration_seconds\0"
                      "1000\0");
    buf_free(&hops);
}

static void test_far_roles(void **state)
{
    const struct msg_get asked = {.key = "admin", .hops = LIST("role_arn\0" ADMIN "\0")};
    struct msg_get got;
    char why[GRANT_WHY];
    struct buf hops;

    (void)state;
    buf_init(&hops);
    assert_int_equal(grant_get(GRANT(3600, ROLE), &asked, &hops, &got, why), -1);
    assert_non_null(strstr(why, "the roles are named at the other end"));
}

static void test_stake(void **state)
{
    struct msg_get got;
    struct buf hops;
    char text[300], short_text[20];

    (void)state;
    assert_null(get(GRANT(129600, ROLE), "admin", 0, &got, &hops));
    grant_stake(GRANT(129600, ROLE), "admin", &got, text, sizeof text);
    assert_string_equal(text, "The remote host build asks for admin:\nrole " ADMIN ", for 1 hour");
    assert_null(get(GRANT(5400, WORK "0\0"), "work", 0, &got, &hops));
    grant_stake(GRANT(5400, WORK "0\0"), "work", &got, text, sizeof text);
    assert_string_equal(
        text, "The remote host build asks for work:\nthe key work itself, for 90 minutes");
    grant_stake(GRANT(5400, WORK "0\0"), "work", &got, short_text, sizeof short_text);
    assert_string_equal(short_text, "The remote host bui");
}

static int setup(void **state)
{
    (void)state;
    return arena_open((size_t)256 * 1024, ARENA_LOCK_WANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),     cmocka_unit_test(test_key),   cmocka_unit_test(test_role),
        cmocka_unit_test(test_far_roles), cmocka_unit_test(test_stake),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
