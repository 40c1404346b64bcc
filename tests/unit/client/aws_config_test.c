// SPDX-License-Identifier: BSD-2-Clause
// The AWS config file as botocore reads it, and the words of a credential_process.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws_config.h"
#include "words.h"

/* The profile of a config with this text; its values live until the next call. */
static bool profile_of(const char *text, const char *name, struct aws_profile *profile)
{
    static struct aws_config config;

    aws_config_free(&config);
    aws_config_parse(&config, strdup(text), strlen(text));
    return aws_config_profile(&config, name, profile);
}

static void test_sections(void **state)
{
    static const char text[] = "region = none\n"
                               "[default]\nregion = d\n"
                               "[profile work]\nregion = w\n"
                               "[profile   \"my work\"] # said behind it\nregion = m\n"
                               "[work2]\nregion = x\n"
                               "[profile a b]\nregion = x\n"
                               "[sso-session work]\nregion = x\n"
                               "[profile last]\nregion = l";
    struct aws_profile profile;

    (void)state;
    assert_true(profile_of(text, "default", &profile));
    assert_string_equal(profile.region, "d");
    assert_true(profile_of(text, "work", &profile));
    assert_string_equal(profile.region, "w");
    assert_true(profile_of(text, "my work", &profile));
    assert_string_equal(profile.region, "m");
    assert_true(profile_of(text, "last", &profile));
    assert_string_equal(profile.region, "l");
    assert_false(profile_of(text, "work2", &profile));
    assert_false(profile_of(text, "a", &profile));
    assert_false(profile_of(text, "", &profile));
    assert_null(profile.region);
    assert_true(profile_of("[profile default]\nregion = p\n", "default", &profile));
    assert_string_equal(profile.region, "p");
}

static void test_settings(void **state)
{
    struct aws_profile profile;

    (void)state;
    assert_true(profile_of("[profile p]\r\n"
                           "# region = comment\r\n"
                           "  ; region = comment\r\n"
                           "Credential_Process:awstap get p = q  \t\r\n"
                           "\r\n"
                           "REGION   =   eu-west-1\r\n"
                           "role_arn_not = x\r\n"
                           "role_ar = x\r\n"
                           "role_arn\r\n"
                           "= x\r\n",
                           "p", &profile));
    assert_string_equal(profile.credential_process, "awstap get p = q");
    assert_string_equal(profile.region, "eu-west-1");
    assert_null(profile.role_arn);
    assert_true(profile_of("[profile p]\nregion = a\nregion =\n", "p", &profile));
    assert_null(profile.region);
}

/* What is indented deeper than a key is that key's value, be it a section's head. */
static void test_nested_values(void **state)
{
    static const char text[] = "[profile p]\n"
                               "s3 =\n"
                               "  region = nested\n"
                               "\n"
                               "# between\n"
                               "   [profile q]\n"
                               "  role_arn = nested\n"
                               "region = outer\n"
                               "  [profile q]\n";
    struct aws_profile profile;

    (void)state;
    assert_true(profile_of(text, "p", &profile));
    assert_string_equal(profile.region, "outer");
    assert_null(profile.role_arn);
    assert_false(profile_of(text, "q", &profile));
    assert_true(profile_of("  [profile p]\n  region = i\n  role_arn = j\n", "p", &profile));
    assert_string_equal(profile.region, "i");
    assert_string_equal(profile.role_arn, "j");
}

static void test_odd_files(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "[",
                                        "]",
                                        "[]",
                                        "[profile",
                                        "[profile ]",
                                        "[profile p",
                                        "=",
                                        ":\n=",
                                        "[profile p \"]\nregion=x",
                                        " \t\r\n \r"};
    struct aws_profile profile;
    char *large = malloc(300000);

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(profile_of(texts[i], "p", &profile));
    memset(large, 'x', 299999);
    memcpy(large, "[profile p]\nregion=", 19);
    large[299999] = '\0';
    assert_true(profile_of(large, "p", &profile));
    assert_int_equal(strlen(profile.region), 299999 - 19);
    free(large);
    profile_of("", "p", &profile);
}

static void test_files(void **state)
{
    char path[] = "/tmp/aws_config_test.XXXXXX";
    int fd = mkstemp(path);
    struct aws_config config;
    struct aws_profile profile;

    (void)state;
    assert_int_equal(write(fd, "[default]\nregion=r", 18), 18);
    assert_int_equal(aws_config_read(&config, path), 0);
    assert_true(aws_config_profile(&config, "default", &profile));
    assert_string_equal(profile.region, "r");
    aws_config_free(&config);
    assert_int_equal(ftruncate(fd, (off_t)AWS_CONFIG_MAX), 0);
    assert_int_equal(aws_config_read(&config, path), 0);
    aws_config_free(&config);
    assert_int_equal(ftruncate(fd, (off_t)AWS_CONFIG_MAX + 1), 0);
    assert_int_equal(aws_config_read(&config, path), -EFBIG);
    close(fd);
    unlink(path);
    assert_int_equal(aws_config_read(&config, path), 0);
    assert_false(aws_config_profile(&config, "default", &profile));
    assert_int_equal(aws_config_read(&config, "/tmp"), -EISDIR);
}

static void assert_words(const char *line, size_t count, const char *const *expected)
{
    struct words words;

    assert_int_equal(words_split(&words, line, strlen(line)), 0);
    assert_int_equal(words.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(words.word[i], expected[i]);
    assert_null(words.word[count]);
    words_free(&words);
}

/* The expected words are what Python's shlex.split() gives. */
static void test_words(void **state)
{
    (void)state;
    assert_words("", 0, NULL);
    assert_words(" \t ", 0, NULL);
    assert_words("a  b\tc ", 3, (const char *const[]){"a", "b", "c"});
    assert_words("'a b'\"c d\"e", 1, (const char *const[]){"a bc de"});
    assert_words("'' \"\"", 2, (const char *const[]){"", ""});
    assert_words("a\\ b \\'c 'd\\'", 3, (const char *const[]){"a b", "'c", "d\\"});
    assert_words("\"a\\\"b\\\\c\\d\"", 1, (const char *const[]){"a\"b\\c\\d"});
    assert_words("a#b # c", 4 - 1, (const char *const[]){"a#b", "#", "c"});
}

static void assert_not_words(const char *line, size_t n, int error, size_t count)
{
    struct words words;

    assert_int_equal(words_split(&words, line, n), error);
    assert_int_equal(words.count, count);
    assert_null(words.word[count]);
    words_free(&words);
}

static void test_words_refused(void **state)
{
    static char long_line[WORDS_LINE_MAX + 2];

    (void)state;
    assert_not_words("awstap 'x", 9, -EINVAL, 1);
    assert_not_words("a \"x", 4, -EINVAL, 1);
    assert_not_words("a \\", 3, -EINVAL, 1);
    memset(long_line, 'x', sizeof long_line - 1);
    assert_not_words(long_line, sizeof long_line, -E2BIG, 0);
    for (size_t i = 1; i < sizeof long_line - 1; i += 2)
        long_line[i] = ' ';
    assert_not_words(long_line, sizeof long_line, -E2BIG, WORDS_LINE_MAX / 2);
    long_line[WORDS_LINE_MAX] = '\0';
    assert_not_words(long_line, sizeof long_line, 0, WORDS_LINE_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections),      cmocka_unit_test(test_settings),
        cmocka_unit_test(test_nested_values), cmocka_unit_test(test_odd_files),
        cmocka_unit_test(test_files),         cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
