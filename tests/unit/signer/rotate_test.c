// SPDX-License-Identifier: BSD-2-Clause
// When a key is due, what a person is told of what is unfinished, and which sessions a key has
// meanwhile.
#include "rotate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "census.h"
#include "duration.h"
#include "task.h"
#include "vault_fixture.h"
#include "want.h"

#define DAY  86400u
#define OLD  "AKIAIOSFODNN7EXAMPLE"
#define NEW  "AKIANEWNEWNEWEXAMPLE"
#define THEN 1800000000u /* when a phase began */

static struct journal journal; /* too large for the stack */
static struct error error;

static struct key *work(struct vault *vault)
{
    return vault_key(vault, "work", &error);
}

static struct task task_of(struct vault *vault, enum task_kind kind, enum task_phase phase)
{
    struct task task = {.key = work(vault)->id, .kind = kind, .phase = phase, .moved = THEN};

    strcpy(task.old_id, OLD);
    strcpy(task.new_id, NEW);
    strcpy(task.serial, "arn:aws:iam::123456789012:mfa/alice");
    return task;
}

static void note(struct vault *vault, enum task_kind kind, enum task_phase phase)
{
    const struct task task = task_of(vault, kind, phase);

    memset(&journal, 0, sizeof journal);
    assert_int_equal(journal_set(&journal, &task, &error), 0);
    assert_int_equal(journal_put(vault, &journal, &error), 0);
}

static void test_due_by_age(void **state)
{
    struct vault *vault = fixture_unlock(*state);
    uint64_t sealed = vault_record(vault, work(vault), RECORD_ACCESS_KEY, 0)->created;

    assert_false(rotate_is_due(vault, work(vault), sealed + 9999u * DAY));
    note(vault, TASK_EXPOSED, PHASE_INTENT);
    assert_false(rotate_is_due(vault, work(vault), sealed + 9999u * DAY));
    work(vault)->policy.rotate_every = 30 * DAY;
    assert_false(rotate_is_due(vault, work(vault), sealed));
    assert_false(rotate_is_due(vault, work(vault), sealed + 30 * DAY - 1));
    assert_true(rotate_is_due(vault, work(vault), sealed + 30 * DAY));
    vault_free(vault);
}

/* What is unfinished is due whatever the policy says, but for the grace period. */
static void test_due_by_phase(void **state)
{
    static const enum task_phase always[] = {PHASE_INTENT, PHASE_SEALED, PHASE_CHECKED,
                                             PHASE_PROVEN, PHASE_DELETING};
    struct vault *vault = fixture_unlock(*state);

    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        note(vault, TASK_ROTATE, always[i]);
        assert_true(rotate_is_due(vault, work(vault), THEN));
    }
    note(vault, TASK_ROTATE, PHASE_INACTIVE);
    work(vault)->policy.grace = 2 * DAY;
    assert_false(rotate_is_due(vault, work(vault), THEN + 2 * DAY - 1));
    assert_true(rotate_is_due(vault, work(vault), THEN + 2 * DAY));
    vault_free(vault);
}

/* The drill is the person's. */
static void test_not_due_in_a_drill(void **state)
{
    struct vault *vault = fixture_unlock(*state);

    work(vault)->policy.rotate_every = 3600;
    note(vault, TASK_REVOKE, PHASE_CHECKED);
    assert_false(rotate_is_due(vault, work(vault), THEN + 9999u * DAY));
    vault_free(vault);
}

static void test_not_due_on_a_copy(void **state)
{
    struct vault *vault = fixture_unlock(*state);

    note(vault, TASK_ROTATE, PHASE_PROVEN);
    assert_true(rotate_is_due(vault, work(vault), THEN));
    vault->machine[0] ^= 1;
    assert_false(rotate_is_due(vault, work(vault), THEN));
    vault_free(vault);
}

static void expect_said(struct vault *vault, uint64_t now, const char *words)
{
    char text[TASK_TEXT_SIZE];

    task_say(vault, work(vault), now, text);
    if (!strstr(text, words))
        fail_msg("\"%s\" does not say \"%s\"", text, words);
    assert_true(words[0] || !text[0]);
}

static void test_said(void **state)
{
    struct vault *vault = fixture_unlock(*state);

    expect_said(vault, THEN, "");
    note(vault, TASK_EXPOSED, PHASE_INTENT);
    expect_said(vault, THEN, OLD " lay in a plain file");
    note(vault, TASK_ROTATE, PHASE_INTENT);
    expect_said(vault, THEN, "awstap key rotate work");
    note(vault, TASK_ROTATE, PHASE_SEALED);
    expect_said(vault, THEN, NEW " waits for the next touch");
    note(vault, TASK_ROTATE, PHASE_PROVEN);
    expect_said(vault, THEN, OLD " is switched off");
    note(vault, TASK_ROTATE, PHASE_INACTIVE);
    expect_said(vault, THEN, OLD " is off, and is deleted in 24 hours");
    expect_said(vault, THEN + DAY, OLD " is off, and is deleted with the next touch");
    note(vault, TASK_ROTATE, PHASE_DELETING);
    expect_said(vault, THEN, OLD " is deleted");
    note(vault, TASK_MFA_ADD, PHASE_INTENT);
    expect_said(vault, THEN, "awstap mfa add work");
    note(vault, TASK_MFA_REMOVE, PHASE_DELETING);
    expect_said(vault, THEN, "awstap mfa remove work");
    note(vault, TASK_REVOKE, PHASE_RENEWED);
    expect_said(vault, THEN, "awstap revoke work");
    vault_free(vault);
}

/* A device that AWS does not know yet can't be asked for a code. */
static void test_mfa(void **state)
{
    struct vault *vault = fixture_unlock(*state);

    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_SEED);
    note(vault, TASK_MFA_ADD, PHASE_SEALED);
    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_NO_MFA);
    strcpy(work(vault)->mfa_serial, "arn:aws:iam::123456789012:mfa/another");
    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_TYPED);
    strcpy(work(vault)->mfa_serial, "arn:aws:iam::123456789012:mfa/alice");
    note(vault, TASK_MFA_ADD, PHASE_ENABLED);
    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_SEED);
    note(vault, TASK_MFA_REMOVE, PHASE_DELETING);
    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_SEED);
    strcpy(work(vault)->mfa_serial, "arn:aws:iam::123456789012:mfa/phone");
    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_TYPED);
    work(vault)->mfa_serial[0] = '\0';
    assert_int_equal(want_mfa_of(vault, work(vault)), WANT_NO_MFA);
    vault_free(vault);
}

/* Whichever of the vault's keys it is of. */
static void test_known(void **state)
{
    struct vault *vault = fixture_unlock(*state);

    assert_true(census_knows_key(vault, OLD));
    assert_true(census_knows_key(vault, "AKIAI44QH8DHBEXAMPLE"));
    assert_false(census_knows_key(vault, NEW));
    assert_false(census_knows_key(vault, "arn:aws:iam::123456789012:mfa/alice"));
    vault_free(vault);
}

static void test_about(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *words;
    } lengths[] = {{0, "1 minute"},       {61, "2 minutes"},
                   {7200, "2 hours"},     {7201, "3 hours"},
                   {DAY, "24 hours"},     {2 * DAY + 1, "3 days"},
                   {90 * DAY, "90 days"}, {UINT64_MAX / 2, "3660 days"}};
    char text[DURATION_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        assert_string_equal(duration_about(lengths[i].seconds, text), lengths[i].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_due_by_age, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_due_by_phase, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_not_due_in_a_drill, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_not_due_on_a_copy, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_said, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_mfa, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_known, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_about),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
