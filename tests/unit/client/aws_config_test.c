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

#define SET_SIZE 512

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
    assert_false(profile_of("[ default ]\n[ profile a]\n[\"profile\" a]\n[profile]\n[profil]\n",
                            "a", &profile));
    assert_false(profile_of("[ default ]\nregion = p\n", "default", &profile));
    assert_true(profile_of("[default]\nregion = p\n[profiles default]\nrole_arn = r\n", "default",
                           &profile));
    assert_string_equal(profile.role_arn, "r");
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

static void test_services(void **state)
{
    static char text[] = "\xef\xbb\xbf[profile p]\nservices = local\nendpoint_url = http://all\n"
                         "[services local]\nsts =\n  endpoint_url = http://sts\n"
                         "  other = x\niam =\n\tother = y\n"
                         "[services other]\niam =\n  endpoint_url = http://iam\n";
    struct aws_config config;
    struct aws_profile profile;

    (void)state;
    aws_config_parse(&config, strdup(text), strlen(text));
    assert_true(aws_config_profile(&config, "p", &profile));
    assert_string_equal(profile.endpoint_url, "http://all");
    assert_string_equal(aws_config_service_url(&config, profile.services, "sts"), "http://sts");
    assert_null(aws_config_service_url(&config, "local", "iam"));
    assert_string_equal(aws_config_service_url(&config, "other", "iam"), "http://iam");
    assert_null(aws_config_service_url(&config, "nobody", "sts"));
    aws_config_free(&config);
    assert_null(aws_config_service_url(&config, "local", "sts"));
}

static void test_names(void **state)
{
    static const char *const names[] = {"a", "default", "my work"};
    static char text[] = "[profile a]\n[other]\n[default]\n[profile 0123456789]\n"
                         "[profile \"my work\"]\n[sso-session x]\n[profile \"a\"]";
    struct aws_config config;
    const char *at = NULL;
    char name[8];

    (void)state;
    aws_config_parse(&config, strdup(text), strlen(text));
    for (size_t i = 0; i < 3; i++) {
        assert_true(aws_config_next(&config, &at, name, sizeof name));
        assert_string_equal(name, names[i]);
    }
    assert_false(aws_config_next(&config, &at, name, sizeof name));
    aws_config_free(&config);
}

/* The text with credential_process = P in the profile into out. Why that does not do, or NULL. */
static const char *set_process(const char *text, const char *name, char out[SET_SIZE])
{
    const struct span before = {text, strlen(text)};
    struct span pieces[AWS_CONFIG_PIECES];
    char heading[AWS_CONFIG_HEADING];
    struct aws_config config;
    const char *why;
    size_t n = aws_config_set_process(before, name, "P", heading, pieces), at = 0;

    for (size_t i = 0; i < n; i++) {
        if (pieces[i].len)
            memcpy(out + at, pieces[i].at, pieces[i].len);
        at += pieces[i].len;
    }
    out[at] = '\0';
    aws_config_parse(&config, strdup(out), at);
    why = aws_config_check_process(before, &config, name, "P");
    aws_config_free(&config);
    return why;
}

static void assert_set(const char *text, const char *name, const char *expected)
{
    struct aws_profile profile;
    char out[SET_SIZE];

    assert_null(set_process(text, name, out));
    assert_string_equal(out, expected);
    assert_true(profile_of(out, name, &profile));
    assert_string_equal(profile.credential_process, "P");
}

static void assert_refused(const char *text, const char *name, const char *word)
{
    char out[SET_SIZE];
    const char *why = set_process(text, name, out);

    assert_non_null(why);
    assert_non_null(strstr(why, word));
}

#define SET "credential_process = P"

static void test_set_process(void **state)
{
    (void)state;
    assert_set("", "a", "[profile a]\n" SET "\n");
    assert_set("", "default", "[default]\n" SET "\n");
    assert_set("", "a b", "[profile \"a b\"]\n" SET "\n");
    assert_set("[default]\nx=y\n", "a", "[default]\nx=y\n\n[profile a]\n" SET "\n");
    assert_set("[default]\nx=y", "a", "[default]\nx=y\n\n[profile a]\n" SET "\n");
    assert_set("[default]\r\nx=y\r\n", "a", "[default]\r\nx=y\r\n\r\n[profile a]\r\n" SET "\r\n");
    assert_set("[default]\r\nx=y", "a", "[default]\r\nx=y\r\n\r\n[profile a]\r\n" SET "\r\n");
    assert_set("# c\n[profile a] ; d\n\n# e\nregion=x\n[profile b]\n", "a",
               "# c\n[profile a] ; d\n" SET "\n\n# e\nregion=x\n[profile b]\n");
    assert_set("[profile a]", "a", "[profile a]\n" SET "\n");
    assert_set("[profile a]\n  region=x\n  s3=\n    y=z\n", "a",
               "[profile a]\n  " SET "\n  region=x\n  s3=\n    y=z\n");
    assert_set("[profile a]\nregion=x\nCredential_Process : old\n  more\n\nz=1\n", "a",
               "[profile a]\nregion=x\n" SET "\n\nz=1\n");
    assert_set("[profile a]\ncredential_process=old\n# c\n more\nz=1", "a",
               "[profile a]\n" SET "\nz=1");
    assert_set("[profile a]\ncredential_process=old", "a", "[profile a]\n" SET "\n");
    assert_set("[profile b]\ncredential_process=b\n[profile a]\nx=y\n", "a",
               "[profile b]\ncredential_process=b\n[profile a]\n" SET "\nx=y\n");
}

/* What AWS tools would take another way than we do, or not at all. */
static void test_places_that_do_not_do(void **state)
{
    (void)state;
    assert_refused("[default]\n[profile default]\n", "default", "more than once");
    assert_refused("[profile a]\n[x]\n[profile \"a\"]\n", "a", "more than once");
    assert_refused("[profile a]\ncredential_process=x\nCredential_Process=y\n", "a",
                   "more than once");
    assert_refused("[default]\n  [profile x]\n    region=y\n", "default", "blanks");
    assert_refused("[default]\n  junk\n", "default", "");
    assert_set("[default]\n\n# c\n  # d\n[profile x]\n", "default",
               "[default]\n" SET "\n\n# c\n  # d\n[profile x]\n");
    assert_set("  [default]\n  [profile x]\n", "x", "  [default]\n  [profile x]\n" SET "\n");
    assert_set("[ default ]\nx=y\n", "default", "[ default ]\nx=y\n\n[default]\n" SET "\n");
}

static void test_names_that_cannot_stand(void **state)
{
    static const char *const names[] = {"", "a]", "a\"b", "a\nb", "a'b", "a\\b", "a#b", "a\tb"};
    struct span pieces[AWS_CONFIG_PIECES];
    char heading[AWS_CONFIG_HEADING];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(
            aws_config_set_process((struct span){"", 0}, names[i], "P", heading, pieces), 0);
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
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_nested_values),
        cmocka_unit_test(test_odd_files),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_refused),
        cmocka_unit_test(test_services),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_set_process),
        cmocka_unit_test(test_places_that_do_not_do),
        cmocka_unit_test(test_names_that_cannot_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
