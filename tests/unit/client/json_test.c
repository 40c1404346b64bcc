// SPDX-License-Identifier: BSD-2-Clause
// What the JSON writer makes of values, keys and odd bytes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "json.h"

static int open_arena(void **state)
{
    (void)state;
    return arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED);
}

static int close_arena(void **state)
{
    (void)state;
    arena_close();
    return 0;
}

static void assert_json(struct json *json, const char *expected)
{
    assert_int_equal(json->error, 0);
    assert_string_equal(buf_text(&json->buf), expected);
    json_free(json);
}

static void test_nesting(void **state)
{
    struct json json;

    (void)state;
    json_init(&json);
    json_begin(&json, NULL, '[');
    json_begin(&json, NULL, '{');
    json_number(&json, "a", UINT64_MAX);
    json_begin(&json, "b", '[');
    json_end(&json, ']');
    json_bool(&json, "c", true);
    json_end(&json, '}');
    json_text(&json, NULL, "x");
    json_bool(&json, NULL, false);
    json_end(&json, ']');
    assert_json(&json, "[{\"a\": 18446744073709551615, \"b\": [], \"c\": true}, \"x\", false]");
}

static void test_escapes(void **state)
{
    static const struct {
        const char *value, *expected;
    } cases[] = {
        {"", "\"\""},
        {"wJalrXUtnFEMI/K7MDENG+=", "\"wJalrXUtnFEMI/K7MDENG+=\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\x1f\x7f", "\"\\u000a\\u001f\\u007f\""},
        {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91", "\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91\""},
        {"\xff", "\"\\ufffd\""},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},            /* too long a form of '/' */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
        {"\xe2\x82", "\"\\ufffd\\ufffd\""},            /* cut off */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json json;

        json_init(&json);
        json_text(&json, NULL, cases[i].value);
        assert_json(&json, cases[i].expected);
    }
}

static void test_times(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *expected;
    } cases[] = {
        {0, "\"1970-01-01T00:00:00Z\""},
        {951782399, "\"2000-02-28T23:59:59Z\""},
        {951782400, "\"2000-02-29T00:00:00Z\""},
        {1709251199, "\"2024-02-29T23:59:59Z\""},
        {1735689599, "\"2024-12-31T23:59:59Z\""},
        {1893456000, "\"2030-01-01T00:00:00Z\""},
        {4107542400, "\"2100-03-01T00:00:00Z\""}, /* 2100 has no leap day */
        {253402300799, "\"9999-12-31T23:59:59Z\""},
        {UINT64_MAX, "\"9999-12-31T23:59:59Z\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json json;

        json_init(&json);
        json_time(&json, NULL, cases[i].seconds);
        assert_json(&json, cases[i].expected);
    }
}

/* The first error stays: what comes after it must not make half a document look whole. */
static void test_too_large(void **state)
{
    static char value[200 * 1024];
    struct json json;

    (void)state;
    memset(value, 'x', sizeof value - 1);
    json_init(&json);
    json_text(&json, NULL, value);
    assert_int_equal(json.error, 0);
    json_text(&json, NULL, value);
    assert_true(json.error < 0);
    json_text(&json, NULL, "small");
    assert_true(json.error < 0);
    json_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
