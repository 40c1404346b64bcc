// SPDX-License-Identifier: BSD-2-Clause
// Lines of the log: what is written is read again, texts from outside end nothing, and no other
// bytes are a line.
#include "log_line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TIME 1767268800u

static const uint8_t tag[LOG_TAG_BYTES] = {0xde, 0xad, 0xbe, 0xef};
static const uint8_t mac[LOG_MAC_BYTES] = {1, 2, 3};
static const struct log_event EVENT = {
    .what = "issued",
    .who = "terraform, in ~/infra",
    .key = "work",
    .role = "arn:aws:iam::123456789012:role/admin",
    .duration = 3600,
    .how = "security key 1 (blue)",
    .access_key_id = "ASIAIOSFODNN7EXAMPLE",
    .expiration = TIME + 3600,
    .why = "",
};

static size_t write_event(char line[LOG_LINE_MAX], const struct log_event *event)
{
    size_t len = log_line_event(line, TIME, event, tag, 7);

    return log_line_end(line, len, mac);
}

static void test_event(void **state)
{
    char line[LOG_LINE_MAX];
    size_t len = write_event(line, &EVENT);
    struct log_line read;

    (void)state;
    assert_int_equal(log_line_parse(line, len - 1, &read), 0);
    assert_false(read.is_begin);
    assert_int_equal(read.time, TIME);
    assert_int_equal(read.count, 7);
    assert_memory_equal(read.tag, tag, sizeof tag);
    assert_memory_equal(read.mac, mac, sizeof mac);
    assert_string_equal(read.event.what, EVENT.what);
    assert_string_equal(read.event.who, EVENT.who);
    assert_string_equal(read.event.key, EVENT.key);
    assert_string_equal(read.event.role, EVENT.role);
    assert_int_equal(read.event.duration, EVENT.duration);
    assert_string_equal(read.event.how, EVENT.how);
    assert_string_equal(read.event.access_key_id, EVENT.access_key_id);
    assert_int_equal(read.event.expiration, EVENT.expiration);
    assert_string_equal(read.event.why, "");
    assert_int_equal(read.covered, len - 1 - (size_t)2 * LOG_MAC_BYTES);
}

static void test_begin(void **state)
{
    struct log_begin begin = {{1}, {2}, {3}, {4}};
    char line[LOG_LINE_MAX];
    size_t len = log_line_end(line, log_line_begin(line, TIME, &begin, 0), mac);
    struct log_line read;

    (void)state;
    assert_int_equal(log_line_parse(line, len - 1, &read), 0);
    assert_true(read.is_begin);
    assert_memory_equal(&read.begin, &begin, sizeof begin);
    assert_memory_equal(read.tag, begin.id, LOG_TAG_BYTES);
}

static void test_hostile_texts(void **state)
{
    char huge[3000], line[LOG_LINE_MAX];
    struct log_event event = {.who = "a\tb\nc\x1b[2J\xc2\x9b\xff", .key = NULL, .what = "issued"};
    struct log_line read;
    size_t len;

    (void)state;
    len = write_event(line, &event);
    assert_int_equal(log_line_parse(line, len - 1, &read), 0);
    assert_string_equal(read.event.who, "a?b?c?[2J???");
    assert_string_equal(read.event.key, "");
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    event = (struct log_event){huge, huge, huge, huge, UINT32_MAX, huge, huge, UINT64_MAX, huge};
    len = log_line_event(line, UINT64_MAX, &event, tag, UINT64_MAX);
    len = log_line_end(line, len, mac);
    assert_true(len < LOG_LINE_MAX);
    assert_int_equal(line[len - 1], '\n');
    assert_int_equal(log_line_parse(line, len - 1, &read), 0);
}

/* Every byte that can be changed makes another line, or none. */
static void test_strict(void **state)
{
    char line[LOG_LINE_MAX], again[LOG_LINE_MAX];
    size_t len = write_event(line, &EVENT) - 1, n;
    struct log_line read;

    (void)state;
    assert_int_equal(log_line_parse(line, len - 1, &read), -EPROTO);
    assert_int_equal(log_line_parse(line, len + 1, &read), -EPROTO);
    assert_int_equal(log_line_parse("", 0, &read), -EPROTO);
    for (size_t i = 0; i < len; i++) {
        for (int c = 0; c < 256; c++) {
            char kept = line[i];

            line[i] = (char)c;
            if (log_line_parse(line, len, &read) == 0) {
                n = log_line_event(again, read.time, &read.event, read.tag, read.count);
                n = log_line_end(again, n, read.mac);
                assert_int_equal(n, len + 1);
                assert_memory_equal(again, line, len);
            }
            line[i] = kept;
        }
    }
}

static void test_utc(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } TIMES[] = {
        {0, "1970-01-01T00:00:00Z"},         {951782400, "2000-02-29T00:00:00Z"},
        {951868799, "2000-02-29T23:59:59Z"}, {4107542400, "2100-03-01T00:00:00Z"},
        {TIME, "2026-01-01T12:00:00Z"},      {253402300799, "9999-12-31T23:59:59Z"},
    };
    static const char *const BAD[] = {"",
                                      "2026-01-01T12:00:00",
                                      "2026-02-29T12:00:00Z",
                                      "2026-13-01T12:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01 12:00:00Z",
                                      "+026-01-01T12:00:00Z",
                                      "1969-12-31T23:59:59Z"};
    char text[UTC_SIZE];
    uint64_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        utc_print(TIMES[i].seconds, text);
        assert_string_equal(text, TIMES[i].text);
        assert_int_equal(utc_parse(text, &seconds), 0);
        assert_int_equal(seconds, TIMES[i].seconds);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(utc_parse(BAD[i], &seconds), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event),         cmocka_unit_test(test_begin),
        cmocka_unit_test(test_hostile_texts), cmocka_unit_test(test_strict),
        cmocka_unit_test(test_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
