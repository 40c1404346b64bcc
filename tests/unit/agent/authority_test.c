// SPDX-License-Identifier: BSD-2-Clause
// What the agent keeps for the life of a key, with a clock that this test moves: what a signer is
// given, what has expired, and that nothing stays behind in memory.
#include "authority.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "clock_source.h"
#include "loop.h"
#include "session.h"

#define ARENA  ((size_t)1024 * 1024)
#define MINUTE ((uint64_t)60 * 1000)
#define HOUR   (60 * MINUTE)
#define DAY    "20261124"

static const uint8_t RECORD_KEY[32] = {1, 2, 3}, HEAD[32] = {4, 5, 6}, DAY_KEY[32] = {7, 8, 9};
static uint64_t now_ms = 1000 * HOUR;

uint64_t clock_source_ms(clockid_t id)
{
    (void)id;
    return now_ms;
}

uint64_t clock_source_wait_ms(uint64_t wait_ms)
{
    return wait_ms;
}

static int open_all(void **state)
{
    (void)state;
    if (loop_open() < 0 || session_open() < 0)
        return -1;
    authority_open();
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return arena_open(ARENA, ARENA_LOCK_WANTED);
}

/* Once all is forgotten, the arena is one free block of zeros. */
static int teardown(void **state)
{
    uint8_t *all;

    (void)state;
    session_forget(NULL);
    authority_forget(NULL);
    all = arena_alloc(ARENA);
    assert_non_null(all);
    for (size_t i = 0; i < ARENA; i++)
        assert_int_equal(all[i], 0);
    arena_free(all);
    arena_close();
    return 0;
}

/* A conversation, whose other end is a signer's. */
struct talk {
    struct peer agent;
    struct channel signer;
    struct buf request;
    struct frame frame;
};

static int ignore_frame(struct peer *peer, const struct frame *frame)
{
    (void)peer;
    (void)frame;
    return 0;
}

static void ignore_end(struct peer *peer, int error)
{
    (void)peer;
    (void)error;
}

static void begin(struct talk *talk)
{
    int ends[2];

    *talk = (struct talk){.agent = {.on_frame = ignore_frame, .on_end = ignore_end}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(peer_open(&talk->agent, ends[0]), 0);
    assert_int_equal(channel_open(&talk->signer, ends[1]), 0);
    buf_init(&talk->request);
}

static void end(struct talk *talk)
{
    channel_drop(&talk->signer, &talk->frame);
    channel_close(&talk->signer);
    peer_close(&talk->agent);
    buf_free(&talk->request);
}

/* The frame of a message, as it would have come. */
static void make(struct buf *request, enum message_type type, const void *msg, struct frame *frame)
{
    assert_int_equal(message_put(request, type, msg), 0);
    assert_int_equal(message_next(request, frame), 1);
}

/* What a signer is told about this key; the texts are good until end(). */
static struct msg_granted ask(struct talk *talk, const char *key)
{
    const struct msg_authority authority = {key};
    struct msg_granted granted;
    struct frame frame;

    begin(talk);
    make(&talk->request, MSG_AUTHORITY, &authority, &frame);
    assert_int_equal(authority_answer(&talk->agent, &frame), 0);
    assert_true(channel_flush(&talk->agent.channel) >= 0);
    assert_int_equal(channel_receive(&talk->signer, &talk->frame, 1000), 1);
    assert_int_equal(message_get(&talk->frame, MSG_GRANTED, &granted), 0);
    return granted;
}

static void keep(void)
{
    const struct msg_keep msg = {
        {RECORD_KEY, sizeof RECORD_KEY}, {HEAD, sizeof HEAD}, LOCK_ON_REMOVAL};
    struct frame frame;
    struct buf buf;

    buf_init(&buf);
    make(&buf, MSG_KEEP, &msg, &frame);
    assert_int_equal(authority_keep(&frame), 0);
    buf_free(&buf);
}

static void give_day_key(const char *key)
{
    const struct msg_day_key msg = {
        key, "AKIAIOSFODNN7EXAMPLE", DAY, "us-east-1", {DAY_KEY, sizeof DAY_KEY}};
    struct frame frame;
    struct buf buf;

    buf_init(&buf);
    make(&buf, MSG_DAY_KEY, &msg, &frame);
    assert_int_equal(authority_day_key(&frame), 0);
    buf_free(&buf);
}

static struct msg_issued issued(const char *id, uint32_t mfa)
{
    return (struct msg_issued){
        .access_key_id = id,
        .secret_access_key = "secret",
        .session_token = "token",
        .expiration = now_ms / 1000 + 3600,
        .lifetime = 3600,
        .account = "",
        .region = "",
        .partition = "",
        .sts_url = "",
        .ca_bundle = "",
        .mfa = mfa,
        .signed_by = "AKIAIOSFODNN7EXAMPLE",
    };
}

static void cache(const char *key, uint32_t duration, const char *id, uint32_t mfa)
{
    const struct spec spec = {.key = key, .duration = duration};
    const struct msg_issued msg = issued(id, mfa);

    assert_non_null(session_store(&spec, &msg, "factor 1"));
}

static void assert_granted(const char *key, const char *id)
{
    struct talk talk;

    assert_string_equal(ask(&talk, key).access_key_id, id);
    end(&talk);
}

static void test_nothing(void **state)
{
    struct talk talk;
    struct msg_granted granted = ask(&talk, "work");

    (void)state;
    assert_int_equal(granted.record_key.len, 0);
    assert_int_equal(granted.head.len, 0);
    assert_int_equal(granted.day_key.len, 0);
    assert_string_equal(granted.access_key_id, "");
    assert_string_equal(granted.session_token, "");
    end(&talk);
}

static void test_kept(void **state)
{
    struct msg_granted granted;
    struct talk talk;

    (void)state;
    keep();
    granted = ask(&talk, "work");
    assert_int_equal(granted.record_key.len, 32);
    assert_memory_equal(granted.record_key.data, RECORD_KEY, 32);
    assert_memory_equal(granted.head.data, HEAD, 32);
    end(&talk);
    authority_forget("work");
    assert_int_equal(ask(&talk, "work").record_key.len, 32);
    end(&talk);
    assert_true(authority_locks_on(LOCK_ON_REMOVAL));
    assert_false(authority_locks_on(LOCK_ON_SCREEN));
    authority_forget_record_key();
    assert_true(authority_locks_on(LOCK_ON_SCREEN));
    assert_int_equal(ask(&talk, "work").record_key.len, 0);
    end(&talk);
    keep();
    authority_forget(NULL);
    assert_int_equal(ask(&talk, "work").record_key.len, 0);
    end(&talk);
}

static void test_day_key_is_for_a_quarter_of_an_hour(void **state)
{
    struct msg_granted granted;
    struct talk talk;

    (void)state;
    give_day_key("work");
    granted = ask(&talk, "work");
    assert_memory_equal(granted.day_key.data, DAY_KEY, 32);
    assert_string_equal(granted.date, DAY);
    assert_string_equal(granted.region, "us-east-1");
    assert_string_equal(granted.signed_by, "AKIAIOSFODNN7EXAMPLE");
    assert_string_equal(granted.secret_access_key, "");
    end(&talk);
    assert_granted("other", "");
    now_ms += 15 * MINUTE;
    assert_granted("work", "");
}

static void test_the_youngest_session(void **state)
{
    const struct msg_issued own = issued("OWN", 1);

    (void)state;
    cache("work", 0, "OLD", 1);
    cache("other", 0, "OTHER", 1);
    assert_granted("work", "OLD");
    now_ms += MINUTE;
    cache("work", 1800, "YOUNG", 1);
    assert_granted("work", "YOUNG");
    now_ms += MINUTE;
    cache("work", 900, "NO MFA", 0);
    assert_granted("work", "YOUNG");
    now_ms += MINUTE;
    authority_session("work", &own);
    assert_granted("work", "OWN");
    authority_forget("work");
    assert_granted("work", "YOUNG");
    now_ms += HOUR;
    assert_granted("work", "");
}

static void test_no_role(void **state)
{
    static const char hop[] = "role_arn\0arn:aws:iam::123456789012:role/admin";
    const struct spec spec = {.key = "work", .hops = {hop, sizeof hop}};
    const struct msg_issued msg = issued("ROLE", 1);

    (void)state;
    assert_non_null(session_store(&spec, &msg, "factor 1"));
    assert_granted("work", "");
}

static void test_as_many_as_a_vault_holds(void **state)
{
    char key[16];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "key%u", i);
        give_day_key(key);
    }
    assert_granted("key63", "AKIAIOSFODNN7EXAMPLE");
    assert_granted("key64", "");
}

static void test_malformed(void **state)
{
    const struct msg_keep keep_short = {{RECORD_KEY, 31}, {HEAD, 32}, 0};
    const struct msg_day_key day_short = {"work", "AKIA", DAY, "us-east-1", {DAY_KEY, 5}};
    struct frame frame;
    struct buf buf;

    (void)state;
    buf_init(&buf);
    make(&buf, MSG_KEEP, &keep_short, &frame);
    assert_int_equal(authority_keep(&frame), -EPROTO);
    assert_int_equal(authority_day_key(&frame), -EPROTO);
    message_drop(&buf, &frame);
    make(&buf, MSG_DAY_KEY, &day_short, &frame);
    assert_int_equal(authority_day_key(&frame), -EPROTO);
    buf_free(&buf);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing),
        TEST(test_kept),
        TEST(test_day_key_is_for_a_quarter_of_an_hour),
        TEST(test_the_youngest_session),
        TEST(test_no_role),
        TEST(test_as_many_as_a_vault_holds),
        TEST(test_malformed),
    };

    return cmocka_run_group_tests(tests, open_all, NULL);
}
