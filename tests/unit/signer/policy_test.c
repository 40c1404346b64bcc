// SPDX-License-Identifier: BSD-2-Clause
// Policies as people write them, lengths of time, and what a dialog says of both.
#include "policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "duration.h"
#include "riders.h"

static struct error error;

/* Change policy by these options, separated by blanks. */
static int change(struct key_policy *policy, const char *options)
{
    char texts[300];
    struct list list = {texts, strlen(options) + 1};

    assert_true(list.len <= sizeof texts);
    memcpy(texts, options, list.len);
    for (char *c = texts; *c; c++)
        if (*c == ' ')
            *c = '\0';
    if (!*options)
        list.len = 0;
    return policy_change(policy, &list, &error);
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        uint32_t seconds;
    } good[] = {{"0", 0},       {"900", 900},  {"90s", 90},         {"30m", 1800},
                {"12h", 43200}, {"1d", 86400}, {"3660d", 316224000}};
    static const char *const bad[] = {"",     "h",     "1H",         "1 h",       " 1h",
                                      "+1",   "-1",    "1w",         "1h30m",     "1.5h",
                                      "0x10", "3661d", "9999999999", "999999999d"};
    uint32_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(duration_read(good[i].text, &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(duration_read(bad[i], &seconds));
}

static void test_words(void **state)
{
    static const struct {
        uint32_t seconds;
        const char *words, *brief;
    } said[] = {{1, "1 second", "1s"},       {901, "901 seconds", "901s"},
                {5400, "90 minutes", "90m"}, {3600, "1 hour", "1h"},
                {43200, "12 hours", "12h"},  {86400, "24 hours", "1d"},
                {129600, "36 hours", "36h"}, {2592000, "30 days", "30d"}};
    char text[DURATION_SIZE];
    uint32_t seconds;

    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        assert_string_equal(duration_words(said[i].seconds, text), said[i].words);
        assert_string_equal(duration_short(said[i].seconds, text), said[i].brief);
        assert_true(duration_read(text, &seconds));
        assert_int_equal(seconds, said[i].seconds);
    }
}

static void test_change(void **state)
{
    struct key_policy policy = key_policy_default;
    char text[POLICY_TEXT_SIZE];

    (void)state;
    assert_string_equal(policy_text(&policy, text),
                        "touch=session serve=any duration=12h max_duration=36h lock_on=sleep "
                        "rotate_every=off grace=1d");
    assert_int_equal(change(&policy, "touch=use serve=roles duration=3600 max_duration=12h "
                                     "lock_on=screen,removal rotate_every=30d grace=0"),
                     0);
    assert_string_equal(policy_text(&policy, text),
                        "touch=use serve=roles duration=1h max_duration=12h "
                        "lock_on=sleep,screen,removal rotate_every=30d grace=0");
    assert_int_equal(change(&policy, "lock_on=sleep"), 0);
    assert_int_equal(policy.lock_on, 0);
    assert_int_equal(policy.touch, TOUCH_USE);
    assert_int_equal(change(&policy, "rotate_every=off touch=session"), 0);
    assert_int_equal(policy.rotate_every, 0);
}

/* A shorter maximum takes the duration with it, if nothing is said of that. */
static void test_maximum(void **state)
{
    struct key_policy policy = key_policy_default;

    (void)state;
    assert_int_equal(change(&policy, "max_duration=1h duration=2h"), -1);
    assert_int_equal(change(&policy, "max_duration=1h"), 0);
    assert_int_equal(policy.duration, 3600);
    assert_int_equal(policy.max_duration, 3600);
    assert_int_equal(change(&policy, "duration=2h"), -1);
    assert_non_null(strstr(error.text, "max_duration, 1h"));
    assert_int_equal(policy.duration, 3600);
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "touch",
        "touch=",
        "touch=always",
        "Touch=use",
        "=use",
        "touch =use",
        "touch=use touch=use",
        "serve=role",
        "duration=899",
        "duration=37h",
        "duration=1h0",
        "max_duration=0",
        "lock_on=",
        "lock_on=screen,",
        "lock_on=,screen",
        "lock_on=lid",
        "lock_on=screens",
        "rotate_every=0",
        "rotate_every=59m",
        "rotate_every=367d",
        "grace=31d",
        "grace=off",
        "region=eu-west-1",
        "serve=any colour=\x1b[2J",
    };
    struct key_policy policy = key_policy_default;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(change(&policy, bad[i]), -1);
        assert_int_equal(error.status, EXIT_USAGE);
        assert_memory_equal(&policy, &key_policy_default, sizeof policy);
        assert_null(strchr(error.text, '\x1b'));
    }
}

static void test_said(void **state)
{
    struct key_policy policy = key_policy_default;
    struct stake stake = {0};
    char text[1200];

    (void)state;
    assert_int_equal(change(&policy, "touch=use max_duration=1h"), 0);
    policy_say(&key_policy_default, &policy, &stake);
    stake_write(&stake, text, sizeof text);
    assert_string_equal(text, "touch=use instead of session\n"
                              "duration=1h instead of 12h\n"
                              "max_duration=1h instead of 36h");
}

static void test_stake(void **state)
{
    struct stake stake = {0};
    char text[1200], small[40];

    (void)state;
    stake_write(&stake, text, sizeof text);
    assert_string_equal(text, "");
    for (unsigned i = 0; i < 20; i++)
        stake_line(&stake, "line %u", i / 2);
    stake_asker(&stake, "");
    stake_asker(&stake, "terraform\n\x1b[2J, in ~/infra");
    stake_asker(&stake, "aws");
    stake_asker(&stake, "aws");
    stake_write(&stake, text, sizeof text);
    assert_string_equal(text, "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n"
                              "and 4 more\n\nAsked for by terraform??[2J, in ~/infra; aws "
                              "(as far as the system can tell)");
    for (unsigned i = 0; i < 4; i++) {
        char who[20];

        snprintf(who, sizeof who, "program %u", i);
        stake_asker(&stake, who);
    }
    stake_write(&stake, text, sizeof text);
    assert_non_null(strstr(text, "; aws; program 0; and 3 more (as far"));
    stake_write(&stake, small, sizeof small);
    assert_int_equal(strlen(small), sizeof small - 1);
}

/* Whatever is asked for, all of it fits the 1000 bytes that a pinentry can be told. */
static void test_longest_stake(void **state)
{
    struct stake stake = {0};
    char text[1200], line[300];

    (void)state;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (unsigned i = 0; i < 12; i++) {
        line[0] = (char)('a' + i);
        stake_line(&stake, "%s", line);
        stake_asker(&stake, line);
    }
    stake_write(&stake, text, sizeof text);
    assert_non_null(strstr(text, "\nand 6 more\n"));
    assert_non_null(strstr(text, "; and 9 more (as far as the system can tell)"));
    assert_true(strlen(text) < 970);
}

/* A role whose path is long hides neither its account, nor its name, nor for how long. */
static void test_long_role(void **state)
{
    struct riders riders = {0};
    struct stake stake = {0};
    char text[1200], arn[512] = "arn:aws:iam::123456789012:role/";

    (void)state;
    memset(arn + strlen(arn), 'x', 300);
    strcat(arn, "/administrator");
    riders_note(&riders,
                &(struct msg_rider){.flight = 1, .what = arn, .duration = 7200, .who = "aws"});
    riders_say(&riders, 1, true, &stake);
    stake_line(&stake, "Open %s: %s, for %s", "work", arn, "12 hours");
    stake_write(&stake, text, sizeof text);
    assert_non_null(strstr(text, "role arn:aws:iam::123456789012:role/x"));
    assert_non_null(strstr(text, "x/administrator, for 2 hours\n"));
    assert_non_null(strstr(text, "Open work: arn:aws:iam::123456789012:role/x"));
    assert_non_null(strstr(text, "x/administrator, for 12 hours\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations), cmocka_unit_test(test_words),
        cmocka_unit_test(test_change),    cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_said),
        cmocka_unit_test(test_stake),     cmocka_unit_test(test_longest_stake),
        cmocka_unit_test(test_long_role)};

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
