// SPDX-License-Identifier: BSD-2-Clause
// TOTP seeds as base32 (vectors of RFC 4648, lengthened to the shortest seed let in) and as otpauth
// URIs.
#include "seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define SEED   "12345678901234567890"
#define BASE32 "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static struct error error;

static int read_text(const char *input, struct seed *seed)
{
    struct buf text;
    int r;

    buf_init(&text);
    assert_int_equal(buf_put_text(&text, input), 0);
    r = seed_read(&text, seed, &error);
    buf_free(&text);
    return r;
}

static void expect(const char *input, const char *expected)
{
    struct seed seed;

    assert_int_equal(read_text(input, &seed), 0);
    assert_int_equal(seed.len, strlen(expected));
    assert_memory_equal(seed.data, expected, seed.len);
    seed_free(&seed);
}

static void expect_refused(const char *input, const char *why)
{
    struct seed seed;

    error = (struct error){0};
    assert_int_equal(read_text(input, &seed), -1);
    assert_null(seed.data);
    assert_int_equal(error.status, EXIT_FAILED);
    assert_non_null(strstr(error.text, why));
    assert_null(strstr(error.text, "GEZD"));
}

static void test_base32(void **state)
{
    (void)state;
    expect(BASE32, SEED);
    expect("gezdgnbvgy3tqojqgezdgnbvgy3tqojq", SEED);
    expect(" GEZD GNBV GY3T QOJQ GEZD-GNBV-GY3T-QOJQ\r\n", SEED);
    expect("GEZDGNBVGY3TQOJQMY======", "1234567890f");
    expect("GEZDGNBVGY3TQOJQMZXQ====", "1234567890fo");
    expect("GEZDGNBVGY3TQOJQMZXW6===", "1234567890foo");
    expect("GEZDGNBVGY3TQOJQMZXW6YQ=", "1234567890foob");
    expect("GEZDGNBVGY3TQOJQMZXW6YTB", "1234567890fooba");
    expect("GEZDGNBVGY3TQOJQMZXW6YTBOI======", "1234567890foobar");
    expect("GEZDGNBVGY3TQOJQMY", "1234567890f");
    expect("GEZDGNBVGY3TQOJQMZXQ", "1234567890fo");
}

static void test_all_characters(void **state)
{
    static const uint8_t expected[] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf,
                                       0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf};
    struct seed seed;

    (void)state;
    assert_int_equal(read_text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", &seed), 0);
    assert_int_equal(seed.len, sizeof expected);
    assert_memory_equal(seed.data, expected, sizeof expected);
    seed_free(&seed);
    for (unsigned c = 1; c < 256; c++) {
        char text[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ?";
        bool good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');

        text[31] = (char)c;
        assert_int_equal(read_text(text, &seed), good ? 0 : -1);
        seed_free(&seed);
    }
}

static void test_base32_refused(void **state)
{
    static const char *const texts[] = {
        BASE32 "G",
        BASE32 "GEZ",
        BASE32 "GEZDGN",
        BASE32 "GF",
        BASE32 "GE=",
        BASE32 "=",
        BASE32 "========",
        "GEZDGNBVGY3TQOJQMY=====A",
        "GEZDGNBV0189QOJQ",
        BASE32 "\x01",
        BASE32 "\xc3\xa9G",
        "GEZDGNBV\nGY3TQOJQ",
        "=",
        "%47EZDGNBVGY3TQOJQ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_refused(texts[i], "base32");
    expect_refused("", "no seed");
    expect_refused(" \r\n", "no seed");
    expect_refused("GEZDGNBVGY3TQOI", "too short");
    expect_refused("--", "too short");
}

static void test_lengths(void **state)
{
    char text[SEED_INPUT_MAX + 2];
    struct seed seed;

    (void)state;
    memset(text, 'A', sizeof text);
    text[103] = '\0';
    assert_int_equal(read_text(text, &seed), 0);
    assert_int_equal(seed.len, SEED_MAX);
    seed_free(&seed);
    text[103] = 'A';
    text[104] = '\0';
    expect_refused(text, "base32");
    memset(text, 'A', sizeof text);
    text[SEED_INPUT_MAX + 1] = '\0';
    expect_refused(text, "no seed");
}

static void test_uri(void **state)
{
    (void)state;
    expect("otpauth://totp/Amazon%20Web%20Services:alice@123456789012?secret=" BASE32
           "&issuer=Amazon%20Web%20Services",
           SEED);
    expect("otpauth://totp/x?secret=" BASE32 "&algorithm=SHA1&digits=6&period=30\n", SEED);
    expect("OTPAUTH://TOTP/x?issuer=a&SECRET=" BASE32 "&algorithm=sha1", SEED);
    expect("otpauth://totp/?secret=GEZDGNBVGY3TQOJQMY%3d%3D%3D%3D%3D%3D", "1234567890f");
    expect("otpauth://totp/x?secret=%47EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&", SEED);
}

static void test_uri_refused(void **state)
{
    (void)state;
    expect_refused("otpauth://hotp/x?secret=" BASE32 "&counter=1", "time-based");
    expect_refused("otpauth:totp/x?secret=" BASE32, "time-based");
    expect_refused("otpauth://totp/x", "time-based");
    expect_refused("otpauth://totp/x?issuer=a", "no secret");
    expect_refused("otpauth://totp/x?secret=", "no secret");
    expect_refused("otpauth://totp/x?secret", "no secret");
    expect_refused("otpauth://totp/x?xsecret=" BASE32, "no secret");
    expect_refused("otpauth://totp/x?secret=" BASE32 "&secret=" BASE32, "no secret");
    expect_refused("otpauth://totp/x?secret=" BASE32 "%4", "no secret");
    expect_refused("otpauth://totp/x?secret=" BASE32 "%", "no secret");
    expect_refused("otpauth://totp/x?secret=" BASE32 "%zz", "no secret");
    expect_refused("otpauth://totp/x?secret=" BASE32 "%00", "no secret");
    expect_refused("otpauth://totp/x?secret=" BASE32 "#f", "no secret");
    expect_refused("otpauth://totp/x?secret=GEZDGNBV1", "base32");
    expect_refused("otpauth://totp/x?secret=" BASE32 "&algorithm=SHA256", "does not take");
    expect_refused("otpauth://totp/x?secret=" BASE32 "&digits=8", "does not take");
    expect_refused("otpauth://totp/x?secret=" BASE32 "&period=60", "does not take");
    expect_refused("otpauth://totp/x?secret=" BASE32 "&digits=06", "does not take");
    expect_refused("otpauth://totp/x?secret=" BASE32 "&digits=6&digits=8", "no secret");
}

/* What is handed out can be handed in again. */
static void test_put(void **state)
{
    struct buf text;

    (void)state;
    buf_init(&text);
    assert_int_equal(seed_put_uri(&text, (const uint8_t *)SEED, strlen(SEED), "me & ü/1"), 0);
    assert_string_equal(buf_text(&text),
                        "otpauth://totp/awstap:me%20%26%20%C3%BC%2F1?secret=" BASE32
                        "&issuer=awstap");
    expect(buf_text(&text), SEED);
    buf_trim(&text, buf_len(&text));
    assert_int_equal(seed_put_groups(&text, (const uint8_t *)SEED, strlen(SEED)), 0);
    assert_string_equal(buf_text(&text), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    buf_trim(&text, buf_len(&text));
    assert_int_equal(seed_put_groups(&text, (const uint8_t *)"1234567890fo", 12), 0);
    assert_string_equal(buf_text(&text), "GEZD GNBV GY3T QOJQ MZXQ");
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_base32),
                                       cmocka_unit_test(test_all_characters),
                                       cmocka_unit_test(test_base32_refused),
                                       cmocka_unit_test(test_lengths),
                                       cmocka_unit_test(test_uri),
                                       cmocka_unit_test(test_uri_refused),
                                       cmocka_unit_test(test_put)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests_name("seed", tests, NULL, NULL);
}
