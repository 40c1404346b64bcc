// SPDX-License-Identifier: BSD-2-Clause
// STS: the bodies of requests, what the answers mean, and what of them is believed.
#include "sts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define SERIAL  "arn:aws:iam::123456789012:mfa/team/alice+x@example.com"
#define ID      "ASIAIOSFODNN7EXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define TOKEN   "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+Fvwq/nKwRcOIfrRh3c=="
#define ACCOUNT "123456789012"
#define DATE    1767225600u /* 2026-01-01T00:00:00Z */
#define EXPIRES "2026-01-01T12:00:00Z"
#define HOURS12 43200u

static struct error error;

static void test_serial(void **state)
{
    (void)state;
    assert_int_equal(mfa_serial_check(SERIAL, &error), 0);
    assert_int_equal(mfa_serial_check("GAHT12345678", &error), 0);
    assert_int_equal(mfa_serial_check("GAHT1234", &error), -1);
    assert_int_equal(mfa_serial_check("", &error), -1);
    assert_int_equal(mfa_serial_check("arn:aws:iam::123456789012:mfa/a b", &error), -1);
    assert_int_equal(mfa_serial_check("arn:aws:iam::123456789012:mfa/a\n", &error), -1);
    assert_int_equal(mfa_serial_check("arn:aws:iam::123456789012:mfa/*", &error), -1);
    assert_int_equal(error.status, EXIT_USAGE);
    assert_int_equal(mfa_serial_check("arn:aws:iam::123456789012:u2f/user/alice/key-ABC", &error),
                     -1);
    assert_non_null(strstr(error.text, "FIDO"));
}

static void test_long_serial(void **state)
{
    char serial[258];

    (void)state;
    memset(serial, 'x', sizeof serial);
    serial[256] = '\0';
    assert_int_equal(mfa_serial_check(serial, &error), 0);
    serial[256] = 'x';
    serial[257] = '\0';
    assert_int_equal(mfa_serial_check(serial, &error), -1);
}

static void test_bodies(void **state)
{
    struct buf body;

    (void)state;
    buf_init(&body);
    assert_int_equal(sts_identity_body(&body), 0);
    assert_string_equal(buf_text(&body), "Action=GetCallerIdentity&Version=2011-06-15");
    buf_take(&body, buf_len(&body));
    assert_int_equal(sts_session_body(&body, 900, NULL, NULL), 0);
    assert_string_equal(buf_text(&body),
                        "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900");
    buf_take(&body, buf_len(&body));
    assert_int_equal(sts_session_body(&body, 129600, SERIAL, "012345"), 0);
    assert_string_equal(buf_text(&body),
                        "Action=GetSessionToken&Version=2011-06-15&DurationSeconds=129600"
                        "&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Fteam%2Falice%2Bx"
                        "%40example.com&TokenCode=012345");
    assert_int_equal(sts_session_body(&body, 899, NULL, NULL), -EINVAL);
    assert_int_equal(sts_session_body(&body, 129601, NULL, NULL), -EINVAL);
    assert_int_equal(sts_session_body(&body, 900, SERIAL, NULL), -EINVAL);
    assert_int_equal(sts_session_body(&body, 900, NULL, "012345"), -EINVAL);
    assert_int_equal(sts_session_body(&body, 900, SERIAL, "12345"), -EINVAL);
    assert_int_equal(sts_session_body(&body, 900, SERIAL, "12345&"), -EINVAL);
    buf_free(&body);
}

static const struct {
    uint32_t http_status;
    const char *code, *message;
    enum sts_verdict verdict;
    const char *told; /* a part of what a person is told */
} refusals[] = {
    {403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
     STS_CODE_REFUSED, "MFA code of " SERIAL},
    {403, "AccessDenied",
     "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
     "serial number is valid and associated with this user.",
     STS_SERIAL_REFUSED, "--mfa-serial"},
    {403, "AccessDenied", "Cannot call GetSessionToken with session credentials", STS_REFUSED,
     "Cannot call GetSessionToken with session credentials (AccessDenied)"},
    {403, "InvalidClientTokenId", "The security token included in the request is invalid.",
     STS_KEY_REFUSED, "AKIAIOSFODNN7EXAMPLE (InvalidClientTokenId)"},
    {403, "ExpiredToken", "The security token included in the request is expired", STS_EXPIRED,
     "(ExpiredToken)"},
    {403, "SignatureDoesNotMatch",
     "The request signature we calculated does not match the signature you provided.",
     STS_SECRET_WRONG, "right secret"},
    {403, "SignatureDoesNotMatch",
     "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z (… - 15 min.)",
     STS_CLOCK, "clock"},
    {403, "SignatureDoesNotMatch", "Signature not yet current: 20260101T003000Z is still later",
     STS_CLOCK, "clock"},
    {403, "RequestExpired", "", STS_CLOCK, "clock"},
    {400, "Throttling", "Rate exceeded", STS_THROTTLED, "slow down (Throttling)"},
    {400, "ThrottlingException", "", STS_THROTTLED, "slow down"},
    {503, "RequestLimitExceeded", "", STS_THROTTLED, "slow down"},
    {503, "SlowDown", "", STS_THROTTLED, "slow down"},
    {429, "", "", STS_THROTTLED, "slow down (HTTP 429)"},
    {500, "InternalFailure", "", STS_BUSY, "HTTP 500 InternalFailure"},
    {503, "ServiceUnavailable", "", STS_BUSY, "try again"},
    {502, "", "", STS_BUSY, "try again"},
    {403, "RegionDisabledException", "STS is not activated in this region for account:1",
     STS_REFUSED, "region ap-east-1"},
    {400, "ValidationError", "1 validation error detected: Value '600' at 'durationSeconds'",
     STS_REFUSED, "Value '600' at 'durationSeconds' (ValidationError)"},
    {404, "", "", STS_REFUSED, "HTTP status 404"},
    {302, "", "", STS_REFUSED, "HTTP status 302"},
    {0, "", "", STS_REFUSED, "no reason"},
    {200, "AccessDenied", "odd", STS_REFUSED, "odd"},
};

static void test_refusals(void **state)
{
    const struct sts_context context = {
        .access_key_id = "AKIAIOSFODNN7EXAMPLE", .mfa_serial = SERIAL, .region = "ap-east-1"};
    const struct sts_context nothing = {0};

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct msg_net_reply reply = {.http_status = refusals[i].http_status,
                                      .request_id = "c6104cbe-af31-11e0-8154-cbc7ccf896c7",
                                      .code = refusals[i].code,
                                      .message = refusals[i].message};

        assert_int_equal(sts_verdict(&reply), refusals[i].verdict);
        assert_int_equal(sts_explain(&reply, &context, &error), -1);
        assert_int_equal(error.status, EXIT_AWS);
        assert_non_null(strstr(error.text, refusals[i].told));
        assert_non_null(strstr(error.text, " (request c6104cbe-af31-11e0-8154-cbc7ccf896c7)"));
        reply.request_id = "";
        assert_int_equal(sts_explain(&reply, &nothing, &error), -1);
        assert_null(strstr(error.text, "(request"));
    }
}

static struct msg_net_reply refusal(const char *code, const char *message)
{
    return (struct msg_net_reply){
        .http_status = 403, .request_id = "r-1", .code = code, .message = message};
}

/* The same refusal is another thing where a session signed, or where a person typed the code. */
static void test_other_contexts(void **state)
{
    const struct sts_context session = {.access_key_id = ID, .of_session = true};
    const struct sts_context typed = {.mfa_serial = SERIAL, .typed_code = true};
    static const char *const codes[] = {"ExpiredToken", "InvalidClientTokenId",
                                        "SignatureDoesNotMatch"};
    struct msg_net_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        reply = refusal(codes[i], "no");
        sts_explain(&reply, &session, &error);
        assert_non_null(strstr(error.text, "session " ID));
        assert_non_null(strstr(error.text, "awstap lock"));
    }
    reply = refusal("AccessDenied", refusals[0].message);
    sts_explain(&reply, &typed, &error);
    assert_non_null(strstr(error.text, "MFA code of " SERIAL));
    assert_non_null(strstr(error.text, "type the next one"));
}

/* A hostile or broken server: its text is made harmless, and leaves room for the request id. */
static void test_hostile_text(void **state)
{
    const struct sts_context context = {
        .access_key_id = "AKIAIOSFODNN7EXAMPLE", .mfa_serial = SERIAL, .region = "us-east-1"};
    char message[1025];
    struct msg_net_reply reply = {.http_status = 403,
                                  .request_id = "id\x1b[2J\xc2\x9bz",
                                  .code = "Access\nDenied",
                                  .message = message};

    (void)state;
    memset(message, 0x1b, sizeof message - 1);
    message[sizeof message - 1] = '\0';
    sts_explain(&reply, &context, &error);
    for (const char *c = error.text; *c; c++)
        assert_true(*c >= ' ' && *c <= '~');
    assert_non_null(strstr(error.text, "(Access?Denied) (request id?[2J??z)"));
}

/* The longest serial and request id: the end of the text is still there. */
static void test_long_text(void **state)
{
    char serial[257], id[129];
    const struct sts_context context = {.mfa_serial = serial};
    struct msg_net_reply reply = {.http_status = 403,
                                  .request_id = id,
                                  .code = refusals[0].code,
                                  .message = refusals[0].message};

    (void)state;
    memset(serial, 's', sizeof serial - 1);
    memset(id, 'i', sizeof id - 1);
    serial[256] = id[128] = '\0';
    sts_explain(&reply, &context, &error);
    assert_int_equal(error.text[strlen(error.text) - 1], ')');
}

/* A reply of HTTP 200 with these fields: path, value, …, NULL. */
static struct msg_net_reply reply_of(const char *const *fields, char *storage, size_t size)
{
    struct msg_net_reply reply = {
        .http_status = 200, .date = DATE, .request_id = "r-1", .code = "", .message = ""};

    reply.fields.data = storage;
    for (; *fields; fields++) {
        size_t n = strlen(*fields) + 1;

        assert_true(reply.fields.len + n <= size);
        memcpy(storage + reply.fields.len, *fields, n);
        reply.fields.len += n;
    }
    return reply;
}

#define PATH "GetSessionTokenResult/Credentials/"

static int read_session(const char *id, const char *secret, const char *token,
                        const char *expiration, struct sts_session *session)
{
    const char *const fields[] = {PATH "AccessKeyId",
                                  id,
                                  PATH "SecretAccessKey",
                                  secret,
                                  PATH "SessionToken",
                                  token,
                                  PATH "Expiration",
                                  expiration,
                                  NULL};
    static char storage[40000];
    struct msg_net_reply reply = reply_of(fields, storage, sizeof storage);

    assert_int_equal(sts_verdict(&reply), STS_OK);
    return sts_session_read(&reply, HOURS12, DATE + 1000000, session, &error);
}

static void test_session(void **state)
{
    struct sts_session session;

    (void)state;
    assert_int_equal(read_session(ID, SECRET, TOKEN, EXPIRES, &session), 0);
    assert_string_equal(session.access_key_id, ID);
    assert_string_equal(session.secret_access_key, SECRET);
    assert_string_equal(session.session_token, TOKEN);
    assert_int_equal(session.expiration, DATE + HOURS12);
    sts_session_free(&session);
    assert_int_equal(read_session(ID, SECRET, TOKEN, "2026-01-01T11:59:59.123Z", &session), 0);
    assert_int_equal(session.expiration, DATE + HOURS12 - 1);
    sts_session_free(&session);
}

static void test_expiration(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-01-01T12:00:00",
        "2026-01-01T12:00:00+00:00",
        "2026-01-01 12:00:00Z",
        "2026-1-01T12:00:00Z",
        "2026-01-01T12:00:00z",
        "2026-01-01T12:00:00Z ",
        " 2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00.Z",
        "2026-01-01T12:00:00.1234567890Z",
        "2026-01-01T12:00:00.1xZ",
        "2026-01-01T24:00:00Z",
        "2026-01-01T11:60:00Z",
        "2026-01-01T11:59:60Z",
        "2026-00-01T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-01-00T12:00:00Z",
        "2025-12-32T12:00:00Z",
        "0000-00-00T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "2026-01-01T00:00:00Z", /* this moment */
        "2025-12-31T23:59:59Z", /* past */
        "2026-01-01T12:05:01Z", /* later than asked for */
        "2026-01-02T12:00:00Z",
        "1767268800",
    };
    struct sts_session session;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_session(ID, SECRET, TOKEN, bad[i], &session), -1);
        assert_int_equal(error.status, EXIT_AWS);
        assert_non_null(strstr(error.text, "Expiration"));
    }
    assert_int_equal(read_session(ID, SECRET, TOKEN, "2026-01-01T12:05:00Z", &session), 0);
    sts_session_free(&session);
    assert_int_equal(read_session(ID, SECRET, TOKEN, "2026-01-01T00:00:01Z", &session), 0);
    sts_session_free(&session);
}

static void test_session_refused(void **state)
{
    static const char *const ids[] = {"", "ASIA", "AIDAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPL\n",
                                      "ASIAIOSFODNN7EXAM\"LE"};
    static const char *const secrets[] = {"",          "short",     SECRET " ",
                                          SECRET "\n", SECRET "\"", SECRET SECRET SECRET SECRET};
    static const char *const tokens[] = {"",         "x",      TOKEN " ", TOKEN "\r\nX-Evil: 1",
                                         TOKEN "\"", TOKEN "$"};
    static char longest[16386];
    struct sts_session session;

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        assert_int_equal(read_session(ids[i], SECRET, TOKEN, EXPIRES, &session), -1);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        assert_int_equal(read_session(ID, secrets[i], TOKEN, EXPIRES, &session), -1);
        assert_null(strstr(error.text, "wJalr"));
    }
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        assert_int_equal(read_session(ID, SECRET, tokens[i], EXPIRES, &session), -1);
    memset(longest, 'A', sizeof longest - 1);
    assert_int_equal(read_session(ID, SECRET, longest, EXPIRES, &session), -1);
    longest[16384] = '\0';
    assert_int_equal(read_session(ID, SECRET, longest, EXPIRES, &session), 0);
    sts_session_free(&session);
}

static void test_fields(void **state)
{
    static const char *const missing[] = {
        PATH "AccessKeyId", ID, PATH "SessionToken", TOKEN, PATH "Expiration", EXPIRES, NULL};
    static const char *const twice[] = {PATH "AccessKeyId",
                                        ID,
                                        PATH "SecretAccessKey",
                                        SECRET,
                                        PATH "SecretAccessKey",
                                        SECRET,
                                        PATH "SessionToken",
                                        TOKEN,
                                        PATH "Expiration",
                                        EXPIRES,
                                        NULL};
    static const char *const shifted[] = {
        "x",    PATH "AccessKeyId",  ID,    PATH "SecretAccessKey",
        SECRET, PATH "SessionToken", TOKEN, NULL};
    static const char *const odd[] = {PATH "AccessKeyId", NULL};
    static const char *const none[] = {NULL};
    static const char *const *const replies[] = {missing, twice, shifted, odd, none};

    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        char storage[1000];
        struct msg_net_reply reply = reply_of(replies[i], storage, sizeof storage);
        struct sts_session session;

        assert_int_equal(sts_session_read(&reply, HOURS12, DATE, &session, &error), -1);
        assert_null(session.access_key_id);
    }
}

/* Without a Date of the server, the time given counts. */
static void test_no_date(void **state)
{
    static const char *const fields[] = {PATH "AccessKeyId",
                                         ID,
                                         PATH "SecretAccessKey",
                                         SECRET,
                                         PATH "SessionToken",
                                         TOKEN,
                                         PATH "Expiration",
                                         EXPIRES,
                                         NULL};
    char storage[1000];
    struct msg_net_reply reply = reply_of(fields, storage, sizeof storage);
    struct sts_session session;

    (void)state;
    reply.date = 0;
    assert_int_equal(sts_session_read(&reply, HOURS12, DATE, &session, &error), 0);
    sts_session_free(&session);
    assert_int_equal(sts_session_read(&reply, HOURS12, DATE + HOURS12, &session, &error), -1);
}

static int read_identity(const char *account, const char *arn, struct sts_identity *identity)
{
    const char *const fields[] = {"GetCallerIdentityResult/Arn",
                                  arn,
                                  "GetCallerIdentityResult/UserId",
                                  "AIDAX",
                                  "GetCallerIdentityResult/Account",
                                  account,
                                  NULL};
    char storage[2000];
    struct msg_net_reply reply = reply_of(fields, storage, sizeof storage);

    return sts_identity_read(&reply, identity, &error);
}

static void test_identity(void **state)
{
    struct sts_identity identity;

    (void)state;
    assert_int_equal(read_identity(ACCOUNT, "arn:aws:iam::" ACCOUNT ":user/alice", &identity), 0);
    assert_string_equal(identity.account, ACCOUNT);
    assert_string_equal(identity.partition, "aws");
    assert_string_equal(identity.arn, "arn:aws:iam::" ACCOUNT ":user/alice");
    assert_string_equal(identity.user, "alice");
    assert_int_equal(read_identity(ACCOUNT,
                                   "arn:aws-us-gov:iam::" ACCOUNT ":user/a/b:c/bob+x@example.com",
                                   &identity),
                     0);
    assert_string_equal(identity.partition, "aws-us-gov");
    assert_string_equal(identity.user, "bob+x@example.com");
}

static void test_not_a_user(void **state)
{
    struct sts_identity identity;

    (void)state;
    assert_int_equal(read_identity(ACCOUNT, "arn:aws:iam::" ACCOUNT ":root", &identity), -1);
    assert_int_equal(error.status, EXIT_FAILED);
    assert_non_null(strstr(error.text, "root user"));
    assert_int_equal(read_identity(ACCOUNT, "arn:aws:sts::" ACCOUNT ":assumed-role/r/s", &identity),
                     -1);
    assert_non_null(strstr(error.text, "temporary"));
    assert_int_equal(read_identity(ACCOUNT, "arn:aws:sts::" ACCOUNT ":federated-user/f", &identity),
                     -1);
    assert_non_null(strstr(error.text, "temporary"));
}

static void test_identity_refused(void **state)
{
    static const char *const arns[] = {
        "",
        "arn",
        "arn:aws:iam::" ACCOUNT,
        "arn:aws:iam::" ACCOUNT ":",
        "arn:aws:iam::" ACCOUNT ":user",
        "arn:aws:iam::" ACCOUNT ":user/",
        "arn:aws:iam::" ACCOUNT ":user/a/",
        "arn:aws:iam::" ACCOUNT ":user/a b/c",
        "arn:aws:iam::" ACCOUNT ":user/a\n/c",
        "arn:aws:iam::" ACCOUNT ":user/a\x1b[2J",
        "arn:aws:iam::" ACCOUNT ":user/\xc3\xa9",
        "arn:aws:iam::" ACCOUNT ":role/r",
        "arn:aws:iam::210987654321:user/alice",
        "arn:aws:iam:us-east-1:" ACCOUNT ":user/alice",
        "arn:aws:s3::" ACCOUNT ":user/alice",
        "arn:moon:iam::" ACCOUNT ":user/alice",
        "arn:aws-very-long-partition-name:iam::" ACCOUNT ":user/alice",
        "urn:aws:iam::" ACCOUNT ":user/alice",
        "arn:aws:iam::" ACCOUNT ":user/"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    static const char *const accounts[] = {"", "12345678901", "1234567890123", "12345678901x"};
    struct sts_identity identity;
    char arn[STS_ARN_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof arns / sizeof arns[0]; i++) {
        assert_int_equal(read_identity(ACCOUNT, arns[i], &identity), -1);
        assert_int_equal(error.status, EXIT_AWS);
    }
    for (size_t i = 0; i < sizeof accounts / sizeof accounts[0]; i++) {
        snprintf(arn, sizeof arn, "arn:aws:iam::%s:user/alice", accounts[i]);
        assert_int_equal(read_identity(accounts[i], arn, &identity), -1);
    }
    memset(arn, 'p', sizeof arn);
    memcpy(arn, "arn:aws:iam::" ACCOUNT ":user/", 31);
    memcpy(arn + STS_ARN_MAX - 1, "/a", 3);
    assert_int_equal(read_identity(ACCOUNT, arn, &identity), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serial),          cmocka_unit_test(test_long_serial),
        cmocka_unit_test(test_bodies),          cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_other_contexts),  cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_long_text),       cmocka_unit_test(test_session),
        cmocka_unit_test(test_expiration),      cmocka_unit_test(test_session_refused),
        cmocka_unit_test(test_fields),          cmocka_unit_test(test_no_date),
        cmocka_unit_test(test_identity),        cmocka_unit_test(test_not_a_user),
        cmocka_unit_test(test_identity_refused)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        return 1;
    return cmocka_run_group_tests_name("sts", tests, NULL, NULL);
}
