// SPDX-License-Identifier: BSD-2-Clause
// A vault narrowed to K_rec: what it can change, what it believes, and who writes in between.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "journal.h"
#include "vault_fixture.h"
#include "vault_format.h"

#define NEW_ID "AKIAIOSFODNN7NEWNEW1"

struct kept {
    uint8_t record_key[VAULT_KEY_BYTES], head[VAULT_KEY_BYTES];
};

static struct vault *narrowed(struct fixture *fixture)
{
    struct vault *vault = fixture_unlock(fixture);

    vault_narrow(vault);
    assert_null(vault->unlocked);
    return vault;
}

static struct kept kept_of(struct fixture *fixture)
{
    struct vault *vault = narrowed(fixture);
    struct kept kept;

    vault_kept(vault, kept.record_key, kept.head);
    vault_free(vault);
    return kept;
}

/* What a rotation does: another access key for "work", and a task. */
static int rotate(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal;
    const struct key *key = vault_key(vault, "work", error);
    int *times = context;

    ++*times;
    if (!key || journal_read(vault, &journal, error) < 0)
        return -1;
    const struct task task = {.key = key->id, .kind = TASK_ROTATE, .phase = PHASE_SEALED};
    if (journal_set(&journal, &task, error) < 0 || journal_put(vault, &journal, error) < 0)
        return -1;
    return vault_put_record(vault, key, RECORD_ACCESS_KEY, NEW_ID, "secret", 6, error);
}

static void expect_rotated(struct fixture *fixture)
{
    static struct journal journal;
    struct vault *vault = fixture_unlock(fixture);
    const struct key *key = vault_key(vault, "work", &fixture->error);
    struct record_secret *secret;

    assert_string_equal(vault_access_key_id(vault, key), NEW_ID);
    assert_string_equal(vault_record(vault, key, RECORD_ACCESS_KEY, 0)->subject, NEW_ID);
    assert_string_equal(vault_record(vault, key, RECORD_ACCESS_KEY, 1)->subject,
                        "AKIAIOSFODNN7EXAMPLE");
    assert_null(vault_record(vault, key, RECORD_ACCESS_KEY, 2));
    assert_int_equal(vault_open_record(vault, vault_record(vault, key, RECORD_ACCESS_KEY, 0),
                                       &secret, &fixture->error),
                     0);
    assert_string_equal(secret->data, "secret");
    arena_free(secret);
    assert_int_equal(journal_read(vault, &journal, &fixture->error), 0);
    assert_int_equal(journal_task(&journal, key->id, TASK_ROTATE)->phase, PHASE_SEALED);
    vault_free(vault);
}

/* Records and journal change, the head and its MAC don't by a bit. */
static void changed(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture), *before = fixture_read(fixture), *after;
    struct vault_sections old, new;
    struct buf was, is;
    int times = 0;

    assert_int_equal(vault_change(vault, rotate, &times, &fixture->error), 0);
    assert_int_equal(times, 1);
    after = fixture_read(fixture);
    buf_init(&was);
    buf_init(&is);
    assert_int_equal(vault_encode(before, &was, &old), 0);
    assert_int_equal(vault_encode(after, &is, &new), 0);
    assert_int_equal(old.records, new.records);
    assert_memory_equal(buf_data(&was), buf_data(&is), old.records);
    assert_memory_equal(before->head_mac, after->head_mac, VAULT_KEY_BYTES);
    assert_int_equal(after->generation, before->generation + 1);
    buf_free(&was);
    buf_free(&is);
    vault_free(vault);
    vault_free(before);
    vault_free(after);
    expect_rotated(fixture);
}

/* Run in a child: SIGABRT is what it must end with. */
static void expect_abort(void (*run)(struct fixture *fixture), struct fixture *fixture)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        run(fixture);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void change_policy(struct fixture *fixture)
{
    struct vault *vault = narrowed(fixture);

    vault->keys[0].policy.serve = SERVE_ROLES;
    vault_write(vault, &fixture->error);
}

static void open_secret(struct fixture *fixture)
{
    struct vault *vault = narrowed(fixture);
    struct record_secret *secret;

    vault_open_access_key(vault, &vault->keys[0], &secret, &fixture->error);
}

static void write_locked(struct fixture *fixture)
{
    vault_write(fixture_read(fixture), &fixture->error);
}

/* What a narrowed vault can't do ends the process: a fault of ours. */
static void faults_of_ours(void **state)
{
    expect_abort(change_policy, *state);
    expect_abort(open_secret, *state);
    expect_abort(write_locked, *state);
}

static void admitted(void **state)
{
    struct fixture *fixture = *state;
    struct kept kept = kept_of(fixture);
    struct vault *vault = fixture_read(fixture);
    int times = 0;

    assert_int_equal(vault_admit(vault, kept.record_key, kept.head, &fixture->error), 0);
    assert_null(vault->unlocked);
    assert_int_equal(vault_change(vault, rotate, &times, &fixture->error), 0);
    vault_free(vault);
    expect_rotated(fixture);
    vault = fixture_read(fixture);
    assert_int_equal(vault_admit(vault, kept.record_key, kept.head, &fixture->error), 0);
    vault_free(vault);
}

static void expect_not_admitted(struct fixture *fixture, const struct kept *kept, uint32_t status)
{
    struct vault *vault = fixture_read(fixture);

    assert_int_equal(vault_admit(vault, kept->record_key, kept->head, &fixture->error), -1);
    assert_int_equal(fixture->error.status, status);
    assert_null(vault->record_key);
    vault_free(vault);
}

/* A head that another awstap changed needs a factor; what it wrote is what is kept then. */
static void admit_after_a_change(void **state)
{
    struct fixture *fixture = *state;
    struct kept kept = kept_of(fixture);
    struct vault *vault = fixture_unlock(fixture);
    struct key_policy policy = key_policy_default;

    policy.serve = SERVE_ROLES;
    assert_int_equal(vault_set_policy(vault, &vault->keys[0], &policy, &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    expect_not_admitted(fixture, &kept, EXIT_FAILED);
    vault_kept(vault, kept.record_key, kept.head);
    vault_free(vault);
    vault = fixture_read(fixture);
    assert_int_equal(vault_admit(vault, kept.record_key, kept.head, &fixture->error), 0);
    vault_free(vault);
}

static void forge_url(struct vault *vault)
{
    strcpy(vault->keys[0].iam_url, "http://127.0.0.1:9999");
}

static void forge_public_key(struct vault *vault)
{
    memset(vault->public_key, 9, sizeof vault->public_key);
}

static void forge_record_mac(struct vault *vault)
{
    vault->record_mac[31] ^= 1;
}

static void forge_head_mac(struct vault *vault)
{
    vault->head_mac[0] ^= 1;
}

static void forge_journal(struct vault *vault)
{
    vault->journal_len = 4;
}

static void forge_generation(struct vault *vault)
{
    vault->generation += 7;
}

static void forge_record(struct vault *vault)
{
    vault->record_count--;
}

static const struct forgery {
    void (*change)(struct vault *vault);
    uint32_t admit, renew; /* the exit statuses */
} FORGERIES[] = {
    {forge_url, EXIT_FAILED, EXIT_VAULT},       {forge_public_key, EXIT_FAILED, EXIT_FAILED},
    {forge_record_mac, EXIT_VAULT, EXIT_VAULT}, {forge_head_mac, EXIT_VAULT, EXIT_VAULT},
    {forge_journal, EXIT_VAULT, EXIT_VAULT},    {forge_generation, EXIT_VAULT, EXIT_VAULT},
    {forge_record, EXIT_VAULT, EXIT_VAULT},
};

static void admit_a_forgery(void **state)
{
    struct fixture *fixture = *state;
    struct kept kept = kept_of(fixture);
    size_t len;
    uint8_t *good = fixture_load(fixture->path, &len);

    for (size_t i = 0; i < sizeof FORGERIES / sizeof *FORGERIES; i++) {
        struct vault *vault = fixture_read(fixture);
        FORGERIES[i].change(vault);
        fixture_store_forged(fixture, vault);
        vault_free(vault);
        expect_not_admitted(fixture, &kept, FORGERIES[i].admit);
        fixture_store(fixture->path, good, len);
        fixture_forget(fixture);
    }
    kept.record_key[0] ^= 1;
    expect_not_admitted(fixture, &kept, EXIT_VAULT);
    free(good);
}

/* Another awstap, which writes right before we do. */
struct rival {
    struct fixture *fixture;
    void (*write)(struct fixture *fixture);
    int times;
};

static int rotate_against(struct vault *vault, void *context, struct error *error)
{
    struct rival *rival = context;

    if (rival->times == 0 && rival->write)
        rival->write(rival->fixture);
    return rotate(vault, &rival->times, error);
}

static void remove_home(struct fixture *fixture)
{
    struct vault *vault = fixture_unlock(fixture);

    assert_int_equal(vault_remove_key(vault, "home", &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
}

static void remove_work(struct fixture *fixture)
{
    struct vault *vault = fixture_unlock(fixture);

    assert_int_equal(vault_remove_key(vault, "work", &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
}

static void remove_factor(struct fixture *fixture)
{
    struct vault *vault = fixture_unlock(fixture);

    assert_int_equal(vault_remove_slot(vault, 2, &fixture->error), 0);
    assert_int_equal(vault_write(vault, &fixture->error), 0);
    vault_free(vault);
}

/* Both writes are in the file. */
static void written_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    struct rival rival = {fixture, remove_home, 0};

    assert_int_equal(vault_change(vault, rotate_against, &rival, &fixture->error), 0);
    assert_int_equal(rival.times, 2);
    assert_int_equal(vault->key_count, 1);
    assert_int_equal(vault->generation, 3);
    vault_free(vault);
    expect_rotated(fixture);
}

/* What apply() looks for is gone: its error is the answer, and the vault is as the file is. */
static void key_removed_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    struct rival rival = {fixture, remove_work, 0};

    assert_int_equal(vault_change(vault, rotate_against, &rival, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_int_equal(vault->key_count, 1);
    assert_int_equal(vault->generation, 2);
    assert_int_equal(vault->journal_len, 0);
    vault_free(vault);
}

static void rekeyed_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    struct rival rival = {fixture, remove_factor, 0};

    assert_int_equal(vault_change(vault, rotate_against, &rival, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_FAILED);
    assert_non_null(strstr(fixture->error.text, "run it again"));
    vault_free(vault);
    vault = fixture_unlock(fixture);
    assert_int_equal(vault->generation, 2);
    vault_free(vault);
}

/* A removed factor takes K_rec with it: a change of the head as any other, and no forgery. */
static void admit_after_a_removal(void **state)
{
    struct fixture *fixture = *state;
    struct kept kept = kept_of(fixture);

    remove_factor(fixture);
    expect_not_admitted(fixture, &kept, EXIT_FAILED);
}

/* An attacker who writes in between gets nothing written on top of it. */
static void forged_meanwhile(void **state)
{
    struct fixture *fixture = *state;
    size_t len, forged_len, after_len;
    uint8_t *good = fixture_load(fixture->path, &len);

    for (size_t i = 0; i < sizeof FORGERIES / sizeof *FORGERIES; i++) {
        struct vault *vault = narrowed(fixture), *forged = fixture_read(fixture);
        int times = 0;
        FORGERIES[i].change(forged);
        fixture_store_forged(fixture, forged);
        uint8_t *bytes = fixture_load(fixture->path, &forged_len);
        assert_int_equal(vault_change(vault, rotate, &times, &fixture->error), -1);
        assert_int_equal(fixture->error.status, FORGERIES[i].renew);
        assert_int_equal(times, 1);
        uint8_t *after = fixture_load(fixture->path, &after_len);
        assert_int_equal(after_len, forged_len);
        assert_memory_equal(after, bytes, after_len);
        vault_free(vault);
        vault_free(forged);
        free(bytes);
        free(after);
        fixture_store(fixture->path, good, len);
        fixture_forget(fixture);
    }
    free(good);
}

static int refuse(struct vault *vault, void *context, struct error *error)
{
    vault->journal_len = 3;
    vault->record_count = 0;
    return error_set(error, *(uint32_t *)context, "no");
}

static void refused_by_apply(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    uint32_t status = EXIT_AWS;

    assert_int_equal(vault_change(vault, refuse, &status, &fixture->error), -1);
    assert_int_equal(fixture->error.status, EXIT_AWS);
    assert_int_equal(vault->journal_len, 0);
    assert_int_equal(vault->record_count, 3);
    vault_free(vault);
}

static void records(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    const struct key *work = vault_key(vault, "work", &fixture->error);
    struct error *error = &fixture->error;

    assert_int_equal(vault_put_record(vault, work, RECORD_ACCESS_KEY, NEW_ID, "secret", 6, error),
                     0);
    assert_int_equal(vault_put_record(vault, work, RECORD_ACCESS_KEY, "AKIA3", "secret", 6, error),
                     -1);
    assert_int_equal(error->status, EXIT_FAILED);
    assert_int_equal(vault_drop_record(vault, work, RECORD_ACCESS_KEY, "AKIA3", error), -1);
    assert_int_equal(error->status, EXIT_FAILED);
    assert_int_equal(vault_drop_record(vault, work, RECORD_TOTP_SEED, NEW_ID, error), -1);
    assert_int_equal(
        vault_drop_record(vault, work, RECORD_ACCESS_KEY, "AKIAIOSFODNN7EXAMPLE", error), 0);
    assert_int_equal(vault_put_record(vault, work, RECORD_ACCESS_KEY, NEW_ID, "secret", 6, error),
                     -1);
    assert_string_equal(vault_access_key_id(vault, work), NEW_ID);
    assert_string_equal(vault_access_key_id(vault, vault_key(vault, "home", error)),
                        "AKIAI44QH8DHBEXAMPLE");
    assert_ptr_equal(vault_key_by_id(vault, work->id), work);
    assert_null(vault_key_by_id(vault, 99));
    vault_free(vault);
}

/* Nothing in the journal speaks of a key that is gone. */
static void removed_with_its_task(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    int times = 0;

    assert_int_equal(vault_change(vault, rotate, &times, &fixture->error), 0);
    vault_free(vault);
    remove_work(fixture);
    vault = fixture_unlock(fixture);
    assert_int_equal(vault->journal_len, 0);
    vault_free(vault);
}

/* A full state folder takes nothing back: the write counts, and the next unlock remembers it. */
static void not_noted(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = narrowed(fixture);
    char memory[256], folder[160];
    int times = 0;

    snprintf(folder, sizeof folder, "%s", fixture->state);
    snprintf(memory, sizeof memory, "%s-aside", fixture->state);
    assert_int_equal(rename(folder, memory), 0);
    fixture_store(folder, (const uint8_t *)"x", 1);
    assert_int_equal(vault_change(vault, rotate, &times, &fixture->error), 0);
    unlink(folder);
    assert_int_equal(rename(memory, folder), 0);
    vault_free(vault);
    expect_rotated(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(changed),
        TEST(faults_of_ours),
        TEST(admitted),
        TEST(admit_after_a_change),
        TEST(admit_after_a_removal),
        TEST(admit_a_forgery),
        TEST(written_meanwhile),
        TEST(key_removed_meanwhile),
        TEST(rekeyed_meanwhile),
        TEST(forged_meanwhile),
        TEST(refused_by_apply),
        TEST(records),
        TEST(removed_with_its_task),
        TEST(not_noted),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
