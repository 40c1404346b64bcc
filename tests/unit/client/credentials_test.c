// SPDX-License-Identifier: BSD-2-Clause
// The AWS credentials file: what is found in it, and what is left of it.
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

#include "arena.h"
#include "credentials.h"

#define ID     "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define KEYS   "aws_access_key_id=" ID "\naws_secret_access_key=" SECRET "\n"

static struct credentials credentials;

static int setup(void **state)
{
    (void)state;
    return arena_open(1024 * 1024, ARENA_LOCK_WANTED);
}

static int teardown(void **state)
{
    (void)state;
    credentials_free(&credentials);
    arena_close();
    return 0;
}

static int parse(const char *text)
{
    char *copy;

    credentials_free(&credentials);
    copy = arena_strdup(text);
    assert_non_null(copy);
    return credentials_parse(&credentials, copy, strlen(text));
}

static const struct credentials_profile *profile(const char *text, const char *name)
{
    assert_int_equal(parse(text), 0);
    return credentials_find(&credentials, name);
}

static void assert_good(const char *text, const char *name)
{
    const struct credentials_profile *found = profile(text, name);

    assert_non_null(found);
    assert_int_equal(found->problem, CREDENTIALS_GOOD);
    assert_string_equal(found->id, ID);
    assert_string_equal(found->secret, SECRET);
}

static void assert_problem(const char *text, const char *name, enum credentials_problem problem)
{
    const struct credentials_profile *found = profile(text, name);

    assert_non_null(found);
    assert_int_equal(found->problem, problem);
}

static void test_forms(void **state)
{
    (void)state;
    assert_good("[default]\n" KEYS, "default");
    assert_good("\xef\xbb\xbf[default]\r\nAWS_ACCESS_KEY_ID : " ID
                " \r\nAws_Secret_Access_Key\t=\t" SECRET "\r\n",
                "default");
    assert_good("# a\n; b\n\n[work]\n#c\naws_secret_access_key = " SECRET
                "\n  # indented\n\naws_access_key_id = " ID,
                "work");
    assert_good("[work]\naws_session_token =\n" KEYS, "work");
    assert_good("[my work] # said behind it\n" KEYS, "my work");
    assert_good("[profile work]\n" KEYS, "work");
    assert_good("[profile \"my work\"]\n" KEYS, "my work");
    assert_good("[a]\nregion = x\n[work]\ns3 =\n  region = nested\n" KEYS, "work");
    assert_string_equal(profile("[a]\nregion=eu-west-1\nmfa_serial = arn:x\n" KEYS, "a")->region,
                        "eu-west-1");
    assert_string_equal(credentials_find(&credentials, "a")->mfa_serial, "arn:x");
}

static void test_nothing(void **state)
{
    static const char *const texts[] = {
        "", "\n", "[a]", "[a]\nregion = x\n", KEYS, "#[a]\n" KEYS, "[a\nregion=x\n", "=\n:\n", "["};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(parse(texts[i]), 0);
        assert_int_equal(credentials.count, 0);
    }
}

static void test_problems(void **state)
{
    char name[600];

    (void)state;
    assert_problem("[a]\n" KEYS "aws_session_token = x\n", "a", CREDENTIALS_TEMPORARY);
    assert_problem("[a]\nAWS_SECURITY_TOKEN = x\n" KEYS, "a", CREDENTIALS_TEMPORARY);
    assert_problem("[a]\naws_access_key_id = " ID "\n", "a", CREDENTIALS_NO_SECRET);
    assert_problem("[a]\naws_access_key_id = " ID "\naws_secret_access_key =\n", "a",
                   CREDENTIALS_NO_SECRET);
    assert_problem("[a]\naws_secret_access_key = x\n", "a", CREDENTIALS_NO_ID);
    assert_problem("[a]\naws_access_key_id =\naws_secret_access_key = x\n", "a", CREDENTIALS_NO_ID);
    assert_problem("[a]\n" KEYS "[b]\n" KEYS "[a]\n" KEYS, "a", CREDENTIALS_TWICE);
    assert_int_equal(credentials_find(&credentials, "b")->problem, CREDENTIALS_GOOD);
    assert_int_equal(credentials.profiles[2].problem, CREDENTIALS_TWICE);
    assert_problem("[a]\nregion = x\n[a]\n" KEYS "[a]\n" KEYS, "a", CREDENTIALS_TWICE);
    assert_problem("[a]\n" KEYS "aws_secret_access_key = other\n", "a", CREDENTIALS_TWICE);
    assert_problem("[a]\n" KEYS "  more\n", "a", CREDENTIALS_LONG);
    assert_problem("[DEFAULT]\n" KEYS, "DEFAULT", CREDENTIALS_DEFAULT);
    snprintf(name, sizeof name, "[%0280d]\n" KEYS, 0);
    assert_int_equal(parse(name), 0);
    assert_int_equal(credentials.profiles[0].problem, CREDENTIALS_LONG);
}

static void test_not_text(void **state)
{
    char *text = arena_strdup("[a]\nx=\ty");

    (void)state;
    credentials_free(&credentials);
    text[6] = '\0';
    assert_int_equal(credentials_parse(&credentials, text, 8), -EINVAL);
}

static void test_comments(void **state)
{
    (void)state;
    assert_int_equal(parse("# x\n[a]\n#AWS_secret_access_key = y\n" KEYS), 0);
    assert_int_equal(credentials.comment_line, 3);
    assert_int_equal(parse("# aws_secret\n[a]\n" KEYS), 0);
    assert_int_equal(credentials.comment_line, 0);
}

static bool is_a(const struct credentials_profile *found, const void *context)
{
    (void)context;
    return *found->name == 'a';
}

/* All profiles whose name begins with a are taken out. */
static void assert_left(const char *text, const char *expected)
{
    static struct span pieces[CREDENTIALS_PIECES];
    char left[2048] = "";
    size_t count, at = 0;

    assert_int_equal(parse(text), 0);
    count = credentials_without(&credentials, is_a, NULL, pieces);
    for (size_t i = 0; i < count; i++) {
        memcpy(left + at, pieces[i].at, pieces[i].len);
        at += pieces[i].len;
    }
    left[at] = '\0';
    assert_string_equal(left, expected);
}

static void test_taken_out(void **state)
{
    (void)state;
    assert_left("[a]\n" KEYS, "");
    assert_left("[b]\n" KEYS, "[b]\n" KEYS);
    assert_left("\xef\xbb\xbf[a]\r\n" KEYS, "\xef\xbb\xbf");
    assert_left("# x\n\n[a]\n" KEYS "\n\n[b]\n" KEYS "\n", "# x\n\n[b]\n" KEYS "\n");
    assert_left("[b]\n" KEYS "\n[a]\n" KEYS, "[b]\n" KEYS "\n");
    assert_left("[a]\nregion = x\n" KEYS "\n[b]\nregion = y", "[a]\nregion = x\n\n[b]\nregion = y");
    assert_left("[a]\n# mine\n" KEYS, "[a]\n# mine\n");
    assert_left("[a]\n" KEYS "s3 =\n  x = y\n", "[a]\ns3 =\n  x = y\n");
    assert_left("[a]\naws_secret_access_key = " SECRET " \r\n; x \r\naws_access_key_id = " ID,
                "[a]\n; x \r\n");
    assert_left("[a1]\n" KEYS "[b]\nx=y\n[a2]\n" KEYS "z=1", "[b]\nx=y\n[a2]\nz=1");
}

/* What can't be imported is not taken out either. */
static void test_problems_stay(void **state)
{
    (void)state;
    assert_left("[a]\n" KEYS "[a]\n" KEYS, "[a]\n" KEYS "[a]\n" KEYS);
    assert_left("[a]\n" KEYS "aws_session_token=x\n", "[a]\n" KEYS "aws_session_token=x\n");
}

static void test_many(void **state)
{
    static char text[CREDENTIALS_MAX / 2];
    size_t at = 0;

    (void)state;
    for (int i = 0; i < CREDENTIALS_PROFILES + 3; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "[a%d]\n%s", i, KEYS);
    assert_int_equal(parse(text), 0);
    assert_int_equal(credentials.count, CREDENTIALS_PROFILES);
    assert_true(credentials.left_out);
}

static void assert_overriding(const char *text, const char *name, const char *setting)
{
    const char *found;

    assert_int_equal(parse(text), 0);
    found = credentials_overriding(&credentials, name);
    assert_string_equal(found ? found : "", setting);
}

/* What AWS tools take before the credential_process of the config file, with a key beside it or
 * not. */
static void test_overriding(void **state)
{
    (void)state;
    assert_overriding("[a]\n" KEYS "region = x\n[b]\nrole_arn = y\n", "a", "");
    assert_overriding("[b]\nregion = x\nRole_Arn = y\n", "b", "role_arn");
    assert_overriding("[profile \"a b\"]\n" KEYS "sso_session : y\n", "a b", "sso_session");
    assert_overriding("[a]\n# role_arn = x\nrole_arn =\nsource_profile=b\n", "a", "source_profile");
    assert_overriding("[a]\nregion = x\n[a]\ncredential_process = y\n", "a", "credential_process");
    assert_overriding("[a]\nlogin_session = y\n", "a", "login_session");
    assert_overriding("", "", "");
}

static void assert_inherited(const char *text, const char *name, const char *setting)
{
    const char *found;

    assert_int_equal(parse(text), 0);
    found = credentials_inherited(&credentials, name);
    assert_string_equal(found ? found : "", setting);
}

/* [DEFAULT] is a part of the sections that are there, wherever it stands and however often. */
static void test_inherited(void **state)
{
    (void)state;
    assert_inherited("[DEFAULT]\n" KEYS "[a]\nregion = x\n", "a", "aws_access_key_id");
    assert_inherited("[a]\nregion = x\n[DEFAULT]\nregion = x\n[DEFAULT]\naws_access_key_id =\n",
                     "a", "aws_access_key_id");
    assert_inherited("[a]\n[DEFAULT]\ncredential_process = y\n", "a", "credential_process");
    assert_inherited("[DEFAULT]\n" KEYS "[b]\nregion = x\n", "a", "");
    assert_inherited("[DEFAULT]\nregion = x\nrole_arn =\n[a]\n" KEYS, "a", "");
    assert_inherited("[default]\n" KEYS "[a]\n", "a", "");
    assert_inherited("[DEFAULT]\n" KEYS, "DEFAULT", "");
    assert_inherited("", "a", "");
}

static void test_files(void **state)
{
    char path[] = "/tmp/credentials_test.XXXXXX";
    int fd = mkstemp(path), ends[2];
    char name[32];

    (void)state;
    assert_int_equal(write(fd, "[a]\n" KEYS, strlen("[a]\n" KEYS)), strlen("[a]\n" KEYS));
    credentials_free(&credentials);
    assert_int_equal(credentials_read(&credentials, path), 0);
    assert_int_equal(credentials.count, 1);
    assert_false(credentials.stream);
    credentials_free(&credentials);
    assert_int_equal(ftruncate(fd, (off_t)CREDENTIALS_MAX + 1), 0);
    assert_int_equal(credentials_read(&credentials, path), -EFBIG);
    assert_int_equal(credentials_read(&credentials, "/tmp"), -EINVAL);
    assert_int_equal(credentials_read(&credentials, "/dev/zero"), -EINVAL);
    credentials_free(&credentials);
    assert_int_equal(credentials_read(&credentials, "/dev/null"), 0);
    assert_int_equal(credentials.count, 0);
    close(fd);
    unlink(path);
    assert_int_equal(credentials_read(&credentials, path), -ENOENT);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "[a]\n" KEYS, 10), 10);
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    assert_int_equal(credentials_read(&credentials, name), 0);
    assert_true(credentials.stream);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_problems),      cmocka_unit_test(test_not_text),
        cmocka_unit_test(test_comments),      cmocka_unit_test(test_taken_out),
        cmocka_unit_test(test_problems_stay), cmocka_unit_test(test_many),
        cmocka_unit_test(test_files),         cmocka_unit_test(test_overriding),
        cmocka_unit_test(test_inherited),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
