// SPDX-License-Identifier: BSD-2-Clause
// Lines of the Assuan protocol, both ways.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "assuan.h"

static char line[8192];

static struct assuan_line parse_bytes(const char *bytes, size_t len)
{
    struct assuan_line parsed;

    memcpy(line, bytes, len);
    line[len] = '\n';
    assuan_parse(line, len, &parsed);
    return parsed;
}

static struct assuan_line parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum assuan_kind kind;
        const char *rest;
    } CASES[] = {
        {"OK", ASSUAN_OK, ""},
        {"OK Pleased to meet you", ASSUAN_OK, "Pleased to meet you"},
        {"OK closing\r", ASSUAN_OK, "closing"},
        {"ERR 83886179 Operation cancelled <Pinentry>", ASSUAN_ERR,
         "Operation cancelled <Pinentry>"},
        {"ERR 99", ASSUAN_ERR, ""},
        {"D secret", ASSUAN_DATA, "secret"},
        {"D ", ASSUAN_DATA, ""},
        {"D", ASSUAN_DATA, ""},
        {"S PIN_REPEATED", ASSUAN_STATUS, "PIN_REPEATED"},
        {"INQUIRE QUALITY abc", ASSUAN_INQUIRE, "QUALITY abc"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct assuan_line parsed = parse(CASES[i].text);

        assert_int_equal(parsed.kind, CASES[i].kind);
        assert_string_equal(parsed.text, CASES[i].rest);
        assert_int_equal(parsed.len, strlen(CASES[i].rest));
    }
    assert_int_equal(parse("").kind, ASSUAN_COMMENT);
    assert_int_equal(parse("\r").kind, ASSUAN_COMMENT);
    assert_int_equal(parse("# OK").kind, ASSUAN_COMMENT);
}

static void test_junk(void **state)
{
    static const char *const JUNK[] = {
        "OKAY",
        "ok",
        "ERR",
        "ERR x",
        "ERR -1",
        "ERR 4294967296",
        "ERR 1x",
        "ERR 12345678901",
        "DATA",
        "D 1%",
        "D 1%4",
        "D %4g",
        "D %%",
        "INQUIRED",
        "END",
        " OK",
        "HTTP/1.1 200 OK",
    };

    (void)state;
    for (size_t i = 0; i < sizeof JUNK / sizeof *JUNK; i++)
        assert_int_equal(parse(JUNK[i]).kind, ASSUAN_JUNK);
    assert_int_equal(parse_bytes("D a\0b", 5).kind, ASSUAN_JUNK);
}

static void test_error_codes(void **state)
{
    (void)state;
    assert_int_equal(parse("ERR 83886179 Operation cancelled").code & 0xffff, 99);
    assert_int_equal(parse("ERR 83886142 Timeout").code & 0xffff, 62);
    assert_int_equal(parse("ERR 83886194 Not confirmed").code & 0xffff, 114);
    assert_int_equal(parse("ERR 4294967295").code, UINT32_MAX);
}

static void test_data_is_decoded(void **state)
{
    struct assuan_line parsed = parse("D a%25b%0Ac%0d %e2%82%AC%00z");

    (void)state;
    assert_int_equal(parsed.kind, ASSUAN_DATA);
    assert_int_equal(parsed.len, 12);
    assert_memory_equal(parsed.text, "a%b\nc\r \xe2\x82\xac\0z", 12);
}

static void test_commands(void **state)
{
    char made[ASSUAN_LINE_SIZE];

    (void)state;
    assert_int_equal(assuan_command(made, "GETPIN", ""), 7);
    assert_string_equal(made, "GETPIN\n");
    assuan_command(made, "SETDESC", "100 % of\r\n\x01 \xc3\xbc");
    assert_string_equal(made, "SETDESC 100 %25 of%0D%0A%01 \xc3\xbc\n");
}

/* One byte more than fits is cut; what fits to the byte is not. */
static void test_long_commands(void **state)
{
    char made[ASSUAN_LINE_SIZE], text[2000];

    (void)state;
    memset(text, 'x', sizeof text);
    text[ASSUAN_LINE_MAX - 8] = '\0';
    assert_int_equal(assuan_command(made, "SETDESC", text), ASSUAN_LINE_MAX + 1);
    assert_string_equal(made + ASSUAN_LINE_MAX - 4, "xxxx\n");
    strcpy(text + ASSUAN_LINE_MAX - 8, "x");
    assert_int_equal(assuan_command(made, "SETDESC", text), ASSUAN_LINE_MAX + 1);
    assert_string_equal(made + ASSUAN_LINE_MAX - 4, "x...\n");
}

/* Whatever is at the cut stays whole: a character of four bytes, an escape of three. */
static void test_cut_after_a_character(void **state)
{
    static const char *const UNITS[] = {"\xf0\x9d\x84\x9e", "\n"};

    (void)state;
    for (size_t unit = 0; unit < 2; unit++)
        for (size_t before = 0; before < 8; before++) {
            char made[ASSUAN_LINE_SIZE], text[2000] = "";
            size_t len;

            memset(text, 'x', before);
            for (size_t i = 0; i < 400; i++)
                strcat(text, UNITS[unit]);
            len = assuan_command(made, "SETDESC", text);
            assert_in_range(len, ASSUAN_LINE_MAX - 3, ASSUAN_LINE_MAX + 1);
            assert_string_equal(made + len - 4, "...\n");
            if (unit == 0)
                assert_memory_equal(made + len - 8, UNITS[0], 4);
            else
                assert_memory_equal(made + len - 7, "%0A", 3);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_junk),
        cmocka_unit_test(test_error_codes),
        cmocka_unit_test(test_data_is_decoded),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_long_commands),
        cmocka_unit_test(test_cut_after_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
