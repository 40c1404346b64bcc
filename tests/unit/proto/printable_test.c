// SPDX-License-Identifier: BSD-2-Clause
// What may stand before a person: every kind of byte, whole characters and broken ones.
#include "printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *cleaned, *ascii;
} CASES[] = {
    {"", "", ""},
    {"plain ~ text", "plain ~ text", "plain ~ text"},
    {"a\033[31m\n\t\x1f\x7f.", "a?[31m????.", "a?[31m????."},
    {"\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\x91", "?????????"},
    {"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "??????\xc2\xa0", "????????"}, /* C1; a no-break space */
    {"\x80\xbf\xff", "???", "???"},
    {"\xc0\xaf\xc1\xbf", "????", "????"},                      /* '/' and DEL, too long */
    {"\xe0\x9f\xbf\xe0\xa0\x80", "???\xe0\xa0\x80", "??????"}, /* too long; U+0800 */
    {"\xed\x9f\xbf\xed\xa0\x80", "\xed\x9f\xbf???", "??????"}, /* U+D7FF; a surrogate */
    {"\xf0\x8f\xbf\xbf\xf0\x90\x80\x80", "????\xf0\x90\x80\x80", "????????"},
    {"\xf4\x8f\xbf\xbf\xf4\x90\x80\x80\xf5", "\xf4\x8f\xbf\xbf?????", "?????????"},
    {"\xf8\x88\x80\x80\x80", "?????", "?????"},
    {"\xe2\x82", "??", "??"}, /* cut off */
    {"a\xe2\x80\xae"
     "b\xd8\x9c\xe2\x81\xa6\xe2\x80\xa8",
     "a???b????????", "a???b????????"}, /* reordered */
    {"\xe2\x80\x94\xe2\x80\xaf\xe2\x81\xaa", "\xe2\x80\x94\xe2\x80\xaf\xe2\x81\xaa",
     "?????????"}, /* neighbours */
    {"\xe2\x82x\xf0\x9f\x94x", "??x???x", "??x???x"},
};

static void test_clean(void **state)
{
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        snprintf(text, sizeof text, "%s", CASES[i].text);
        printable_clean(text);
        assert_string_equal(text, CASES[i].cleaned);
        assert_int_equal(printable_valid(CASES[i].text, strlen(CASES[i].text)),
                         strcmp(CASES[i].text, CASES[i].cleaned) == 0);
        assert_true(printable_valid(text, strlen(text)));
        snprintf(text, sizeof text, "%s", CASES[i].text);
        printable_ascii(text);
        assert_string_equal(text, CASES[i].ascii);
    }
}

/* Nothing behind len is read: the arrays end there, which AddressSanitizer watches. */
static void test_bounds(void **state)
{
    const char key[] = {'\xf0', '\x9f', '\x94', '\x91'}, euro[] = {'\xe2', '\x82', '\xac'};

    (void)state;
    assert_int_equal(utf8_length(key, sizeof key), 4);
    assert_int_equal(utf8_length(key, sizeof key - 1), 0);
    assert_int_equal(utf8_length(euro, sizeof euro), 3);
    assert_int_equal(utf8_length(euro, 0), 0);
    assert_int_equal(utf8_length("\xc2\x80", UTF8_MAX), 2);
    assert_int_equal(utf8_length("\n", UTF8_MAX), 1);
    assert_true(printable_valid(euro, sizeof euro));
    assert_false(printable_valid(euro, sizeof euro - 1));
    assert_false(printable_valid("a\0b", 3));
    assert_true(printable_valid(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
