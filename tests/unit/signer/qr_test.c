// SPDX-License-Identifier: BSD-2-Clause
// QR codes: what is printed is what libqrencode made, with light around it.
#include "qr.h"

#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define TEXT       "otpauth://totp/awstap:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=awstap"
#define BEGIN_LINE "\033[30;47;107m"
#define END_LINE   "\033[0m\n"
#define MARGIN     2

/* Take the text off, which must be there. */
static const char *take(const char *at, const char *text)
{
    assert_memory_equal(at, text, strlen(text));
    return at + strlen(text);
}

static bool dark(const QRcode *code, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;

    return inside && code->data[y * code->width + x] & 1;
}

static const char *block(bool upper, bool lower)
{
    return upper ? lower ? "█" : "▀" : lower ? "▄" : " ";
}

static void module_by_module(void **state)
{
    QRcode *code = QRcode_encodeString8bit(TEXT, 0, QR_ECLEVEL_L);
    struct error error;
    struct buf out;
    const char *at;

    (void)state;
    assert_non_null(code);
    buf_init(&out);
    assert_int_equal(qr_print(TEXT, &out, &error), 0);
    at = buf_text(&out);
    for (int y = -MARGIN; y < code->width + MARGIN; y += 2) {
        at = take(at, BEGIN_LINE);
        for (int x = -MARGIN; x < code->width + MARGIN; x++)
            at = take(at, block(dark(code, x, y), dark(code, x, y + 1)));
        at = take(at, END_LINE);
    }
    assert_string_equal(at, "");
    assert_true(code->width + 2 * MARGIN <= 80);
    buf_free(&out);
    QRcode_free(code);
}

static void too_long(void **state)
{
    static char text[4000];
    struct error error;
    struct buf out;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    buf_init(&out);
    assert_int_equal(qr_print(text, &out, &error), -1);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(module_by_module),
                                       cmocka_unit_test(too_long)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
