// SPDX-License-Identifier: BSD-2-Clause
// Text that every pinentry shows as it stands.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plain.h"

static const char *made(void (*make)(char *, bool), const char *text, bool ascii)
{
    static char store[256];

    strcpy(store, text);
    make(store, ascii);
    return store;
}

static void test_lines(void **state)
{
    (void)state;
    assert_string_equal(made(plain_lines, "", false), "");
    assert_string_equal(made(plain_lines, "\n\na\n", false), "\n\na\n");
    assert_string_equal(made(plain_lines, "a\x1b[1mb\r\nc\td\x7f", false), "a?[1mb?\nc?d?");
    assert_string_equal(made(plain_lines, "Schl\xc3\xbcssel \xff\xc2\x9b", false),
                        "Schl\xc3\xbcssel ???");
    assert_string_equal(made(plain_lines, "Schl\xc3\xbcssel\nb", true), "Schl??ssel\nb");
    assert_string_equal(made(plain_lines, "<b>&lt;</b> a_b", false), "(b)+lt;(/b) a_b");
}

/* A character that a newline cuts in two is none. */
static void test_cut_by_a_newline(void **state)
{
    (void)state;
    assert_string_equal(made(plain_lines, "\xe2\x82\n\xac", false), "??\n?");
}

static void test_label(void **state)
{
    (void)state;
    assert_string_equal(made(plain_label, "PIN of my_key:", false), "PIN of my-key:");
    assert_string_equal(made(plain_label, "a\nb<\xff_>", true), "a?b(?-)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cut_by_a_newline),
        cmocka_unit_test(test_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
