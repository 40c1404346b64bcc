// SPDX-License-Identifier: BSD-2-Clause
// Access keys in JSON: the shapes that people have, and everything that is not one.
#include "access_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define ID     "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static struct error error;

static int read_bytes(const void *data, size_t len, struct access_key *key)
{
    struct buf text;
    int r;

    buf_init(&text);
    assert_int_equal(buf_put(&text, data, len), 0);
    r = access_key_read(&text, key, &error);
    buf_free(&text);
    return r;
}

static void expect_key(const char *json)
{
    struct access_key key;

    assert_int_equal(read_bytes(json, strlen(json), &key), 0);
    assert_string_equal(key.id, ID);
    assert_string_equal(key.secret, SECRET);
    access_key_free(&key);
}

static void expect_refused(const char *json, const char *why)
{
    struct access_key key;

    error = (struct error){0};
    assert_int_equal(read_bytes(json, strlen(json), &key), -1);
    assert_null(key.id);
    assert_null(key.secret);
    assert_int_equal(error.status, EXIT_FAILED);
    assert_non_null(strstr(error.text, why));
    assert_null(strstr(error.text, "wJalr"));
}

static void test_shapes(void **state)
{
    (void)state;
    expect_key("{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}");
    expect_key(" {\n\t\"SecretAccessKey\" : \"" SECRET "\" ,\r\n \"AccessKeyId\" :\"" ID "\" } \n");
    expect_key("{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":"
               "\"wJalrXUtnFEMI\\/K7MDENG\\u002fbPxRfiCYEXAMPLE\\u004BEY\"}");
    expect_key(
        "{\n    \"AccessKey\": {\n        \"UserName\": \"bob\",\n        \"AccessKeyId\": \"" ID
        "\",\n        \"Status\": \"Active\",\n        \"SecretAccessKey\": \"" SECRET
        "\",\n        \"CreateDate\": \"2026-01-01T00:00:00+00:00\"\n    }\n}\n");
}

static void test_temporary(void **state)
{
    (void)state;
    expect_refused("{\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"" SECRET "\"}",
                   "temporary");
    expect_refused("{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET
                   "\",\"SessionToken\":\"abc\"}",
                   "temporary");
}

static void test_malformed(void **state)
{
    static const char *const texts[] = {
        " ",
        "{",
        "{}",
        "[]",
        "null",
        "\"" ID "\"",
        ID "\n" SECRET,
        "{\"AccessKeyId\":\"" ID "\"}",
        "{\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"",
        "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\",}",
        "{\"AccessKeyId\":\"" ID "\" \"SecretAccessKey\":\"" SECRET "\"}",
        "{,\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}x",
        "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}{}",
        "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\",\"Other\":\"1\"}",
        "{\"Version\":1,\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\",\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET
        "\"}",
        "{\"accesskeyid\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":null,\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":[\"" ID "\"],\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\\\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\\u00\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\\u0000\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\\n\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\\u20ac\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\n\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"" ID "\xc3\xa9\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"AKIA\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"AIDAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKeyId\":\"AKIAIOSFODNN7 XAMPLE\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKey\":{}}",
        "{\"AccessKey\":\"x\"}",
        "{\"AccessKey\":{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}",
        "{\"AccessKey\":{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET
        "\"},\"x\":\"y\"}",
        "{\"AccessKey\":{\"AccessKey\":{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET
        "\"}}}",
        "\xef\xbb\xbf{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}",
    };
    static const char nul[] = "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}\0";
    struct access_key key;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_refused(texts[i], "no access key");
    assert_int_equal(read_bytes(nul, sizeof nul, &key), -1);
    assert_int_equal(read_bytes("", 0, &key), -1);
}

static void test_secret(void **state)
{
    (void)state;
    expect_refused("{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"wJalrXUtnFEMI\"}", "cut");
    expect_refused("{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET " \"}", "cut");
    expect_refused("{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET SECRET SECRET SECRET
                   "\"}",
                   "cut");
}

static void test_long(void **state)
{
    static char text[2 * ACCESS_KEY_INPUT_MAX];
    struct access_key key;
    int n;

    (void)state;
    n = snprintf(text, sizeof text, "{\"AccessKeyId\":\"%0257d\",\"SecretAccessKey\":\"x\"}", 1);
    assert_int_equal(read_bytes(text, (size_t)n, &key), -1);
    memset(text, ' ', sizeof text);
    n = snprintf(text, sizeof text,
                 "{\"AccessKeyId\":\"" ID "\",\"SecretAccessKey\":\"" SECRET "\"}");
    text[n] = ' ';
    assert_int_equal(read_bytes(text, ACCESS_KEY_INPUT_MAX + 1, &key), -1);
    assert_int_equal(read_bytes(text, ACCESS_KEY_INPUT_MAX, &key), 0);
    access_key_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes),
                                       cmocka_unit_test(test_temporary),
                                       cmocka_unit_test(test_malformed),
                                       cmocka_unit_test(test_secret), cmocka_unit_test(test_long)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests_name("access_key", tests, NULL, NULL);
}
