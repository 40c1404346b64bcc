// SPDX-License-Identifier: BSD-2-Clause
// Roles: what of a list of hops is taken, the body that becomes of it, whose session is believed.
#include "role.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "sts.h"

#define ARN     "arn:aws:iam::210987654321:role/team/admin"
#define ID      "ASIAIOSFODNN7EXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define TOKEN   "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+Fvwq/nKwRcOIfrRh3c=="
#define DATE    1767225600u /* 2026-01-01T00:00:00Z */
#define EXPIRES "2026-01-01T01:00:00Z"

static struct error error;

/* Texts, up to a NULL, one after the other. */
static struct list list_of(const char *const *texts)
{
    static char storage[HOPS_BYTES_MAX];
    struct list list = {.data = storage};

    for (; *texts; texts++) {
        size_t n = strlen(*texts) + 1;

        assert_true(list.len + n <= sizeof storage);
        memcpy(storage + list.len, *texts, n);
        list.len += n;
    }
    return list;
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int read_role(const char *const *texts, struct role *role)
{
    struct list hops = list_of(texts);

    return role_read(&hops, "work", "aws", role, &error);
}

/* One option beside the ARN. */
static int read_option(const char *name, const char *value)
{
    struct role role;

    return read_role(TEXTS("role_arn", ARN, name, value), &role);
}

static void test_defaults(void **state)
{
    struct role role;

    (void)state;
    assert_int_equal(read_role(TEXTS("role_arn", ARN), &role), 0);
    assert_string_equal(role.arn_text, ARN);
    assert_string_equal(role.arn.account, "210987654321");
    assert_string_equal(role_name(&role), "admin");
    assert_string_equal(role.session_name, "awstap-work");
    assert_int_equal(role.duration, 3600);
    assert_string_equal(role.region, "");
}

static void test_default_session_name(void **state)
{
    struct list hops = list_of(TEXTS("role_arn", ARN));
    struct role role;
    char longest[70];

    (void)state;
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(role_read(&hops, longest, "aws", &role, &error), 0);
    assert_int_equal(strlen(role.session_name), 64);
    assert_int_equal(role_read(&hops, "a b/\xc3\xa4", "aws", &role, &error), 0);
    assert_string_equal(role.session_name, "awstap-a-b---");
}

static void test_body(void **state)
{
    struct role role;
    struct buf body;

    (void)state;
    assert_int_equal(
        read_role(TEXTS("role_arn", ARN, "duration_seconds", "7200", "role_session_name",
                        "me@example.com", "external_id", "a/b:c", "source_identity", "alice",
                        "policy", "{\"a\": [\"*\"]}", "policy_arn",
                        "arn:aws:iam::aws:policy/ReadOnlyAccess", "tag_key", "Cost Center",
                        "tag_value", "Z\xc3\xbcrich", "tag_key", "Empty", "tag_value", "",
                        "transitive_tag", "Cost Center", "region", "eu-west-1"),
                  &role),
        0);
    assert_string_equal(role.region, "eu-west-1");
    buf_init(&body);
    assert_int_equal(sts_role_body(&body, &role, "GAHT12345678", "012345"), 0);
    assert_string_equal(
        buf_text(&body),
        "Action=AssumeRole&Version=2011-06-15"
        "&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fteam%2Fadmin"
        "&RoleSessionName=me%40example.com&DurationSeconds=7200"
        "&ExternalId=a%2Fb%3Ac&SourceIdentity=alice"
        "&Policy=%7B%22a%22%3A%20%5B%22%2A%22%5D%7D"
        "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess"
        "&Tags.member.1.Key=Cost%20Center&Tags.member.1.Value=Z%C3%BCrich"
        "&Tags.member.2.Key=Empty&Tags.member.2.Value="
        "&TransitiveTagKeys.member.1=Cost%20Center"
        "&SerialNumber=GAHT12345678&TokenCode=012345");
    buf_take(&body, buf_len(&body));
    assert_int_equal(sts_role_body(&body, &role, "GAHT12345678", NULL), -EINVAL);
    buf_free(&body);
}

static void test_arns_refused(void **state)
{
    static const char *const arns[] = {
        "",
        "admin",
        "arn:aws:iam::210987654321:role/",
        "arn:aws:iam::210987654321:role",
        "arn:aws:iam::210987654321:user/alice",
        "arn:aws:iam::aws:role/admin",
        "arn:aws:iam::21098765432:role/admin",
        "arn:aws:iam:us-east-1:210987654321:role/admin",
        "arn:aws:sts::210987654321:role/admin",
        "arn:aws:iam::210987654321:role/ad min",
        "arn:aws:iam::210987654321:role/team/",
        "arn:aws:iam::210987654321:role/admin&Action=x",
        "arn:moon:iam::210987654321:role/admin",
    };
    struct role role;

    (void)state;
    for (size_t i = 0; i < sizeof arns / sizeof arns[0]; i++) {
        assert_int_equal(read_role(TEXTS("role_arn", arns[i]), &role), -1);
        assert_int_equal(error.status, EXIT_USAGE);
        assert_non_null(strstr(error.text, "is no role; give its ARN"));
    }
    assert_int_equal(read_role(TEXTS("role_arn", "arn:aws-cn:iam::210987654321:role/admin"), &role),
                     -1);
    assert_non_null(strstr(error.text, "in the partition aws-cn and the key in aws;"));
}

static void test_long_arn(void **state)
{
    char arn[ARN_MAX + 2];
    struct role role;

    (void)state;
    memset(arn, 'p', sizeof arn - 1);
    memcpy(arn, "arn:aws:iam::210987654321:role/", 31);
    arn[ARN_MAX + 1] = '\0';
    memcpy(arn + ARN_MAX - 1, "/a", 2);
    assert_int_equal(read_role(TEXTS("role_arn", arn), &role), -1);
    memmove(arn + ARN_MAX - 2, arn + ARN_MAX - 1, 3);
    assert_int_equal(read_role(TEXTS("role_arn", arn), &role), 0);
}

static const struct {
    const char *name, *good, *bad[6];
} values[] = {
    {"duration_seconds", "43200", {"", "899", "43201", "1h", "-900", " 3600"}},
    {"external_id", "a=b,c.d@e:f/g-h", {"", "a", "a b", "a\nb", "a&b", "\xc3\xa4\xc3\xa4"}},
    {"role_session_name", "me", {"", "m", "a/b", "a b", "a:b", "\x1b[2J"}},
    {"source_identity", "me", {"", "m", "a/b", "a b", "a:b", "a&b"}},
    {"policy",
     "{\n\t\"\xc3\xbf\": 1}",
     {"\x1b", "\x7f\x80", "\xe2\x82\xac", "\xff", "a\x01", "\xc3"}},
    {"policy_arn",
     "arn:aws:iam::210987654321:policy/a/b",
     {"", "ReadOnlyAccess", "arn:aws:iam::aws:role/a", "arn:aws:s3:::policy/abcdef",
      "arn:aws:iam::aws:policy/a b", "a"}},
    {"transitive_tag", "Cost Center", {"", "a;b", "a\nb", "a&b", "\xff", "a\"b"}},
    {"region",
     "eu-central-1",
     {"", "eu", "cn-north-1", "moon-east-1", "us-east-1.evil.com", "US-EAST-1"}},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(read_option(values[i].name, values[i].good), 0);
        for (size_t j = 0; j < 6; j++) {
            assert_int_equal(read_option(values[i].name, values[i].bad[j]), -1);
            assert_int_equal(error.status, EXIT_USAGE);
            for (const char *c = error.text; *c; c++)
                assert_true(*c >= ' ' && *c <= '~');
        }
    }
}

/* Lengths are those of the STS API reference, in characters. */
static void test_lengths(void **state)
{
    static const struct {
        const char *name;
        size_t max;
    } longest[] = {{"external_id", 1224},
                   {"role_session_name", 64},
                   {"source_identity", 64},
                   {"policy", 2048},
                   {"transitive_tag", 128}};
    static char text[2050];

    (void)state;
    for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++) {
        memset(text, 'x', longest[i].max + 1);
        text[longest[i].max + 1] = '\0';
        assert_int_equal(read_option(longest[i].name, text), -1);
        text[longest[i].max] = '\0';
        assert_int_equal(read_option(longest[i].name, text), 0);
    }
}

/* The form of the list itself: not a person's mistake, but a client's. */
static void test_not_hops(void **state)
{
    const char *const *const lists[] = {
        TEXTS("region", "eu-west-1"),
        TEXTS("role_arn"),
        TEXTS("role_arn", ARN, "region"),
        TEXTS("role_arn", ARN, "role_arn", ARN),
        TEXTS("role_arn", ARN, "mfa_serial", "GAHT12345678"),
        TEXTS("role_arn", ARN, "", ""),
        TEXTS("role_arn", ARN, "tag_key", "k"),
        TEXTS("role_arn", ARN, "tag_value", "v"),
        TEXTS("role_arn", ARN, "tag_key", "k", "tag_key", "l"),
        TEXTS("role_arn", ARN, "tag_key", "k", "region", "eu-west-1", "tag_value", "v"),
        TEXTS("role_arn", ARN, "tag_key", "k", "tag_value", "v", "tag_value", "w"),
    };
    const struct list empty = {.data = NULL};
    struct role role;

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_int_equal(read_role(lists[i], &role), -1);
        assert_int_equal(error.status, EXIT_USAGE);
    }
    assert_int_equal(role_read(&empty, "work", "aws", &role, &error), -1);
}

/* name and value, count times, behind the ARN. */
static int read_many(const char *name, const char *value, const char *more, size_t count)
{
    const char **texts = calloc(4 * count + 3, sizeof *texts);
    size_t n = 0;
    struct role role;
    int r;

    assert_non_null(texts);
    texts[n++] = "role_arn";
    texts[n++] = ARN;
    for (size_t i = 0; i < count; i++) {
        texts[n++] = name;
        texts[n++] = value;
        if (more) {
            texts[n++] = more;
            texts[n++] = value;
        }
    }
    r = read_role(texts, &role);
    free(texts);
    return r;
}

static void test_counts(void **state)
{
    static const char *const once[] = {"external_id", "policy", "role_session_name"};

    (void)state;
    assert_int_equal(read_many("tag_key", "k", "tag_value", 50), 0);
    assert_int_equal(read_many("tag_key", "k", "tag_value", 51), -1);
    assert_int_equal(read_many("transitive_tag", "k", NULL, 50), 0);
    assert_int_equal(read_many("transitive_tag", "k", NULL, 51), -1);
    assert_int_equal(read_many("policy_arn", "arn:aws:iam::aws:policy/a", NULL, 10), 0);
    assert_int_equal(read_many("policy_arn", "arn:aws:iam::aws:policy/a", NULL, 11), -1);
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        assert_int_equal(read_many(once[i], "me", NULL, 2), -1);
}

#define PATH "AssumeRoleResult/"

static int read_session(const char *arn, const char *expires, struct sts_session *session)
{
    static char storage[4096];
    struct role role;
    struct list hops = list_of(TEXTS("role_arn", ARN, "role_session_name", "me"));
    const char *const fields[] = {
        PATH "AssumedRoleUser/Arn",      arn,   PATH "AssumedRoleUser/AssumedRoleId", "AROAX:me",
        PATH "Credentials/AccessKeyId",  ID,    PATH "Credentials/SecretAccessKey",   SECRET,
        PATH "Credentials/SessionToken", TOKEN, PATH "Credentials/Expiration",        expires};
    struct msg_net_reply reply = {.http_status = 200,
                                  .date = DATE,
                                  .request_id = "r-1",
                                  .code = "",
                                  .message = "",
                                  .fields = {storage, 0}};

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        memcpy(storage + reply.fields.len, fields[i], strlen(fields[i]) + 1);
        reply.fields.len += strlen(fields[i]) + 1;
    }
    assert_int_equal(role_read(&hops, "work", "aws", &role, &error), 0);
    return sts_role_read(&reply, &role, DATE, session, &error);
}

static void test_session(void **state)
{
    struct sts_session session;
    struct msg_issued issued = {0};

    (void)state;
    assert_int_equal(
        read_session("arn:aws:sts::210987654321:assumed-role/admin/me", EXPIRES, &session), 0);
    assert_string_equal(session.access_key_id, ID);
    sts_session_tell(&session, DATE + 600, &issued);
    assert_int_equal(issued.expiration, DATE + 3600);
    assert_int_equal(issued.lifetime, 3000);
    sts_session_free(&session);
    assert_int_equal(read_session("arn:aws:sts::210987654321:assumed-role/admin/me",
                                  "2026-01-01T01:05:01Z", &session),
                     -1);
}

/* A session of somebody else's role, which a bent helper might slip in. */
static void test_session_of_another(void **state)
{
    static const char *const arns[] = {
        "",
        "arn:aws:sts::210987654321:assumed-role/other/me",
        "arn:aws:sts::210987654321:assumed-role/admin/you",
        "arn:aws:sts::210987654321:assumed-role/admin",
        "arn:aws:sts::123456789012:assumed-role/admin/me",
        "arn:aws-cn:sts::210987654321:assumed-role/admin/me",
        "arn:aws:iam::210987654321:assumed-role/admin/me",
    };
    struct sts_session session;

    (void)state;
    for (size_t i = 0; i < sizeof arns / sizeof arns[0]; i++) {
        assert_int_equal(read_session(arns[i], EXPIRES, &session), -1);
        assert_int_equal(error.status, EXIT_AWS);
        assert_null(session.access_key_id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_defaults),
                                       cmocka_unit_test(test_default_session_name),
                                       cmocka_unit_test(test_body),
                                       cmocka_unit_test(test_arns_refused),
                                       cmocka_unit_test(test_long_arn),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_lengths),
                                       cmocka_unit_test(test_not_hops),
                                       cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_session),
                                       cmocka_unit_test(test_session_of_another)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests_name("role", tests, NULL, NULL);
}
