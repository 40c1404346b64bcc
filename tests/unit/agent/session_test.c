// SPDX-License-Identifier: BSD-2-Clause
// The session cache, with a clock that this test moves: what is served, what is renewed, what is
// gone, and that nothing of a session stays behind in memory.
#include "session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "clock_source.h"
#include "loop.h"

#define ARENA      ((size_t)1024 * 1024)
#define SMALL      ((size_t)64 * 1024)
#define MAXIMUM    256u
#define SECOND     ((uint64_t)1000)
#define MINUTE     (60 * SECOND)
#define SECRET     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define EXPIRATION 1767268800u

static uint64_t now_ms = 1000 * 1000;

uint64_t clock_source_ms(clockid_t id)
{
    (void)id;
    return now_ms;
}

uint64_t clock_source_wait_ms(uint64_t wait_ms)
{
    return wait_ms;
}

static int open_cache(void **state)
{
    (void)state;
    return loop_open() < 0 || session_open() < 0;
}

static int setup(void **state)
{
    (void)state;
    return arena_open(ARENA, ARENA_LOCK_WANTED);
}

/* Once all is forgotten, the arena is one free block of zeros. */
static void assert_nothing_left(size_t size)
{
    uint8_t *all;

    session_forget(NULL);
    all = arena_alloc(size);
    assert_non_null(all);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(all[i], 0);
    arena_free(all);
}

static int teardown(void **state)
{
    (void)state;
    assert_nothing_left(ARENA);
    arena_close();
    return 0;
}

static struct spec spec_of(const char *key, uint32_t duration)
{
    return (struct spec){.key = key, .duration = duration};
}

static struct session *store(const char *key, uint32_t duration, uint32_t lifetime)
{
    const struct spec spec = spec_of(key, duration);
    const struct msg_issued issued = {
        .access_key_id = "ASIAIOSFODNN7EXAMPLE",
        .secret_access_key = SECRET,
        .session_token = key,
        .expiration = EXPIRATION,
        .lifetime = lifetime,
        .account = "123456789012",
        .region = "eu-central-1",
        .partition = "aws",
        .sts_url = "",
        .ca_bundle = "",
        .signed_by = "",
    };

    return session_store(&spec, &issued, "factor 1");
}

static struct session *find(const char *key, uint32_t duration)
{
    const struct spec spec = spec_of(key, duration);

    return session_find(&spec);
}

static void count_one(const struct session *session, void *count)
{
    (void)session;
    ++*(unsigned *)count;
}

static unsigned count_all(void)
{
    unsigned count = 0;

    session_each(count_one, &count);
    return count;
}

static void test_store_and_find(void **state)
{
    const struct session *session;

    (void)state;
    assert_null(find("work", 0));
    assert_non_null(store("work", 0, 3600));
    assert_non_null(session = find("work", 0));
    assert_string_equal(session->spec.key, "work");
    assert_string_equal(session->access_key_id, "ASIAIOSFODNN7EXAMPLE");
    assert_string_equal(session->secret_access_key, SECRET);
    assert_string_equal(session->session_token, "work");
    assert_string_equal(session->account, "123456789012");
    assert_string_equal(session->region, "eu-central-1");
    assert_int_equal(session->expiration, EXPIRATION);
    assert_null(find("work", 900));
    assert_null(find("wor", 0));
    assert_null(find("worke", 0));
}

static void test_store_replaces(void **state)
{
    (void)state;
    store("work", 0, 3600);
    store("work", 900, 900);
    store("work", 0, 7200);
    assert_int_equal(count_all(), 2);
    assert_true(find("work", 0)->end_ms == now_ms + 7200 * SECOND);
}

/* A third of a short life, 20 minutes of a long one. */
static void test_fresh_until_renewal(void **state)
{
    (void)state;
    store("short", 0, 900);
    store("long", 0, 43200);
    now_ms += 600 * SECOND - 1;
    assert_true(session_is_fresh(find("short", 0)));
    now_ms += 1;
    assert_false(session_is_fresh(find("short", 0)));
    now_ms += 43200 * SECOND - 600 * SECOND - 20 * MINUTE - 1;
    assert_true(session_is_fresh(find("long", 0)));
    now_ms += 1;
    assert_false(session_is_fresh(find("long", 0)));
    assert_non_null(find("long", 0));
}

static void test_quiet(void **state)
{
    struct session *session = store("work", 0, 3600);

    (void)state;
    now_ms += 50 * MINUTE;
    assert_false(session_is_fresh(session));
    session_keep_quiet(session);
    now_ms += 5 * MINUTE - 1;
    assert_true(session_is_fresh(find("work", 0)));
    now_ms += 1;
    assert_false(session_is_fresh(find("work", 0)));
    session_keep_quiet(find("work", 0));
    now_ms += 5 * MINUTE;
    assert_null(find("work", 0)); /* what is kept quiet ends all the same */
}

static void test_nothing_expired_is_served(void **state)
{
    (void)state;
    store("work", 0, 3600);
    now_ms += 3600 * SECOND - 1;
    assert_non_null(find("work", 0));
    assert_int_equal(count_all(), 1);
    now_ms += 1;
    assert_null(find("work", 0));
    assert_int_equal(count_all(), 0);
    store("over", 0, 0);
    assert_null(find("over", 0));
}

static volatile sig_atomic_t stop;

static void stop_loop(struct timer *timer)
{
    (void)timer;
    stop = 1;
}

/* Let the loop run what is due now. */
static void run_due_timers(void)
{
    struct timer last = {.due = stop_loop};
    sigset_t none;

    sigemptyset(&none);
    stop = 0;
    loop_time(&last);
    last.deadline_ms = now_ms;
    assert_int_equal(loop_run(&stop, &none), 0);
    loop_untime(&last);
}

/* The timer wipes what has ended, without anybody asking, and is set for the next. */
static void test_expiry_wipes(void **state)
{
    const char *first = store("first", 0, 900)->secret_access_key;
    const char *second = store("second", 0, 1800)->secret_access_key;
    static const char zeros[sizeof SECRET];

    (void)state;
    run_due_timers();
    assert_string_equal(first, SECRET);
    now_ms += 900 * SECOND;
    run_due_timers();
    assert_memory_equal(first, zeros, sizeof zeros);
    assert_string_equal(second, SECRET);
    now_ms += 900 * SECOND;
    run_due_timers();
    assert_memory_equal(second, zeros, sizeof zeros);
}

static void test_forget(void **state)
{
    const char *secret = store("work", 0, 3600)->secret_access_key;
    static const char zeros[sizeof SECRET];

    (void)state;
    store("work", 900, 900);
    store("home", 0, 3600);
    session_forget("wor");
    assert_int_equal(count_all(), 3);
    session_forget("work");
    assert_null(find("work", 0));
    assert_null(find("work", 900));
    assert_non_null(find("home", 0));
    assert_memory_equal(secret, zeros, sizeof zeros);
    session_forget(NULL);
    assert_int_equal(count_all(), 0);
    session_forget("work");
}

/* One more than there may be: the one that would end first makes room, wherever it stands. */
static void test_bounded(void **state)
{
    char key[16];

    (void)state;
    for (unsigned i = 0; i < MAXIMUM; i++) {
        snprintf(key, sizeof key, "key%u", i);
        assert_non_null(store(key, 0, i == 100 ? 900 : 3600 + i));
    }
    assert_int_equal(count_all(), MAXIMUM);
    assert_non_null(store("key7", 0, 3600 + 7)); /* anew, not one more */
    assert_non_null(find("key100", 0));
    assert_non_null(store("more", 0, 1000));
    assert_null(find("key100", 0));
    assert_non_null(store("still more", 0, 7200));
    assert_null(find("more", 0));
    assert_int_equal(count_all(), MAXIMUM);
}

/* Where the arena is full before that, sessions make room too; where they can't, there is none to
 * store. */
static void test_arena_full(void **state)
{
    static char token[SMALL];
    const struct spec spec = spec_of("large", 0);
    struct msg_issued issued = {.access_key_id = "A",
                                .secret_access_key = SECRET,
                                .session_token = token,
                                .expiration = EXPIRATION,
                                .lifetime = 3600,
                                .account = "",
                                .region = "",
                                .partition = "",
                                .sts_url = "",
                                .signed_by = "",
                                .ca_bundle = ""};
    char key[16];

    (void)state;
    arena_close();
    assert_int_equal(arena_open(SMALL, ARENA_LOCK_WANTED), 0);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key%u", i);
        assert_non_null(store(key, 0, 3600 + i));
    }
    assert_true(count_all() > 50 && count_all() < 1000);
    assert_null(find("key0", 0));
    assert_non_null(find("key999", 0));
    memset(token, 't', sizeof token - 1);
    assert_null(session_store(&spec, &issued, ""));
    token[sizeof token / 2] = '\0';
    assert_non_null(session_store(&spec, &issued, ""));
    assert_int_equal(count_all(), 1);
    assert_nothing_left(SMALL);
    arena_close();
    assert_int_equal(arena_open(ARENA, ARENA_LOCK_WANTED), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_store_and_find),
        TEST(test_store_replaces),
        TEST(test_fresh_until_renewal),
        TEST(test_quiet),
        TEST(test_nothing_expired_is_served),
        TEST(test_expiry_wipes),
        TEST(test_forget),
        TEST(test_bounded),
        TEST(test_arena_full),
    };

    return cmocka_run_group_tests(tests, open_cache, NULL);
}
