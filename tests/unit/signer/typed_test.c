// SPDX-License-Identifier: BSD-2-Clause
// Factors that are typed: what is asked for, what opens the vault, what a wrong answer costs; and
// the code that goes with a passphrase.
#include "typed.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "clock.h"
#include "recovery.h"
#include "slot_code.h"
#include "throttle.h"
#include "totp.h"
#include "vault_fixture.h"

#define PASSPHRASE "seven yellow bicycles sing"
#define SEED       "12345678901234567890" /* of RFC 6238, appendix B */

static struct error error;
static uint32_t opened;

/* The dialog in which codes are typed, in the place of awstap-prompt. While a person is awaited the
 * vault is locked. */
static struct vault *asked_of;
static const char *codes[8]; /* ended by NULL: the person cancels */
static size_t codes_asked;
static char problem[512];

int prompt_begin(struct prompt *prompt, struct agent *agent, const struct question *question,
                 struct error *why)
{
    (void)prompt;
    (void)agent;
    (void)why;
    assert_int_equal(question->kind, PROMPT_CODE);
    assert_null(asked_of->unlocked);
    snprintf(problem, sizeof problem, "%s", question->problem);
    return 0;
}

/* While the vault is closed, too. */
void prompt_close(struct prompt *prompt)
{
    (void)prompt;
    assert_null(asked_of->unlocked);
}

int prompt_await(struct prompt *prompt, struct agent *agent, struct answer **typed,
                 struct error *why)
{
    const char *code = codes[codes_asked];

    (void)prompt;
    (void)agent;
    if (!code)
        return error_set(why, EXIT_PERSON, "cancelled");
    codes_asked++;
    *typed = arena_alloc(sizeof **typed);
    (*typed)->len = strlen(code);
    strcpy((*typed)->text, code);
    return 0;
}

/* Add a slot of this kind to the vault. Its id. */
static uint32_t add_slot(struct fixture *fixture, struct slot *slot, const uint8_t *secret)
{
    struct vault *vault = fixture_unlock(fixture);
    uint32_t id;

    assert_int_equal(vault_add_slot(vault, slot, secret, &id, &error), 0);
    assert_int_equal(vault_write(vault, &error), 0);
    vault_free(vault);
    return id;
}

/* A passphrase that costs as little as the format allows. */
static uint32_t add_passphrase(struct fixture *fixture)
{
    uint8_t *secret = arena_alloc(VAULT_KEY_BYTES);
    struct slot slot = {.id = 1,
                        .kind = FACTOR_PASSPHRASE,
                        .passphrase = {.opslimit = 2, .memlimit = (uint64_t)64 << 20}};
    uint32_t id;

    assert_int_equal(slot_stretch(&slot, PASSPHRASE, strlen(PASSPHRASE), secret, &error), 0);
    id = add_slot(fixture, &slot, secret);
    arena_free(secret);
    return id;
}

static uint32_t add_recovery(struct fixture *fixture, char code[RECOVERY_TEXT_SIZE])
{
    uint8_t secret[RECOVERY_SECRET_BYTES];
    struct slot slot = {.kind = FACTOR_RECOVERY};

    randombytes_buf(secret, sizeof secret);
    recovery_print(secret, code);
    return add_slot(fixture, &slot, secret);
}

/* The passphrase is wrong, or right; the vault is locked, or unlocked by it. */
static int answer(struct vault *vault, const char *text)
{
    struct answer typed = {.len = strlen(text)};
    int r;

    strcpy(typed.text, text);
    error = (struct error){0};
    asked_of = vault;
    codes_asked = 0;
    r = typed_unlock(NULL, vault, NULL, &typed, &opened, &error);
    assert_int_equal(vault->unlocked != NULL, r == 1);
    return r;
}

static int ask(struct vault *vault, struct question *question)
{
    static char store[PROMPT_STAKE_SIZE];

    return typed_question(vault, "", "Open work", "", store, question, &error);
}

static void throttle(struct vault *vault, uint32_t id)
{
    char name[SLOT_NAME_SIZE];
    uint64_t wait = 0;

    slot_name(vault, id, name);
    while (!wait)
        assert_int_equal(throttle_failed(vault->state, name, &wait, &error), 0);
}

static void questions(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_read(fixture);
    char code[RECOVERY_TEXT_SIZE];
    struct question question;

    assert_false(typed_any(vault));
    vault_free(vault);
    add_recovery(fixture, code);
    vault = fixture_read(fixture);
    assert_true(typed_any(vault));
    assert_int_equal(ask(vault, &question), 0);
    assert_int_equal(question.kind, PROMPT_RECOVERY);
    vault_free(vault);
    add_passphrase(fixture);
    vault = fixture_read(fixture);
    assert_int_equal(ask(vault, &question), 0);
    assert_int_equal(question.kind, PROMPT_PASSPHRASE);
    assert_string_equal(question.stake, "Open work");
    vault_free(vault);
}

static void right_and_wrong(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id = add_passphrase(fixture);
    struct vault *vault = fixture_read(fixture);

    assert_int_equal(answer(vault, "seven yellow bicycles sink"), 0);
    assert_string_equal(error.text, "wrong passphrase");
    assert_int_equal(answer(vault, ""), 0);
    assert_int_equal(answer(vault, PASSPHRASE " "), 0);
    assert_int_equal(answer(vault, PASSPHRASE), 1);
    assert_int_equal(opened, id);
    vault_free(vault);
}

static void throttled(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id = add_passphrase(fixture);
    struct vault *vault = fixture_read(fixture);
    char code[RECOVERY_TEXT_SIZE];
    struct question question;

    throttle(vault, id);
    assert_int_equal(answer(vault, PASSPHRASE), -1);
    assert_int_equal(error.status, EXIT_PERSON);
    assert_int_equal(ask(vault, &question), -1);
    assert_non_null(strstr(error.text, "try again in"));
    vault_free(vault);
    add_recovery(fixture, code);
    vault = fixture_read(fixture);
    assert_int_equal(ask(vault, &question), 0);
    assert_int_equal(question.kind, PROMPT_RECOVERY);
    assert_non_null(strstr(question.stake, "no passphrase is taken for "));
    assert_int_equal(answer(vault, PASSPHRASE), 0);
    assert_int_equal(answer(vault, code), 1);
    vault_free(vault);
}

static void recovery(void **state)
{
    struct fixture *fixture = *state;
    char code[RECOVERY_TEXT_SIZE], other[RECOVERY_TEXT_SIZE];
    uint8_t stranger[RECOVERY_SECRET_BYTES] = {1};
    uint32_t id = add_recovery(fixture, code);
    struct vault *vault = fixture_read(fixture);

    recovery_print(stranger, other);
    assert_int_equal(answer(vault, other), 0);
    assert_non_null(strstr(error.text, "another vault"));
    code[9] = code[9] == 'A' ? 'B' : 'A';
    assert_int_equal(answer(vault, code), 0);
    assert_non_null(strstr(error.text, "group 2 of 8"));
    vault_free(vault);
    id = add_recovery(fixture, code);
    vault = fixture_read(fixture);
    assert_int_equal(answer(vault, code), 1);
    assert_int_equal(opened, id);
    vault_free(vault);
}

/* A passphrase that opens its own slot is no wrong answer for the others. */
static void several(void **state)
{
    struct fixture *fixture = *state;
    uint32_t first = add_passphrase(fixture);
    uint8_t *secret = arena_alloc(VAULT_KEY_BYTES);
    struct slot slot = {.id = 1,
                        .kind = FACTOR_PASSPHRASE,
                        .passphrase = {.salt = {7}, .opslimit = 2, .memlimit = (uint64_t)64 << 20}};
    struct vault *vault;
    char name[SLOT_NAME_SIZE];
    uint64_t wait;
    uint32_t second;

    assert_int_equal(slot_stretch(&slot, "another", 7, secret, &error), 0);
    second = add_slot(fixture, &slot, secret);
    arena_free(secret);
    vault = fixture_read(fixture);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(answer(vault, "another"), 1);
        assert_int_equal(opened, second);
    }
    slot_name(vault, first, name);
    assert_int_equal(throttle_left(vault->state, name, &wait, &error), 0);
    assert_int_equal(wait, 0);
    assert_int_equal(answer(vault, PASSPHRASE), 1);
    throttle(vault, first);
    assert_int_equal(answer(vault, "another"), 1);
    vault_free(vault);
}

/* The code of a step that is this far from now; a code is checked before the step is over. */
static void code_of(int ahead, char code[TOTP_CODE_SIZE])
{
    uint64_t step = totp_step(clock_now_ms());

    assert_int_equal(totp_code((const uint8_t *)SEED, strlen(SEED), step + (uint64_t)ahead, code),
                     0);
}

static enum slot_code check_code(const struct vault *vault, uint32_t id, const char *typed)
{
    return slot_code_check(vault, id, (const uint8_t *)SEED, strlen(SEED), typed, &error);
}

/* Whether no step began since the code was made. */
static bool same_step(uint64_t step)
{
    return totp_step(clock_now_ms()) == step;
}

static void code_window(void **state)
{
    static const struct {
        int ahead;
        enum slot_code verdict;
    } CASES[] = {{-2, SLOT_CODE_WRONG},
                 {-1, SLOT_CODE_RIGHT},
                 {0, SLOT_CODE_RIGHT},
                 {1, SLOT_CODE_RIGHT},
                 {2, SLOT_CODE_WRONG}};
    struct fixture *fixture = *state;
    struct vault *vault = fixture_read(fixture);
    char code[TOTP_CODE_SIZE];
    enum slot_code verdict;
    uint32_t id = 100; /* each try is for a slot of its own, so that no code is used */
    uint64_t step;

    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        do {
            step = totp_step(clock_now_ms());
            code_of(CASES[i].ahead, code);
            verdict = check_code(vault, id++, code);
        } while (!same_step(step));
        assert_int_equal(verdict, CASES[i].verdict);
    }
    vault_free(vault);
}

static void code_used_once(void **state)
{
    struct fixture *fixture = *state;
    struct vault *vault = fixture_read(fixture);
    char code[TOTP_CODE_SIZE], before[TOTP_CODE_SIZE], spaced[16];
    enum slot_code verdicts[4];
    uint32_t id = 100;
    uint64_t step;

    do {
        step = totp_step(clock_now_ms());
        code_of(0, code);
        code_of(-1, before);
        snprintf(spaced, sizeof spaced, " %.3s %.3s ", code, code + 3);
        id++;
        verdicts[0] = check_code(vault, id, spaced);
        verdicts[1] = check_code(vault, id, code);
        verdicts[2] = check_code(vault, id, before);
        verdicts[3] = check_code(vault, id + 100000, code);
    } while (!same_step(step));
    assert_int_equal(verdicts[0], SLOT_CODE_RIGHT);
    assert_int_equal(verdicts[1], SLOT_CODE_USED);
    assert_int_equal(verdicts[2], SLOT_CODE_USED);
    assert_int_equal(verdicts[3], SLOT_CODE_RIGHT);
    vault_free(vault);
}

static void no_codes(void **state)
{
    static const char *const TEXTS[] = {"", "12345", "1234567", "12345x", "-12345", "\t123456"};
    struct fixture *fixture = *state;
    struct vault *vault = fixture_read(fixture);

    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        assert_int_equal(check_code(vault, 1, TEXTS[i]), SLOT_CODE_WRONG);
        assert_string_equal(error.text, "a code is 6 digits");
    }
    vault_free(vault);
}

/* A vault that a passphrase opens together with a code of SEED. */
static struct vault *with_codes(struct fixture *fixture, uint32_t *id)
{
    struct vault *vault;

    *id = add_passphrase(fixture);
    vault = fixture_unlock(fixture);
    assert_int_equal(vault_set_slot_seed(vault, *id, SEED, strlen(SEED), &error), 0);
    assert_int_equal(vault_write(vault, &error), 0);
    vault_free(vault);
    memset(codes, 0, sizeof codes);
    return fixture_read(fixture);
}

static void code_after_passphrase(void **state)
{
    char right[TOTP_CODE_SIZE], wrong[TOTP_CODE_SIZE];
    uint32_t id;
    struct vault *vault = with_codes(*state, &id);

    assert_int_equal(answer(vault, PASSPHRASE), -1);
    assert_string_equal(error.text, "cancelled");
    assert_int_equal(answer(vault, "not " PASSPHRASE), 0);
    code_of(9, wrong);
    code_of(0, right);
    codes[0] = wrong;
    codes[1] = right;
    assert_int_equal(answer(vault, PASSPHRASE), 1);
    assert_int_equal(opened, id);
    assert_int_equal(codes_asked, 2);
    assert_non_null(strstr(problem, "wrong code"));
    vault_lock(vault);
    codes[0] = right;
    codes[1] = NULL;
    assert_int_equal(answer(vault, PASSPHRASE), -1);
    assert_non_null(strstr(problem, "used already"));
    vault_free(vault);
}

static void codes_throttled(void **state)
{
    char wrong[TOTP_CODE_SIZE];
    struct question question;
    uint32_t id;
    struct vault *vault = with_codes(*state, &id);

    code_of(9, wrong);
    for (size_t i = 0; i < 7; i++)
        codes[i] = wrong;
    assert_int_equal(answer(vault, PASSPHRASE), -1);
    assert_string_equal(error.text, "too many wrong codes; try again in 30 seconds");
    assert_int_equal(codes_asked, 5);
    assert_int_equal(ask(vault, &question), -1);
    vault_free(vault);
}

/* The seed stays in its slot when another slot is removed, and is one of the facts that are sealed
 * in. */
static void seed_in_its_slot(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id = add_passphrase(fixture);
    struct vault *vault = fixture_unlock(fixture);
    struct record_secret *seed;

    assert_int_equal(vault_set_slot_seed(vault, 1, SEED, strlen(SEED), &error), -1);
    assert_int_equal(vault_set_slot_seed(vault, id, SEED, strlen(SEED), &error), 0);
    assert_int_equal(vault_remove_slot(vault, 2, &error), 0);
    assert_int_equal(vault_write(vault, &error), 0);
    vault_free(vault);
    vault = fixture_unlock(fixture);
    assert_int_equal(vault_open_slot_seed(vault, vault_slot(vault, id, &error), &seed, &error), 0);
    assert_int_equal(seed->len, strlen(SEED));
    assert_memory_equal(seed->data, SEED, seed->len);
    arena_free(seed);
    vault_free(vault);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(questions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(right_and_wrong, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(throttled, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(recovery, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(several, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(code_window, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(code_used_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_codes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(code_after_passphrase, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(codes_throttled, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(seed_in_its_slot, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, fixture_group_setup, fixture_group_teardown);
}
