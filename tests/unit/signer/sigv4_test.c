// SPDX-License-Identifier: BSD-2-Clause
// SigV4 against the AWS Signature Version 4 test suite, and the HMAC beneath it against RFC 4231.
#include "sigv4.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define KEY_ID  "AKIDEXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE    "20150830T123600Z"
#define TIME    1440938160u
#define HOST    "example.amazonaws.com"
#define PREFIX  "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20150830/us-east-1/"
#define SERVICE "service/aws4_request, SignedHeaders="
#define TOKEN                                                                                      \
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP" \
    "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT" \
    "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz" \
    "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static const struct sigv4_key key = {.access_key_id = KEY_ID, .secret = SECRET};
static const struct sigv4_scope scope = {"us-east-1", "service", TIME};

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static void expect(const char *method, const char *query, const struct sigv4_header *headers,
                   size_t count, const char *body, const char *expected)
{
    struct sigv4_request request = {method, "/", query, headers, count, bytes_of(body)};
    struct buf out;

    buf_init(&out);
    assert_int_equal(sigv4_authorization(&key, &scope, &request, &out), 0);
    assert_string_equal(buf_text(&out), expected);
    buf_free(&out);
}

static void test_suite(void **state)
{
    const struct sigv4_header plain[] = {{"host", HOST}, {"x-amz-date", DATE}};
    const struct sigv4_header form[] = {{"content-type", "application/x-www-form-urlencoded"},
                                        {"host", HOST},
                                        {"x-amz-date", DATE}};
    const struct sigv4_header form_utf8[] = {
        {"content-type", "application/x-www-form-urlencoded; charset=utf8"},
        {"host", HOST},
        {"x-amz-date", DATE}};
    const struct sigv4_header token[] = {
        {"host", HOST}, {"x-amz-date", DATE}, {"x-amz-security-token", TOKEN}};

    (void)state;
    /* get-vanilla */
    expect("GET", "", plain, 2, "",
           PREFIX SERVICE "host;x-amz-date, Signature="
                          "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    /* get-vanilla-query-order-key-case, its parameters in order */
    expect("GET", "Param1=value1&Param2=value2", plain, 2, "",
           PREFIX SERVICE "host;x-amz-date, Signature="
                          "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    /* post-vanilla */
    expect("POST", "", plain, 2, "",
           PREFIX SERVICE "host;x-amz-date, Signature="
                          "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    /* post-x-www-form-urlencoded */
    expect("POST", "", form, 3, "Param1=value1",
           PREFIX SERVICE "content-type;host;x-amz-date, Signature="
                          "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
    /* post-x-www-form-urlencoded-parameters */
    expect("POST", "", form_utf8, 3, "Param1=value1",
           PREFIX SERVICE "content-type;host;x-amz-date, Signature="
                          "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe");
    /* post-sts-header-before */
    expect("POST", "", token, 3, "",
           PREFIX SERVICE "host;x-amz-date;x-amz-security-token, Signature="
                          "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

/* The signatures of these two were made by botocore. */
static void test_post(void **state)
{
    const struct sigv4_scope sts = {"us-east-1", "sts", TIME};
    const struct sigv4_key session = {
        .access_key_id = KEY_ID, .secret = SECRET, .session_token = TOKEN};
    const char *const expected[] = {
        "Host: sts.us-east-1.amazonaws.com",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        "X-Amz-Date: " DATE,
        "X-Amz-Security-Token: " TOKEN,
        "Authorization: " PREFIX "sts/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
        "Signature=aee78bc22259d47b142f854ccb60608cc654bc1506f6a5d4a4098ec291dbbc48",
    };
    struct bytes body = bytes_of("Action=GetCallerIdentity&Version=2011-06-15");
    struct buf headers;
    struct list list;
    const char *item = NULL;

    (void)state;
    buf_init(&headers);
    assert_int_equal(sigv4_post(&session, &sts, "sts.us-east-1.amazonaws.com", body, &headers), 0);
    list = (struct list){(const char *)buf_data(&headers), buf_len(&headers)};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(item = list_next(&list, item), expected[i]);
    assert_null(list_next(&list, item));
    buf_take(&headers, buf_len(&headers));

    assert_int_equal(sigv4_post(&key, &sts, "sts.us-east-1.amazonaws.com", body, &headers), 0);
    list = (struct list){(const char *)buf_data(&headers), buf_len(&headers)};
    item = NULL;
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(item = list_next(&list, item), expected[i]);
    assert_string_equal(
        item = list_next(&list, item),
        "Authorization: " PREFIX "sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, "
        "Signature=52a8540fea00e731072179f763577cbe2a45eac2c5d32fb4d785f3eefac88165");
    assert_null(list_next(&list, item));
    buf_free(&headers);
}

static void test_refused(void **state)
{
    char longest[SIGV4_SECRET_MAX + 2];
    struct sigv4_key big = {.access_key_id = KEY_ID, .secret = longest};
    struct sigv4_scope late = scope;
    struct buf out;

    (void)state;
    buf_init(&out);
    memset(longest, 'x', sizeof longest);
    longest[SIGV4_SECRET_MAX + 1] = '\0';
    assert_int_equal(sigv4_post(&big, &scope, HOST, bytes_of(""), &out), -EINVAL);
    longest[SIGV4_SECRET_MAX] = '\0';
    assert_int_equal(sigv4_post(&big, &scope, HOST, bytes_of(""), &out), 0);
    late.time = 253402300799u;
    assert_int_equal(sigv4_post(&key, &late, HOST, bytes_of(""), &out), 0);
    late.time++;
    assert_int_equal(sigv4_post(&key, &late, HOST, bytes_of(""), &out), -EINVAL);
    late.time = UINT64_MAX;
    assert_int_equal(sigv4_post(&key, &late, HOST, bytes_of(""), &out), -EINVAL);
    buf_free(&out);
}

static void expect_day(uint64_t time, const char *date, const char *expected)
{
    const struct sigv4_scope iam = {"us-east-1", "iam", time};
    struct sigv4_day day;
    char hex[2 * sizeof day.key + 1];

    assert_int_equal(sigv4_day_make(SECRET, &iam, &day), 0);
    assert_string_equal(day.date, date);
    assert_string_equal(day.region, "us-east-1");
    assert_string_equal(day.service, "iam");
    sodium_bin2hex(hex, sizeof hex, day.key, sizeof day.key);
    assert_string_equal(hex, expected);
}

/* The signing keys that "Examples of how to derive a signing key" and "Create a signed AWS API
 * request" derive step by step. */
static void test_day(void **state)
{
    (void)state;
    expect_day(1329307200u, "20120215",
               "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
    expect_day(TIME, "20150830",
               "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

/* The second example's request, ListUsers, signed with the day's key alone. */
static void test_day_signs(void **state)
{
    const struct sigv4_scope iam = {"us-east-1", "iam", TIME};
    const struct sigv4_header headers[] = {
        {"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
        {"host", "iam.amazonaws.com"},
        {"x-amz-date", DATE}};
    const struct sigv4_request request = {.method = "GET",
                                          .path = "/",
                                          .query = "Action=ListUsers&Version=2010-05-08",
                                          .headers = headers,
                                          .header_count = 3,
                                          .body = bytes_of("")};
    struct sigv4_day day;
    const struct sigv4_key by_day = {.access_key_id = KEY_ID, .day = &day};
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(sigv4_day_make(SECRET, &iam, &day), 0);
    assert_int_equal(sigv4_authorization(&by_day, &iam, &request, &out), 0);
    assert_string_equal(buf_text(&out),
                        PREFIX "iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, "
                               "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924"
                               "a6f2b5d7");
    buf_free(&out);
}

/* It signs for nothing but what it was derived for. */
static void test_day_is_bound(void **state)
{
    const struct sigv4_scope iam = {"us-east-1", "iam", TIME};
    const struct sigv4_scope others[] = {{"us-east-1", "iam", TIME + 86400},
                                         {"us-east-1", "iam", TIME - 86400},
                                         {"cn-north-1", "iam", TIME},
                                         {"us-east-1", "sts", TIME}};
    const struct sigv4_scope far = {"a-region-of-more-than-thirty-two-characters", "iam", TIME};
    const struct sigv4_scope odd = {"us-east-1", "executeapi", TIME};
    struct sigv4_day day;
    const struct sigv4_key by_day = {.access_key_id = KEY_ID, .day = &day};
    struct buf out;

    (void)state;
    buf_init(&out);
    assert_int_equal(sigv4_day_make(SECRET, &far, &day), -EINVAL);
    assert_int_equal(sigv4_day_make(SECRET, &odd, &day), -EINVAL);
    assert_int_equal(sigv4_day_make(SECRET, &iam, &day), 0);
    assert_int_equal(sigv4_post(&by_day, &iam, HOST, bytes_of(""), &out), 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(sigv4_post(&by_day, &others[i], HOST, bytes_of(""), &out), -EKEYEXPIRED);
    buf_free(&out);
}

/* Shortly after midnight it signs for the last second of its day. */
static void test_day_ends(void **state)
{
    const uint64_t midnight = 1440979200u; /* 2015-08-31T00:00:00Z */
    const struct sigv4_scope iam = {"us-east-1", "iam", TIME};
    struct sigv4_day day;
    const struct sigv4_key by_day = {.access_key_id = KEY_ID, .day = &day};

    (void)state;
    assert_int_equal(sigv4_day_make(SECRET, &iam, &day), 0);
    assert_true(sigv4_day_signs(&day, midnight - 86400));
    assert_false(sigv4_day_signs(&day, midnight - 86401));
    assert_true(sigv4_day_signs(&day, midnight - 1));
    assert_true(sigv4_day_signs(&day, midnight));
    assert_true(sigv4_day_signs(&day, midnight + 300));
    assert_false(sigv4_day_signs(&day, midnight + 301));
    assert_false(sigv4_day_signs(&day, midnight + 86400 + 100));
    assert_int_equal(sigv4_time(&by_day, midnight - 1), midnight - 1);
    assert_int_equal(sigv4_time(&by_day, midnight), midnight - 1);
    assert_int_equal(sigv4_time(&by_day, midnight + 300), midnight - 1);
    assert_int_equal(sigv4_time(&by_day, midnight + 301), midnight + 301);
    assert_int_equal(sigv4_time(&key, midnight + 1), midnight + 1);
}

static void expect_hmac(const void *secret, size_t len, const char *data, const char *expected)
{
    crypto_auth_hmacsha256_state hmac;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof mac + 1];

    crypto_auth_hmacsha256_init(&hmac, secret, len);
    crypto_auth_hmacsha256_update(&hmac, (const uint8_t *)data, strlen(data));
    crypto_auth_hmacsha256_final(&hmac, mac);
    sodium_bin2hex(hex, sizeof hex, mac, sizeof mac);
    assert_string_equal(hex, expected);
}

static void test_hmac(void **state)
{
    uint8_t first[20], sixth[131];

    (void)state;
    memset(first, 0x0b, sizeof first);
    memset(sixth, 0xaa, sizeof sixth);
    expect_hmac(first, sizeof first, "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    expect_hmac("Jefe", 4, "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    expect_hmac(sixth, sizeof sixth, "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite),        cmocka_unit_test(test_post),
        cmocka_unit_test(test_day),          cmocka_unit_test(test_day_signs),
        cmocka_unit_test(test_day_is_bound), cmocka_unit_test(test_day_ends),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_hmac)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0 || sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
