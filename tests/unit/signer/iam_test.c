// SPDX-License-Identifier: BSD-2-Clause
// IAM: what its answers mean, what a person is told of them, and what of them is believed.
#include "iam_call.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"

#define USER    "alice"
#define ID      "AKIAIOSFODNN7EXAMPLE"
#define OTHER   "AKIAI44QH8DHBEXAMPLE"
#define SECRET  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SERIAL  "arn:aws:iam::123456789012:mfa/alice"
#define DATE    "2026-01-01T00:00:00Z"
#define SECONDS 1767225600u /* the same */
#define REQUEST "c6104cbe-af31-11e0-8154-cbc7ccf896c7"
#define FIELDS  40

static struct error error;
static struct key key = {.name = "work",
                         .arn = "arn:aws:iam::123456789012:user/team/alice",
                         .account = "123456789012",
                         .mfa_serial = "arn:aws:iam::123456789012:mfa/alice"};

static const struct {
    uint32_t http_status;
    const char *code, *message;
    enum iam_verdict verdict;
    const char *told; /* a part of what a person is told */
} refusals[] = {
    {404, "NoSuchEntity", "The Access Key with id " ID " cannot be found.", IAM_GONE, "cannot be"},
    {409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", IAM_LIMIT,
     "Cannot exceed quota for AccessKeysPerUser: 2 (LimitExceeded); delete one"},
    {409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.",
     IAM_EXISTS, "already exists"},
    {409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", IAM_CONFLICT,
     "still in use"},
    {403, "InvalidAuthenticationCode", "Authentication code for device is not valid.", IAM_CODE,
     "is not valid"},
    {403, "AccessDenied",
     "User: arn:aws:iam::123456789012:user/team/alice is not authorized to perform: "
     "iam:CreateAccessKey on resource: user alice with an explicit deny in an identity-based "
     "policy",
     IAM_DENIED, "touch again"},
    {403, "AccessDenied",
     "User: arn:aws:iam::123456789012:user/team/alice is not authorized to perform: "
     "iam:CreateAccessKey on resource: user alice because no identity-based policy allows the "
     "iam:CreateAccessKey action",
     IAM_DENIED, "awstap iam-policy prints"},
    {403, "InvalidClientTokenId", "The security token included in the request is invalid.",
     IAM_KEY_REFUSED, "the session ASIAIOSFODNN7EXAMPLE for Action (InvalidClientTokenId)"},
    {403, "ExpiredToken", "The security token included in the request is expired", IAM_KEY_REFUSED,
     "awstap lock"},
    {403, "SignatureDoesNotMatch", "The request signature we calculated does not match",
     IAM_KEY_REFUSED, "awstap lock"},
    {403, "SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than",
     IAM_FAILED, "clock"},
    {400, "Throttling", "Rate exceeded", IAM_FAILED, "slow down"},
    {500, "InternalFailure", "", IAM_FAILED, "HTTP 500"},
    {503, "ServiceUnavailable", "", IAM_FAILED, "on its side"},
    {400, "ValidationError", "1 validation error detected", IAM_FAILED,
     "1 validation error detected (ValidationError)"},
    {302, "", "", IAM_FAILED, "no reason"},
};

static void test_refusals(void **state)
{
    struct authority session = {.access_key_id = "ASIAIOSFODNN7EXAMPLE"};
    const struct iam iam = {.key = &key, .authority = &session};

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct msg_net_reply reply = {.http_status = refusals[i].http_status,
                                            .request_id = REQUEST,
                                            .code = refusals[i].code,
                                            .message = refusals[i].message};

        assert_int_equal(iam_verdict(&reply), refusals[i].verdict);
        iam_explain(&iam, "Action", &reply, &error);
        assert_int_equal(error.status, EXIT_AWS);
        assert_non_null(strstr(error.text, refusals[i].told));
        assert_non_null(strstr(error.text, " (request " REQUEST ")"));
    }
}

/* A touch brings no MFA to a key that has no device for it. */
static void test_denied_without_device(void **state)
{
    struct authority day = {.access_key_id = ID, .day.date = "20260101"};
    struct key bare = key;
    const struct iam iam = {.key = &bare, .authority = &day};
    const struct msg_net_reply reply = {.http_status = 403,
                                        .request_id = REQUEST,
                                        .code = "AccessDenied",
                                        .message = "with an explicit deny in a policy"};

    (void)state;
    bare.mfa_serial[0] = '\0';
    iam_explain(&iam, "CreateAccessKey", &reply, &error);
    assert_non_null(strstr(error.text, "work has no MFA device here; awstap mfa add work makes"));
    assert_non_null(strstr(error.text, "awstap mfa import work takes"));
    assert_null(strstr(error.text, "touch again"));
    assert_non_null(strstr(error.text, " (request " REQUEST ")"));
}

/* What is waited for: AWS is busy, or somebody else is changing the same. */
static void test_patience(void **state)
{
    static const struct {
        uint32_t http_status;
        const char *code;
        enum sts_verdict patience;
    } cases[] = {{400, "Throttling", STS_THROTTLED},
                 {409, "EntityTemporarilyUnmodifiable", STS_THROTTLED},
                 {409, "ConcurrentModification", STS_THROTTLED},
                 {500, "InternalFailure", STS_BUSY},
                 {409, "LimitExceeded", STS_REFUSED}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct msg_net_reply reply = {
            .http_status = cases[i].http_status, .code = cases[i].code, .message = ""};

        assert_int_equal(iam_patience(&reply), cases[i].patience);
    }
}

/* Of a key of a day another thing is said than of a session. */
static void test_day_is_refused(void **state)
{
    struct authority day = {.access_key_id = ID, .day.date = "20260101"};
    const struct iam iam = {.key = &key, .authority = &day};
    const struct msg_net_reply reply = {
        .http_status = 403, .request_id = "", .code = "InvalidClientTokenId", .message = ""};

    (void)state;
    iam_explain(&iam, "ListAccessKeys", &reply, &error);
    assert_non_null(strstr(error.text, "the access key " ID));
    assert_null(strstr(error.text, "lock"));
}

/* A hostile or broken server: its text is made harmless, and leaves room for the request id. */
static void test_hostile_text(void **state)
{
    struct authority session = {.access_key_id = "ASIAIOSFODNN7EXAMPLE"};
    const struct iam iam = {.key = &key, .authority = &session};
    char message[1025];
    const struct msg_net_reply reply = {.http_status = 403,
                                        .request_id = "id\x1b[2J\xc2\x9bz",
                                        .code = "No\nSuch",
                                        .message = message};

    (void)state;
    memset(message, 0x1b, sizeof message - 1);
    message[sizeof message - 1] = '\0';
    iam_explain(&iam, "EnableMFADevice", &reply, &error);
    for (const char *c = error.text; *c; c++)
        assert_true(*c >= ' ' && *c <= '~');
    assert_non_null(strstr(error.text, "(request id?[2J??z)"));
}

/* A reply of HTTP 200 with these fields: path, value, …, NULL. */
static struct msg_net_reply reply_of(const char *const *fields)
{
    static char storage[4096];
    struct msg_net_reply reply = {
        .http_status = 200, .request_id = "r-1", .code = "", .message = ""};

    reply.fields.data = storage;
    for (; *fields; fields++) {
        size_t n = strlen(*fields) + 1;

        assert_true(reply.fields.len + n <= sizeof storage);
        memcpy(storage + reply.fields.len, *fields, n);
        reply.fields.len += n;
    }
    return reply;
}

/* The fields, but for one that has another value (NULL: that is missing with its path). */
static struct msg_net_reply reply_but(const char *const *fields, size_t at, const char *value)
{
    const char *changed[FIELDS] = {0};
    size_t n = 0;

    for (size_t i = 0; fields[i]; i += 2) {
        if (i + 1 == at && !value)
            continue;
        assert_true(n + 2 < FIELDS);
        changed[n++] = fields[i];
        changed[n++] = i + 1 == at ? value : fields[i + 1];
    }
    return reply_of(changed);
}

#define KEYS "ListAccessKeysResult/AccessKeyMetadata/member/"

static const char *const two_keys[] = {KEYS "UserName",
                                       USER,
                                       KEYS "AccessKeyId",
                                       ID,
                                       KEYS "Status",
                                       "Active",
                                       KEYS "CreateDate",
                                       DATE,
                                       KEYS "UserName",
                                       USER,
                                       KEYS "AccessKeyId",
                                       OTHER,
                                       KEYS "Status",
                                       "Inactive",
                                       KEYS "CreateDate",
                                       "2026-01-01T00:00:01Z",
                                       "ListAccessKeysResult/IsTruncated",
                                       "false",
                                       NULL};

static void test_keys(void **state)
{
    static const char *const none[] = {"ListAccessKeysResult/AccessKeyMetadata", "", NULL};
    struct msg_net_reply reply = reply_of(two_keys);
    struct iam_keys keys = {0};

    (void)state;
    assert_int_equal(iam_keys_read(&reply, USER, &keys, &error), 0);
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.keys[0].id, ID);
    assert_true(keys.keys[0].active);
    assert_int_equal(keys.keys[0].created, SECONDS);
    assert_string_equal(keys.keys[1].id, OTHER);
    assert_false(keys.keys[1].active);
    assert_int_equal(keys.keys[1].created, SECONDS + 1);
    keys.count = 0;
    reply = reply_of(none);
    assert_int_equal(iam_keys_read(&reply, USER, &keys, &error), 0);
    assert_int_equal(keys.count, 0);
}

static void test_keys_refused(void **state)
{
    static const struct {
        size_t at;
        const char *value;
    } odd[] = {
        {1, "bob"},   {1, ""},       {1, NULL},
        {3, ""},      {3, NULL},     {3, "ASIAIOSFODNN7EXAMPLE"},
        {3, "AKIA"},  {3, OTHER},    {3, "AKIAIOSFODNN7EXAMPL\n"},
        {5, ""},      {5, NULL},     {5, "Act ive"},
        {7, "today"}, {7, NULL},     {7, "2026-02-30T00:00:00Z"},
        {11, NULL},   {13, "\x1b["}, {15, NULL},
    };
    struct iam_keys keys;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct msg_net_reply reply = reply_but(two_keys, odd[i].at, odd[i].value);

        keys.count = 0;
        assert_int_equal(iam_keys_read(&reply, USER, &keys, &error), -1);
        assert_int_equal(error.status, EXIT_AWS);
    }
}

/* Page upon page: more than a user can have is no list of AWS's. */
static void test_too_many_keys(void **state)
{
    char id[] = "AKIAIOSFODNN7EXAMPLA";
    struct iam_keys keys = {0};

    (void)state;
    for (unsigned i = 0; i <= IAM_KEYS_MAX; i++, id[sizeof id - 2]++) {
        const char *const one[] = {KEYS "UserName",
                                   USER,
                                   KEYS "AccessKeyId",
                                   id,
                                   KEYS "Status",
                                   "Active",
                                   KEYS "CreateDate",
                                   DATE,
                                   NULL};
        struct msg_net_reply reply = reply_of(one);

        assert_int_equal(iam_keys_read(&reply, USER, &keys, &error), i < IAM_KEYS_MAX ? 0 : -1);
    }
}

static int read_marker(const char *truncated, const char *marker, char next[IAM_MARKER_SIZE])
{
    const char *const fields[] = {"LResult/IsTruncated", truncated, "LResult/Marker", marker, NULL};
    struct msg_net_reply reply = reply_of(fields);

    return iam_marker_read(&reply, "L", next, &error);
}

static void test_marker(void **state)
{
    static const char *const nothing[] = {"x", "y", NULL};
    struct msg_net_reply reply = reply_of(nothing);
    char next[IAM_MARKER_SIZE] = "", longest[IAM_MARKER_SIZE + 1];

    (void)state;
    assert_int_equal(iam_marker_read(&reply, "L", next, &error), 0);
    assert_int_equal(read_marker("false", "m", next), 0);
    assert_string_equal(next, "");
    assert_int_equal(read_marker("true", "AAEXAMPLE=", next), 1);
    assert_string_equal(next, "AAEXAMPLE=");
    assert_int_equal(read_marker("true", "AAEXAMPLE=", next), -1); /* it would go round */
    assert_int_equal(read_marker("true", "", next), -1);
    assert_int_equal(read_marker("yes", "m", next), -1);
    memset(longest, 'm', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(read_marker("true", longest, next), -1);
    longest[sizeof longest - 2] = '\0';
    assert_int_equal(read_marker("true", longest, next), 1);
}

#define CREATED "CreateAccessKeyResult/AccessKey/"

static const char *const new_key[] = {CREATED "UserName",
                                      USER,
                                      CREATED "AccessKeyId",
                                      ID,
                                      CREATED "Status",
                                      "Active",
                                      CREATED "SecretAccessKey",
                                      SECRET,
                                      CREATED "CreateDate",
                                      DATE,
                                      NULL};

static void test_created_key(void **state)
{
    static const struct {
        size_t at;
        const char *value;
    } odd[] = {{1, "bob"},      {1, NULL}, {3, "ASIAIOSFODNN7EXAMPLE"},
               {3, NULL},       {3, ""},   {5, "Inactive"},
               {5, NULL},       {7, ""},   {7, NULL},
               {7, SECRET "\n"}};
    struct msg_net_reply reply = reply_of(new_key);
    struct access_key created;

    (void)state;
    assert_int_equal(iam_created_key_read(&reply, USER, &created, &error), 0);
    assert_string_equal(created.id, ID);
    assert_string_equal(created.secret, SECRET);
    access_key_free(&created);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        reply = reply_but(new_key, odd[i].at, odd[i].value);
        assert_int_equal(iam_created_key_read(&reply, USER, &created, &error), -1);
        assert_null(created.id);
        assert_null(created.secret);
        assert_null(strstr(error.text, "wJalr"));
    }
}

#define USED "GetAccessKeyLastUsedResult/"

static void test_last_used(void **state)
{
    static const char *const used_fields[] = {USED "UserName",
                                              USER,
                                              USED "AccessKeyLastUsed/LastUsedDate",
                                              DATE,
                                              USED "AccessKeyLastUsed/ServiceName",
                                              "sts\n",
                                              USED "AccessKeyLastUsed/Region",
                                              "us-east-1",
                                              NULL};
    struct msg_net_reply reply = reply_of(used_fields);
    struct iam_last_used used;

    (void)state;
    assert_int_equal(iam_last_used_read(&reply, USER, &used, &error), 0);
    assert_int_equal(used.when, SECONDS);
    assert_string_equal(used.service, "sts?");
    assert_string_equal(used.region, "us-east-1");
    reply = reply_but(used_fields, 3, NULL);
    assert_int_equal(iam_last_used_read(&reply, USER, &used, &error), 0);
    assert_int_equal(used.when, 0);
    reply = reply_but(used_fields, 3, "yesterday");
    assert_int_equal(iam_last_used_read(&reply, USER, &used, &error), -1);
    reply = reply_of(used_fields);
    assert_int_equal(iam_last_used_read(&reply, "bob", &used, &error), -1);
}

#define DEVICES "ListMFADevicesResult/MFADevices/member/"

static const char *const two_devices[] = {DEVICES "UserName",
                                          USER,
                                          DEVICES "SerialNumber",
                                          SERIAL,
                                          DEVICES "EnableDate",
                                          DATE,
                                          DEVICES "UserName",
                                          USER,
                                          DEVICES "SerialNumber",
                                          "arn:aws:iam::123456789012:u2f/user/alice/key-ABC",
                                          DEVICES "EnableDate",
                                          DATE,
                                          NULL};

static void test_devices(void **state)
{
    static const struct {
        size_t at;
        const char *value;
    } odd[] = {{1, "bob"}, {1, NULL},  {3, ""},   {3, NULL}, {3, "arn:aws:iam::1:mfa/a b"},
               {5, ""},    {5, "now"}, {5, NULL}, {9, NULL}, {11, NULL}};
    struct msg_net_reply reply = reply_of(two_devices);
    struct iam_devices devices = {0};

    (void)state;
    assert_int_equal(iam_devices_read(&reply, USER, &devices, &error), 0);
    assert_int_equal(devices.count, 2);
    assert_string_equal(devices.devices[0].serial, SERIAL);
    assert_int_equal(devices.devices[0].enabled, SECONDS);
    assert_non_null(strstr(devices.devices[1].serial, ":u2f/"));
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        reply = reply_but(two_devices, odd[i].at, odd[i].value);
        devices.count = 0;
        assert_int_equal(iam_devices_read(&reply, USER, &devices, &error), -1);
    }
    reply = reply_of(two_devices);
    for (devices.count = 0; devices.count < IAM_DEVICES_MAX;)
        assert_int_equal(iam_devices_read(&reply, USER, &devices, &error), 0);
    assert_int_equal(iam_devices_read(&reply, USER, &devices, &error), -1);
}

static int read_device(const char *serial, const char *base64, struct seed *seed)
{
    const char *const fields[] = {
        "CreateVirtualMFADeviceResult/VirtualMFADevice/SerialNumber", serial,
        "CreateVirtualMFADeviceResult/VirtualMFADevice/Base32StringSeed", base64, NULL};
    struct msg_net_reply reply = reply_of(fields);

    return iam_created_device_read(&reply, SERIAL, seed, &error);
}

static void test_created_device(void **state)
{
    static const char *const odd[] = {
        "",
        "R0VaREdOQlZHWTNUUU9KUUdFWkRHTkJWR1kzVFFPSlE", /* its padding is missing */
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",            /* base32 as it is */
        "AAAA",                                        /* NULs */
        "R0VaRA==",                                    /* three bytes are no seed */
        "not base64!",
    };
    struct seed seed;

    (void)state;
    assert_int_equal(read_device(SERIAL, "R0VaREdOQlZHWTNUUU9KUUdFWkRHTkJWR1kzVFFPSlE=", &seed), 0);
    assert_int_equal(seed.len, 20);
    assert_memory_equal(seed.data, "12345678901234567890", 20);
    seed_free(&seed);
    assert_int_equal(read_device(SERIAL "x", "R0VaREdOQlZHWTNUUU9KUUdFWkRHTkJWR1kzVFFPSlE=", &seed),
                     -1);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_int_equal(read_device(SERIAL, odd[i], &seed), -1);
        assert_null(seed.data);
        assert_non_null(strstr(error.text, "Base32StringSeed"));
    }
}

static void test_user_name(void **state)
{
    struct key plain = {.arn = "arn:aws:iam::123456789012:user/bob"};

    (void)state;
    assert_string_equal(iam_user_name(&key), USER);
    assert_string_equal(iam_user_name(&plain), "bob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_patience),
                                       cmocka_unit_test(test_denied_without_device),
                                       cmocka_unit_test(test_day_is_refused),
                                       cmocka_unit_test(test_hostile_text),
                                       cmocka_unit_test(test_keys),
                                       cmocka_unit_test(test_keys_refused),
                                       cmocka_unit_test(test_too_many_keys),
                                       cmocka_unit_test(test_marker),
                                       cmocka_unit_test(test_created_key),
                                       cmocka_unit_test(test_last_used),
                                       cmocka_unit_test(test_devices),
                                       cmocka_unit_test(test_created_device),
                                       cmocka_unit_test(test_user_name)};

    if (arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0 || sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("iam", tests, NULL, NULL);
}
