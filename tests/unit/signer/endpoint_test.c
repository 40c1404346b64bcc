// SPDX-License-Identifier: BSD-2-Clause
// Regions, partitions, and which endpoint URLs are let in.
#include "endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "message.h"

static struct error error;

static void test_partitions(void **state)
{
    static const char *const regions[][2] = {
        {"us-east-1", "aws"},
        {"ap-southeast-7", "aws"},
        {"mx-central-1", "aws"},
        {"eu-north-12", "aws"},
        {"cn-north-1", "aws-cn"},
        {"cn-northwest-1", "aws-cn"},
        {"us-gov-west-1", "aws-us-gov"},
        {"us-gov-east-1", "aws-us-gov"},
        {"eusc-de-east-1", "aws-eusc"},
        {"us-iso-east-1", "aws-iso"},
        {"us-isob-east-1", "aws-iso-b"},
    };
    static const char *const none[] = {
        "",
        "us",
        "us-east",
        "us-east-",
        "us-east-1 ",
        "us-east-1\n",
        "us-east-123",
        "us-east-1a",
        "us-east-1-",
        "US-EAST-1",
        "us--east-1",
        "-us-east-1",
        "us-e-1",
        "u-east-1",
        "usa-east-1",
        "eusc-east-1",
        "eusc-1",
        "us-1",
        "aws-global",
        "us-east-1.evil.example",
        "us-east-1/../x",
        "eu-isoe-west-1",
        "us-isof-south-1",
        "us-a-b-c-d-east-1",
        "us-eastxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-1",
        "us-\xc3\xa9st-1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++)
        assert_string_equal(endpoint_partition(regions[i][0]), regions[i][1]);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(endpoint_partition(none[i]));
}

static void test_default_regions(void **state)
{
    static const char *const names[] = {"aws",      "aws-cn",  "aws-us-gov",
                                        "aws-eusc", "aws-iso", "aws-iso-b"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_string_equal(endpoint_partition(endpoint_default_region(names[i])), names[i]);
    assert_string_equal(endpoint_default_region("aws"), "us-east-1");
    assert_null(endpoint_default_region("aws-moon"));
    assert_null(endpoint_default_region(""));
}

static void expect(enum endpoint_service service, const char *region, const char *override,
                   const char *url, const char *host, const char *signing_region)
{
    struct endpoint endpoint;

    assert_int_equal(endpoint_find(service, region, override, &endpoint, &error), 0);
    assert_string_equal(endpoint.url, url);
    assert_string_equal(endpoint.host, host);
    assert_string_equal(endpoint.region, signing_region);
}

static void expect_own(enum endpoint_service service, const char *region, const char *host,
                       const char *signing_region)
{
    char url[ENDPOINT_URL_MAX + 1] = "https://";

    strcat(url, host);
    expect(service, region, NULL, url, host, signing_region);
    expect(service, region, "", url, host, signing_region);
}

static void test_own(void **state)
{
    (void)state;
    expect_own(ENDPOINT_STS, "eu-west-1", "sts.eu-west-1.amazonaws.com", "eu-west-1");
    expect_own(ENDPOINT_STS, "cn-northwest-1", "sts.cn-northwest-1.amazonaws.com.cn",
               "cn-northwest-1");
    expect_own(ENDPOINT_STS, "us-gov-east-1", "sts.us-gov-east-1.amazonaws.com", "us-gov-east-1");
    expect_own(ENDPOINT_STS, "eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1");
    expect_own(ENDPOINT_STS, "us-iso-west-1", "sts.us-iso-west-1.c2s.ic.gov", "us-iso-west-1");
    expect_own(ENDPOINT_STS, "us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov",
               "us-isob-east-1");
    expect_own(ENDPOINT_IAM, "eu-west-1", "iam.amazonaws.com", "us-east-1");
    expect_own(ENDPOINT_IAM, "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1");
    expect_own(ENDPOINT_IAM, "us-gov-east-1", "iam.us-gov.amazonaws.com", "us-gov-west-1");
    expect_own(ENDPOINT_IAM, "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1");
}

static void test_override(void **state)
{
    struct endpoint endpoint;

    (void)state;
    expect(ENDPOINT_STS, "us-east-1", "http://127.0.0.1:8080", "http://127.0.0.1:8080",
           "127.0.0.1:8080", "us-east-1");
    expect(ENDPOINT_STS, "us-east-1", "https://vpce-1.sts.example:443/",
           "https://vpce-1.sts.example", "vpce-1.sts.example", "us-east-1");
    expect(ENDPOINT_IAM, "eu-west-1", "http://[::1]:80/", "http://[::1]", "[::1]", "us-east-1");
    expect(ENDPOINT_STS, "us-east-1", "https://[2001:db8::1]:80", "https://[2001:db8::1]:80",
           "[2001:db8::1]:80", "us-east-1");
    assert_int_equal(endpoint_find(ENDPOINT_STS, "moon-1", NULL, &endpoint, &error), -1);
    assert_int_equal(error.status, EXIT_USAGE);
    assert_int_equal(endpoint_find(ENDPOINT_STS, "us-east-1", "ftp://x", &endpoint, &error), -1);
}

static void test_urls(void **state)
{
    static const char *const good[] = {
        "https://sts.eu-west-1.amazonaws.com",
        "https://a",
        "https://a.b:65535/",
        "https://10.0.0.1:4566",
        "http://localhost:1",
        "http://LocalHost",
        "http://127.255.0.9:8080/",
        "http://[::1]:8080",
        "http://[0:0:0:0:0:0:0:1]",
    };
    static const char *const bad[] = {
        "",
        "https://",
        "https:///",
        "sts.amazonaws.com",
        "HTTPS://a",
        "ftp://a",
        "https://a/path",
        "https://a/?x",
        "https://a?x",
        "https://a#x",
        "https://a//",
        "https://user@a",
        "https://user:1@a",
        "https://a:",
        "https://a:0",
        "https://a:080",
        "https://a:65536",
        "https://a:999999",
        "https://a:-1",
        "https://a:80x",
        "https://a b",
        "https://a\r\nX-Evil: 1",
        "https://a\\b",
        "https://a%00b",
        "https://-a",
        "https://a-",
        "https://a..b",
        "https://.a",
        "https://a.",
        "https://a_b",
        "https://\xc3\xa9",
        "https://[::1",
        "https://[]",
        "https://[::1%25lo]",
        "https://[::g]",
        "https://[::1]x",
        "https://[::1]:",
        "https://[127.0.0.1]",
        "http://sts.amazonaws.com",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://127.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://evil.example#localhost",
        "http://localhost@evil.example",
        "http://[::2]",
        "http://[::ffff:10.0.0.1]",
        "http://0.0.0.0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(endpoint_url_check(good[i], &error), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        error.status = 0;
        assert_int_equal(endpoint_url_check(bad[i], &error), -1);
        assert_int_equal(error.status, EXIT_USAGE);
    }
}

static void test_long_url(void **state)
{
    static const char label[] = "abcdefghijklmnopqrstuvwxyz0123456789.";
    char url[600] = "https://";
    struct endpoint endpoint;

    (void)state;
    while (strlen(url) < 200)
        strcat(url, label);
    strcat(url, "example:65535/");
    assert_int_equal(endpoint_find(ENDPOINT_STS, "us-east-1", url, &endpoint, &error), 0);
    assert_memory_equal(endpoint.url, url, strlen(url) - 1);
    while (strlen(url) < 500)
        strcat(url, label);
    assert_int_equal(endpoint_url_check(url, &error), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions), cmocka_unit_test(test_default_regions),
        cmocka_unit_test(test_own),        cmocka_unit_test(test_override),
        cmocka_unit_test(test_urls),       cmocka_unit_test(test_long_url)};

    return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
