// SPDX-License-Identifier: BSD-2-Clause
// The journal: what is put in comes out, and nothing else is taken for one.
#include "journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vault_fixture.h"

/* They are too large for the stack. */
static struct vault vault;
static struct journal journal, again;
static struct error error;

static int setup(void **state)
{
    (void)state;
    memset(&vault, 0, sizeof vault);
    memset(&journal, 0, sizeof journal);
    memset(&error, 0, sizeof error);
    vault.path = (char[]){"vault"};
    for (vault.key_count = 0; vault.key_count < VAULT_KEYS_MAX; vault.key_count++)
        vault.keys[vault.key_count].id = (uint32_t)vault.key_count + 1;
    return 0;
}

static struct task task_of(uint32_t key, enum task_kind kind, enum task_phase phase)
{
    struct task task = {.key = key, .kind = kind, .phase = phase, .begun = 1700000000, .moved = 2};

    strcpy(task.old_id, "AKIAIOSFODNN7EXAMPLE");
    return task;
}

static struct stranger stranger_of(const char *what, uint64_t seen)
{
    struct stranger stranger = {.seen = seen};

    snprintf(stranger.what, sizeof stranger.what, "%s", what);
    return stranger;
}

static void set(struct task task)
{
    assert_int_equal(journal_set(&journal, &task, &error), 0);
}

/* Put it, and read it back. */
static void expect_same(void)
{
    assert_int_equal(journal_put(&vault, &journal, &error), 0);
    assert_int_equal(journal_read(&vault, &again, &error), 0);
    assert_int_equal(again.task_count, journal.task_count);
    assert_int_equal(again.stranger_count, journal.stranger_count);
    assert_memory_equal(again.tasks, journal.tasks, again.task_count * sizeof *again.tasks);
    assert_memory_equal(again.strangers, journal.strangers,
                        again.stranger_count * sizeof *again.strangers);
}

static void expect_refused(const char *what)
{
    if (journal_read(&vault, &again, &error) == 0)
        fail_msg("%s: taken for a journal", what);
    assert_int_equal(error.status, EXIT_VAULT);
    assert_int_equal(again.task_count + again.stranger_count, 0);
}

static void fill(void)
{
    struct task task = task_of(3, TASK_MFA_ADD, PHASE_ENABLED);
    const struct stranger strangers[] = {stranger_of("b", 5), stranger_of("a", 6)};

    strcpy(task.serial, "arn:aws:iam::123456789012:mfa/alice");
    set(task);
    set(task_of(3, TASK_ROTATE, PHASE_INTENT));
    set(task_of(1, TASK_REVOKE, PHASE_DELETING));
    assert_true(journal_set_strangers(&journal, 2, strangers, 2));
    assert_true(journal_set_strangers(&journal, 1, strangers, 1));
}

static void round_trip(void **state)
{
    (void)state;
    fill();
    assert_int_equal(journal.task_count, 3);
    assert_int_equal(journal.tasks[0].key, 1);
    assert_int_equal(journal.tasks[1].kind, TASK_ROTATE);
    assert_int_equal(journal.tasks[2].kind, TASK_MFA_ADD);
    assert_string_equal(journal.strangers[0].what, "b");
    assert_string_equal(journal.strangers[1].what, "a");
    assert_int_equal(journal.strangers[1].key, 2);
    expect_same();
}

static void empty(void **state)
{
    const uint8_t two_zeros[8] = {0};

    (void)state;
    vault.journal_len = 5;
    expect_same();
    assert_int_equal(vault.journal_len, 0);
    memcpy(vault.journal, two_zeros, vault.journal_len = sizeof two_zeros);
    expect_refused("two counts of nothing");
}

static void cut(void **state)
{
    (void)state;
    fill();
    assert_int_equal(journal_put(&vault, &journal, &error), 0);
    size_t whole = vault.journal_len;
    for (vault.journal_len = 1; vault.journal_len < whole; vault.journal_len++)
        expect_refused("a part of one");
    vault.journal_len = whole + 1;
    vault.journal[whole] = 0;
    expect_refused("a byte too many");
}

/* The last of two in a journal with tasks of keys 1 and 2 is another one. */
static void expect_bad_task(const char *what, struct task task)
{
    journal.task_count = 2;
    journal.stranger_count = 0;
    journal.tasks[0] = task_of(1, TASK_MFA_ADD, PHASE_SEALED);
    journal.tasks[1] = task_of(2, TASK_ROTATE, PHASE_SEALED);
    assert_int_equal(journal_put(&vault, &journal, &error), 0);
    uint8_t *at = vault.journal + vault.journal_len - 4;
    while (memcmp(at, "\0\0\0\2\0\0\0\1\0\0\0\2", 12) != 0)
        at--;
    at[3] = (uint8_t)task.key;
    at[7] = (uint8_t)task.kind;
    at[11] = (uint8_t)task.phase;
    expect_refused(what);
    journal.tasks[1] = task;
    assert_int_equal(journal_put(&vault, &journal, &error), -1);
    assert_int_equal(error.status, EXIT_FAILED);
}

static void bad_tasks(void **state)
{
    (void)state;
    expect_bad_task("no key", task_of(0, TASK_ROTATE, PHASE_SEALED));
    expect_bad_task("a key that is not there", task_of(65, TASK_ROTATE, PHASE_SEALED));
    expect_bad_task("no kind", task_of(2, 0, PHASE_SEALED));
    expect_bad_task("an unknown kind", task_of(2, TASK_EXPOSED + 1, PHASE_SEALED));
    expect_bad_task("exposed, and further on", task_of(2, TASK_EXPOSED, PHASE_SEALED));
    expect_bad_task("no phase", task_of(2, TASK_ROTATE, PHASE_NONE));
    expect_bad_task("an unknown phase", task_of(2, TASK_ROTATE, PHASE_DELETING + 1));
    expect_bad_task("twice the same", task_of(1, TASK_MFA_ADD, PHASE_SEALED));
    expect_bad_task("out of order", task_of(1, TASK_ROTATE, PHASE_SEALED));
}

static void bad_strangers(void **state)
{
    const struct {
        const char *what, *first, *second;
        uint32_t key;
    } cases[] = {{"no text", "a", "", 2},
                 {"a control character", "a", "\n", 2},
                 {"twice the same", "a", "a", 1},
                 {"out of order", "b", "a", 1},
                 {"a key that is not there", "a", "b", 65}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        journal.stranger_count = 2;
        journal.strangers[0] = stranger_of(cases[i].first, 1);
        journal.strangers[1] = stranger_of(cases[i].second, 1);
        journal.strangers[0].key = 1;
        journal.strangers[1].key = cases[i].key;
        if (journal_put(&vault, &journal, &error) == 0)
            fail_msg("%s: kept", cases[i].what);
    }
}

static void counts(void **state)
{
    const uint8_t tasks[] = {0, 0, 0, JOURNAL_TASKS_MAX + 1};
    const uint8_t strangers[] = {0, 0, 0, 0, 0, 0, 0, JOURNAL_STRANGERS_MAX + 1};

    (void)state;
    memset(vault.journal, 0, sizeof vault.journal);
    vault.journal_len = sizeof vault.journal;
    memcpy(vault.journal, tasks, sizeof tasks);
    expect_refused("65 tasks");
    memcpy(vault.journal, strangers, sizeof strangers);
    expect_refused("65 strangers");
    memset(vault.journal, 0xff, sizeof vault.journal);
    expect_refused("all ones");
}

static void set_and_take_out(void **state)
{
    struct task task = task_of(5, TASK_ROTATE, PHASE_NONE);

    (void)state;
    set(task);
    assert_int_equal(journal.task_count, 0);
    fill();
    set(task_of(3, TASK_ROTATE, PHASE_PROVEN));
    assert_int_equal(journal.task_count, 3);
    assert_int_equal(journal_task(&journal, 3, TASK_ROTATE)->phase, PHASE_PROVEN);
    assert_null(journal_task(&journal, 3, TASK_REVOKE));
    assert_null(journal_task(&journal, 4, TASK_ROTATE));
    set(task_of(3, TASK_ROTATE, PHASE_NONE));
    assert_null(journal_task(&journal, 3, TASK_ROTATE));
    assert_int_equal(journal_task(&journal, 3, TASK_MFA_ADD)->phase, PHASE_ENABLED);
    expect_same();
}

static void strangers(void **state)
{
    const struct stranger same[] = {stranger_of("a", 9), stranger_of("b", 9)};
    const struct stranger other[] = {stranger_of("a", 9), stranger_of("c", 9)};

    (void)state;
    fill();
    assert_false(journal_set_strangers(&journal, 2, same, 2));
    assert_int_equal(journal.strangers[1].seen, 6);
    assert_true(journal_set_strangers(&journal, 2, other, 2));
    assert_true(journal_set_strangers(&journal, 1, NULL, 0));
    assert_false(journal_set_strangers(&journal, 1, NULL, 0));
    assert_int_equal(journal.stranger_count, 2);
    assert_string_equal(journal.strangers[1].what, "c");
    expect_same();
}

static void forgotten(void **state)
{
    (void)state;
    fill();
    journal_forget(&journal, 3);
    assert_int_equal(journal.task_count, 1);
    assert_int_equal(journal.stranger_count, 3);
    journal_forget(&journal, 1);
    journal_forget(&journal, 2);
    expect_same();
    assert_int_equal(vault.journal_len, 0);
}

static void full(void **state)
{
    struct stranger many[JOURNAL_STRANGERS_MAX];
    struct task one_more = task_of(1, TASK_REVOKE, PHASE_SEALED);
    char what[8];

    (void)state;
    for (uint32_t key = 1; key <= VAULT_KEYS_MAX; key++) {
        set(task_of(key, TASK_ROTATE, PHASE_SEALED));
        struct task exposed = task_of(key, TASK_EXPOSED, PHASE_INTENT);
        memset(exposed.old_id, 0, sizeof exposed.old_id);
        set(exposed);
    }
    assert_int_equal(journal_set(&journal, &one_more, &error), -1);
    assert_int_equal(error.status, EXIT_FAILED);
    expect_same();
    for (size_t i = 0; i < JOURNAL_STRANGERS_MAX; i++) {
        snprintf(what, sizeof what, "%03zu", i);
        many[i] = stranger_of(what, i);
    }
    assert_true(journal_set_strangers(&journal, 9, many, JOURNAL_STRANGERS_MAX));
    assert_true(journal_set_strangers(&journal, 8, many, 1));
    assert_int_equal(journal.stranger_count, JOURNAL_STRANGERS_MAX);
    expect_same();
    memset(journal.tasks[0].serial, 'x', RECORD_SUBJECT_MAX);
    expect_same();
    for (size_t i = 0; i < journal.task_count; i++)
        memset(journal.tasks[i].new_id, 'x', RECORD_SUBJECT_MAX);
    size_t len = vault.journal_len;
    assert_int_equal(journal_put(&vault, &journal, &error), -1);
    assert_int_equal(error.status, EXIT_FAILED);
    assert_int_equal(vault.journal_len, len);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(empty),
        TEST(cut),
        TEST(bad_tasks),
        TEST(bad_strangers),
        TEST(counts),
        TEST(set_and_take_out),
        TEST(strangers),
        TEST(forgotten),
        TEST(full),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
