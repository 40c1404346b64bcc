// SPDX-License-Identifier: BSD-2-Clause
// How IAM and STS are asked about a key: how often, over which connection, with what; against an
// agent and an awstap-net that are played here. Time passes in agent_wait() alone.
#include "iam.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "clock_source.h"
#include "proof.h"

#define ID       "AKIAIOSFODNN7EXAMPLE"
#define SECRET   "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define ARN      "arn:aws:iam::123456789012:user/alice"
#define SERIAL   "arn:aws:iam::123456789012:mfa/alice"
#define NOW      1767225600u /* 2026-01-01T00:00:00Z */
#define NETS_MAX 8

static uint64_t now_ms = NOW * (uint64_t)1000;

uint64_t clock_source_ms(clockid_t id)
{
    (void)id;
    return now_ms;
}

uint64_t clock_source_wait_ms(uint64_t wait_ms)
{
    return wait_ms;
}

int clock_open(void)
{
    return 0;
}

/* What awstap-net answers: one of AWS's replies, or LOST: it ends without one. */
struct step {
    bool lost;
    uint32_t http_status;
    const char *code;
    const char *fields[14];
};

/* The far ends of the conversations that were asked for, in turn; each has its steps queued. */
static struct net {
    struct channel far;
    const struct step *steps;
    size_t count;
} nets[NETS_MAX];
static size_t nets_asked;
static char progress[256];

static void queue_reply(struct channel *far, const struct step *step)
{
    struct msg_net_reply reply = {.http_status = step->http_status,
                                  .request_id = "r-1",
                                  .code = step->code ? step->code : "",
                                  .message = ""};
    char storage[2048];

    reply.fields.data = storage;
    for (const char *const *field = step->fields; *field; field++) {
        size_t n = strlen(*field) + 1;

        assert_true(reply.fields.len + n <= sizeof storage);
        memcpy(storage + reply.fields.len, *field, n);
        reply.fields.len += n;
    }
    assert_int_equal(channel_put(far, MSG_NET_REPLY, &reply, -1), 0);
}

int agent_need(struct agent *agent, enum program program, struct channel *helper,
               struct error *error)
{
    struct net *net = &nets[nets_asked++];
    const struct msg_net_connected connected = {now_ms / 1000};
    bool lost = false;
    int ends[2];

    (void)agent;
    (void)error;
    assert_true(nets_asked <= NETS_MAX);
    assert_int_equal(program, PROGRAM_NET);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(channel_open(&net->far, ends[0]), 0);
    assert_int_equal(channel_open(helper, ends[1]), 0);
    assert_int_equal(channel_put(&net->far, MSG_NET_CONNECTED, &connected, -1), 0);
    for (size_t i = 0; i < net->count && !lost; i++)
        if (!(lost = net->steps[i].lost))
            queue_reply(&net->far, &net->steps[i]);
    assert_int_equal(channel_flush(&net->far), 1);
    if (lost)
        shutdown(ends[0], SHUT_WR);
    return 0;
}

void agent_wait(struct agent *agent, uint64_t deadline_ms)
{
    (void)agent;
    now_ms = deadline_ms;
}

void agent_progress(struct agent *agent, enum progress_kind kind, const char *format, ...)
{
    va_list args;

    (void)agent;
    (void)kind;
    va_start(args, format);
    vsnprintf(progress, sizeof progress, format, args);
    va_end(args);
}

/* What the agent has been told, and what it answers to AUTHORITY. */
static struct buf told, answer;

void agent_send(struct agent *agent, enum message_type type, const void *msg)
{
    (void)agent;
    assert_int_equal(message_put(&told, type, msg), 0);
}

void agent_ask(struct agent *agent, enum message_type type, const void *msg,
               enum message_type expected, struct frame *frame)
{
    agent_send(agent, type, msg);
    assert_int_equal(message_next(&answer, frame), 1);
    assert_int_equal(frame->type, expected);
}

void agent_drop_answer(struct agent *agent, const struct frame *frame)
{
    (void)agent;
    message_drop(&answer, frame);
}

static struct agent agent;
static struct error error;
static struct iam iam;
static struct key key = {.name = "work",
                         .arn = ARN,
                         .account = "123456789012",
                         .partition = "aws",
                         .region = "eu-west-1"};
static struct authority authority = {
    .access_key_id = "ASIAIOSFODNN7EXAMPLE", .secret = SECRET, .mfa = true, .session_token = NULL};

/* The nth conversation that is asked for has these steps before it. */
#define PLAY(nth, ...)                                                                             \
    do {                                                                                           \
        static const struct step steps_[] = {__VA_ARGS__};                                         \
        nets[nth].steps = steps_;                                                                  \
        nets[nth].count = sizeof steps_ / sizeof steps_[0];                                        \
    } while (0)

#define OK(...)                                                                                    \
    {                                                                                              \
        .http_status = 200, .fields = { __VA_ARGS__ }                                              \
    }
#define REFUSED(status, what)                                                                      \
    {                                                                                              \
        .http_status = (status), .code = (what)                                                    \
    }
#define LOST                                                                                       \
    {                                                                                              \
        .lost = true                                                                               \
    }

static int set_up(void **state)
{
    (void)state;
    now_ms = NOW * (uint64_t)1000;
    nets_asked = 0;
    memset(nets, 0, sizeof nets);
    progress[0] = '\0';
    error = (struct error){0};
    buf_init(&told);
    buf_init(&answer);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    iam_close(&iam);
    for (size_t i = 0; i < nets_asked; i++)
        channel_close(&nets[i].far);
    buf_free(&told);
    buf_free(&answer);
    return 0;
}

static void open_iam(void)
{
    assert_int_equal(iam_open(&iam, &agent, &key, &authority, &error), 0);
}

/* How many requests the nth conversation got; each has this body and is signed for IAM. */
static unsigned requests(size_t nth, const char *body)
{
    struct channel *far = &nets[nth].far;
    struct msg_net_request request;
    struct frame frame;
    unsigned count = 0;

    while (channel_fill(far) == 1)
        continue;
    while (channel_next(far, &frame) == 1) {
        if (message_get(&frame, MSG_NET_REQUEST, &request) == 0) {
            const char *authorization = NULL;

            for (const char *line = NULL; (line = list_next(&request.headers, line));)
                if (strncmp(line, "Authorization: ", 15) == 0)
                    authorization = line;
            assert_non_null(authorization);
            assert_int_equal(request.body.len, strlen(body));
            assert_memory_equal(request.body.data, body, strlen(body));
            count++;
        }
        channel_drop(far, &frame);
    }
    return count;
}

#define LIST_BODY   "Action=ListAccessKeys&Version=2010-05-08&UserName=alice"
#define CREATE_BODY "Action=CreateAccessKey&Version=2010-05-08&UserName=alice"
#define DELETE_BODY "Action=DeleteAccessKey&Version=2010-05-08&UserName=alice&AccessKeyId=" ID

#define M "ListAccessKeysResult/AccessKeyMetadata/member/"
#define ONE_KEY(id)                                                                                \
    M "UserName", "alice", M "AccessKeyId", id, M "Status", "Active", M "CreateDate",              \
        "2026-01-01T00:00:00Z"

static void test_list(void **state)
{
    struct iam_keys keys;

    (void)state;
    PLAY(0, OK(ONE_KEY(ID)));
    open_iam();
    assert_string_equal(iam.server.endpoint.host, "iam.amazonaws.com");
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_OK);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.keys[0].id, ID);
    assert_int_equal(requests(0, LIST_BODY), 1);
}

static void test_pages(void **state)
{
    struct iam_keys keys;

    (void)state;
    PLAY(0,
         OK(ONE_KEY(ID), "ListAccessKeysResult/IsTruncated", "true", "ListAccessKeysResult/Marker",
            "m"),
         OK(ONE_KEY("AKIAI44QH8DHBEXAMPLE")));
    open_iam();
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_OK);
    assert_int_equal(keys.count, 2);
    assert_string_equal(keys.keys[1].id, "AKIAI44QH8DHBEXAMPLE");
}

/* AWS is busy: the same is asked for again, later, until it has lasted too long. */
static void test_busy(void **state)
{
    struct iam_keys keys;

    (void)state;
    PLAY(0, REFUSED(400, "Throttling"), REFUSED(503, "ServiceUnavailable"), OK(ONE_KEY(ID)));
    open_iam();
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_OK);
    assert_int_equal(requests(0, LIST_BODY), 3);
    assert_true(now_ms > NOW * (uint64_t)1000);
}

static void test_busy_for_long(void **state)
{
    struct iam_keys keys;

    (void)state;
    PLAY(0, REFUSED(500, "InternalFailure"), REFUSED(500, "InternalFailure"),
         REFUSED(500, "InternalFailure"), REFUSED(500, "InternalFailure"),
         REFUSED(500, "InternalFailure"), REFUSED(500, "InternalFailure"), OK(ONE_KEY(ID)));
    open_iam();
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_FAILED);
    assert_int_equal(requests(0, LIST_BODY), 6);
    assert_non_null(strstr(error.text, "on its side"));
    assert_non_null(strstr(progress, "trying again"));
}

/* No answer came: once more, on a new connection; then nobody knows. */
static void test_lost(void **state)
{
    (void)state;
    PLAY(0, LOST);
    PLAY(1, OK("x", "y"));
    PLAY(2, LOST);
    open_iam();
    assert_int_equal(iam_delete_key(&iam, ID, &error), IAM_OK);
    assert_int_equal(requests(0, DELETE_BODY), 1);
    assert_int_equal(requests(1, DELETE_BODY), 1);
    assert_int_equal(nets_asked, 2);
}

static void test_lost_twice(void **state)
{
    struct iam_keys keys;

    (void)state;
    PLAY(0, LOST);
    PLAY(1, LOST);
    PLAY(2, OK(ONE_KEY(ID)));
    open_iam();
    assert_int_equal(iam_delete_key(&iam, ID, &error), IAM_UNKNOWN);
    assert_non_null(strstr(error.text, "may have been carried out"));
    assert_int_equal(nets_asked, 2);
    /* The next call does not find the dead connection. */
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_OK);
    assert_int_equal(nets_asked, 3);
}

/* NoSuchEntity may be about the user, whose access key works on by another name. */
static void test_gone(void **state)
{
    static const enum iam_verdict verdicts[] = {IAM_GONE, IAM_GONE, IAM_GONE, IAM_FAILED};

    (void)state;
    PLAY(0, REFUSED(404, "NoSuchEntity"), OK("x", "y"), REFUSED(404, "NoSuchEntity"),
         OK(ONE_KEY(ID)), REFUSED(404, "NoSuchEntity"), REFUSED(403, "AccessDenied"),
         REFUSED(404, "NoSuchEntity"), REFUSED(404, "NoSuchEntity"), REFUSED(404, "NoSuchEntity"),
         REFUSED(404, "NoSuchEntity"), REFUSED(404, "NoSuchEntity"), REFUSED(404, "NoSuchEntity"));
    open_iam();
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(iam_delete_key(&iam, ID, &error), verdicts[i]);
    assert_non_null(strstr(error.text, "no user alice any more"));
    assert_int_equal(iam_set_key_active(&iam, ID, false, &error), IAM_FAILED);
    assert_int_equal(iam_deactivate_device(&iam, SERIAL, &error), IAM_FAILED);
}

/* What creates something is sent once, over a connection of its own that ends with it. */
static void test_create(void **state)
{
    struct access_key created;

    (void)state;
    PLAY(1, OK("CreateAccessKeyResult/AccessKey/UserName", "alice",
               "CreateAccessKeyResult/AccessKey/AccessKeyId", ID,
               "CreateAccessKeyResult/AccessKey/Status", "Active",
               "CreateAccessKeyResult/AccessKey/SecretAccessKey", SECRET));
    open_iam();
    assert_int_equal(iam_prepare(&iam, &error), 0);
    assert_int_equal(iam_prepare(&iam, &error), 0);
    assert_int_equal(nets_asked, 2);
    assert_int_equal(iam_create_key(&iam, &created, &error), IAM_OK);
    assert_string_equal(created.id, ID);
    assert_string_equal(created.secret, SECRET);
    access_key_free(&created);
    assert_int_equal(requests(1, CREATE_BODY), 1);
    assert_true(nets[1].far.ended);
    assert_int_equal(requests(0, ""), 0);
    assert_false(nets[0].far.ended);
}

/* AWS says that it did nothing: then it is sent again. */
static void test_create_throttled(void **state)
{
    struct access_key created;

    (void)state;
    PLAY(1, REFUSED(400, "Throttling"),
         OK("CreateAccessKeyResult/AccessKey/UserName", "alice",
            "CreateAccessKeyResult/AccessKey/AccessKeyId", ID,
            "CreateAccessKeyResult/AccessKey/Status", "Active",
            "CreateAccessKeyResult/AccessKey/SecretAccessKey", SECRET));
    open_iam();
    assert_int_equal(iam_create_key(&iam, &created, &error), IAM_OK);
    access_key_free(&created);
    assert_int_equal(requests(1, CREATE_BODY), 2);
}

static void expect_uncreated(const struct step *step, enum iam_verdict verdict)
{
    struct access_key created;

    nets[1].steps = step;
    nets[1].count = 1;
    open_iam();
    assert_int_equal(iam_create_key(&iam, &created, &error), verdict);
    assert_int_not_equal(error.status, 0);
    assert_null(created.id);
    assert_null(created.secret);
    assert_int_equal(nets_asked, 2);
    assert_int_equal(requests(1, CREATE_BODY), 1);
    assert_true(nets[1].far.ended);
    tear_down(NULL);
    set_up(NULL);
}

static void test_create_once(void **state)
{
    static const struct step lost = LOST;
    static const struct step failure = REFUSED(500, "InternalFailure");
    static const struct step limit = REFUSED(409, "LimitExceeded");
    static const struct step denied = REFUSED(403, "AccessDenied");
    static const struct step odd = OK("CreateAccessKeyResult/AccessKey/UserName", "bob");

    (void)state;
    expect_uncreated(&lost, IAM_UNKNOWN);
    expect_uncreated(&failure, IAM_UNKNOWN); /* nobody knows what it did before */
    expect_uncreated(&limit, IAM_LIMIT);
    expect_uncreated(&denied, IAM_DENIED);
    expect_uncreated(&odd, IAM_UNKNOWN);
}

static void test_device(void **state)
{
    char serial[257], longest[228];
    struct seed seed;

    (void)state;
    PLAY(1, OK("CreateVirtualMFADeviceResult/VirtualMFADevice/SerialNumber", SERIAL,
               "CreateVirtualMFADeviceResult/VirtualMFADevice/Base32StringSeed",
               "R0VaREdOQlZHWTNUUU9KUUdFWkRHTkJWR1kzVFFPSlE="));
    open_iam();
    assert_int_equal(iam_create_device(&iam, "alice", serial, &seed, &error), IAM_OK);
    assert_string_equal(serial, SERIAL);
    assert_int_equal(seed.len, 20);
    seed_free(&seed);
    assert_int_equal(requests(1, "Action=CreateVirtualMFADevice&Version=2010-05-08"
                                 "&VirtualMFADeviceName=alice"),
                     1);
    assert_int_equal(iam_create_device(&iam, "a/b", serial, &seed, &error), IAM_FAILED);
    assert_int_equal(iam_create_device(&iam, "", serial, &seed, &error), IAM_FAILED);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(iam_create_device(&iam, longest, serial, &seed, &error), IAM_FAILED);
    assert_int_equal(nets_asked, 2);
}

/* The codes are used up by it: it is not sent again. */
static void test_enable_once(void **state)
{
    (void)state;
    PLAY(0, LOST);
    PLAY(1, REFUSED(403, "InvalidAuthenticationCode"));
    open_iam();
    assert_int_equal(iam_enable_device(&iam, SERIAL, "123456", "654321", &error), IAM_UNKNOWN);
    assert_int_equal(requests(0, "Action=EnableMFADevice&Version=2010-05-08&UserName=alice"
                                 "&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice"
                                 "&AuthenticationCode1=123456&AuthenticationCode2=654321"),
                     1);
    assert_int_equal(nets_asked, 1);
    assert_int_equal(iam_enable_device(&iam, SERIAL, "123456", "654321", &error), IAM_CODE);
    assert_int_equal(nets_asked, 2);
}

static void expect_exists(const struct step *step, enum iam_verdict verdict)
{
    nets[0].steps = step;
    nets[0].count = 1;
    open_iam();
    assert_int_equal(iam_device_exists(&iam, SERIAL, &error), verdict);
    assert_int_equal(requests(0, "Action=EnableMFADevice&Version=2010-05-08&UserName=alice"
                                 "&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice"
                                 "&AuthenticationCode1=000000&AuthenticationCode2=111111"),
                     1);
    tear_down(NULL);
    set_up(NULL);
}

static void test_exists(void **state)
{
    static const struct step none = REFUSED(404, "NoSuchEntity");
    static const struct step unused = REFUSED(403, "InvalidAuthenticationCode");
    static const struct step in_use = REFUSED(409, "EntityAlreadyExists");
    static const struct step enabled = OK("", "");
    static const struct step denied = REFUSED(403, "AccessDenied");
    static const struct step full = REFUSED(409, "LimitExceeded");

    (void)state;
    expect_exists(&none, IAM_GONE);
    expect_exists(&unused, IAM_EXISTS);
    expect_exists(&in_use, IAM_EXISTS);
    expect_exists(&enabled, IAM_EXISTS);
    expect_exists(&denied, IAM_DENIED);
    expect_exists(&full, IAM_LIMIT);
}

/* It uses up nothing, so it is asked again. */
static void test_exists_lost(void **state)
{
    (void)state;
    PLAY(0, LOST);
    PLAY(1, REFUSED(404, "NoSuchEntity"));
    open_iam();
    assert_int_equal(iam_device_exists(&iam, SERIAL, &error), IAM_GONE);
    assert_int_equal(nets_asked, 2);
}

/* A key of a day signs until a few minutes after it; the error says what brings another. */
static void test_day(void **state)
{
    const struct sigv4_scope scope = {"us-east-1", "iam", NOW};
    struct authority by_day = {.access_key_id = ID};
    struct iam_keys keys;

    (void)state;
    assert_int_equal(sigv4_day_make(SECRET, &scope, &by_day.day), 0);
    assert_true(authority_signs(&by_day, NOW));
    assert_true(authority_signs(&by_day, NOW + 86400 + 180));
    assert_false(authority_signs(&by_day, NOW + 86400 + 181));
    PLAY(0, OK(ONE_KEY(ID)));
    assert_int_equal(iam_open(&iam, &agent, &key, &by_day, &error), 0);
    now_ms += 86400 * (uint64_t)1000;
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_OK);
    now_ms += 301 * (uint64_t)1000;
    assert_int_equal(iam_list_keys(&iam, &keys, &error), IAM_FAILED);
    assert_non_null(strstr(error.text, "the day is over"));
    assert_int_equal(requests(0, LIST_BODY), 1);
}

static void grant(const struct msg_granted *granted)
{
    assert_int_equal(message_put(&answer, MSG_GRANTED, granted), 0);
}

static void test_authority(void **state)
{
    static const uint8_t bytes[32] = {1};
    const struct msg_granted session = {.record_key = {bytes, 32},
                                        .head = {bytes, 32},
                                        .access_key_id = "ASIAIOSFODNN7EXAMPLE",
                                        .secret_access_key = SECRET,
                                        .session_token = "token",
                                        .issued = NOW,
                                        .expiration = NOW + 900,
                                        .mfa = 1,
                                        .signed_by = ID,
                                        .date = "",
                                        .region = ""};
    struct authority *got;

    (void)state;
    grant(&session);
    assert_int_equal(authority_ask(&agent, "work", &got, &error), 0);
    assert_true(got->kept);
    assert_memory_equal(got->record_key, bytes, 32);
    assert_string_equal(got->signed_by, ID);
    assert_true(authority_signs(got, NOW));
    assert_true(authority_signs(got, NOW + 779));
    assert_false(authority_signs(got, NOW + 780));
    got->mfa = false; /* such a session can call nothing of IAM's */
    assert_false(authority_signs(got, NOW));
    assert_string_equal(authority_key(got).session_token, "token");
    assert_null(authority_key(got).day);
    authority_free(got);
}

static void test_authority_of_nothing(void **state)
{
    const struct msg_granted nothing = {.access_key_id = "",
                                        .secret_access_key = "",
                                        .session_token = "",
                                        .signed_by = "",
                                        .date = "",
                                        .region = ""};
    struct msg_granted odd = nothing;
    struct authority *got;

    (void)state;
    grant(&nothing);
    assert_int_equal(authority_ask(&agent, "work", &got, &error), 0);
    assert_false(got->kept);
    assert_false(authority_signs(got, NOW));
    authority_free(got);
    odd.record_key = (struct bytes){(const uint8_t *)"short", 5};
    grant(&odd);
    assert_int_equal(authority_ask(&agent, "work", &got, &error), -1);
    odd = nothing;
    odd.day_key = (struct bytes){(const uint8_t *)"0123456789abcdef0123456789abcdef", 32};
    odd.date = "today";
    grant(&odd);
    assert_int_equal(authority_ask(&agent, "work", &got, &error), -1);
}

#define TAKEN                                                                                      \
    OK("GetCallerIdentityResult/Arn", ARN, "GetCallerIdentityResult/Account", "123456789012")
#define UNKNOWN REFUSED(403, "InvalidClientTokenId")

#define PROOF_BODY "Action=GetCallerIdentity&Version=2011-06-15"

static struct proof proof;

static void open_proof(void)
{
    assert_int_equal(proof_open(&proof, &agent, &key, &error), 0);
    assert_int_equal(proof_sign(&proof, ID, SECRET, &error), 0);
    assert_string_equal(proof.server.endpoint.host, "sts.eu-west-1.amazonaws.com");
}

/* A server that knows the key and one that does not yet: three in a row it has to be. */
static void test_proof(void **state)
{
    (void)state;
    PLAY(0, UNKNOWN, TAKEN, TAKEN, UNKNOWN, TAKEN, TAKEN, TAKEN);
    open_proof();
    assert_int_equal(proof_run(&proof, &error), PROOF_OK);
    assert_int_equal(requests(0, PROOF_BODY), 7);
    assert_int_equal(now_ms - NOW * (uint64_t)1000, 6000);
    assert_non_null(strstr(progress, ID));
    proof_close(&proof);
}

/* The same request, signed once, is sent again on a new connection. */
static void test_proof_lost(void **state)
{
    (void)state;
    PLAY(0, TAKEN, LOST);
    PLAY(1, TAKEN, TAKEN);
    open_proof();
    assert_int_equal(proof_run(&proof, &error), PROOF_OK);
    assert_int_equal(requests(0, PROOF_BODY), 2);
    assert_int_equal(requests(1, PROOF_BODY), 2);
    proof_close(&proof);
}

static void test_proof_of_another(void **state)
{
    (void)state;
    PLAY(0, OK("GetCallerIdentityResult/Arn", "arn:aws:iam::123456789012:user/bob",
               "GetCallerIdentityResult/Account", "123456789012"));
    open_proof();
    assert_int_equal(proof_run(&proof, &error), PROOF_FAILED);
    assert_non_null(strstr(error.text, "user/bob"));
    proof_close(&proof);
}

static struct step sixty_two[62];

static void test_proof_in_vain(void **state)
{
    static const struct step unknown = UNKNOWN;

    (void)state;
    for (size_t i = 0; i < 62; i++)
        sixty_two[i] = unknown;
    nets[0].steps = sixty_two;
    nets[0].count = 62;
    open_proof();
    assert_int_equal(proof_run(&proof, &error), PROOF_NOT);
    assert_non_null(strstr(error.text, ID));
    assert_int_equal(requests(0, PROOF_BODY), 61);
    proof_close(&proof);
}

static void test_proof_off(void **state)
{
    (void)state;
    PLAY(0, TAKEN, UNKNOWN, TAKEN, UNKNOWN, UNKNOWN, UNKNOWN);
    open_proof();
    assert_int_equal(proof_run_off(&proof, &error), PROOF_NOT);
    assert_int_equal(requests(0, PROOF_BODY), 6);
    proof_close(&proof);
    proof_close(&proof);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_list),
        TEST(test_pages),
        TEST(test_busy),
        TEST(test_busy_for_long),
        TEST(test_lost),
        TEST(test_lost_twice),
        TEST(test_gone),
        TEST(test_create),
        TEST(test_create_throttled),
        TEST(test_create_once),
        TEST(test_device),
        TEST(test_enable_once),
        TEST(test_exists),
        TEST(test_exists_lost),
        TEST(test_day),
        TEST(test_authority),
        TEST(test_authority_of_nothing),
        TEST(test_proof),
        TEST(test_proof_lost),
        TEST(test_proof_of_another),
        TEST(test_proof_in_vain),
        TEST(test_proof_off),
    };

    if (arena_open((size_t)4 << 20, ARENA_LOCK_WANTED) < 0 || sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("iam_calls", tests, NULL, NULL);
}
