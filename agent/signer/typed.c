// SPDX-License-Identifier: BSD-2-Clause
// Factors that are typed. What is typed lives in the arena from the dialog's answer to the end of
// the unlock; the opened vault never waits for a person.
#include "typed.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "recovery.h"
#include "slot_code.h"
#include "throttle.h"

#define SECRET_SIZE VAULT_KEY_BYTES

/* A text of so many characters is a recovery code that was mistyped, rather than a passphrase. */
#define CODE_LEN_MIN 60

static bool has_kind(const struct vault *vault, uint32_t kind)
{
    for (size_t i = 0; i < vault->slot_count; i++)
        if (vault->slots[i].kind == kind)
            return true;
    return false;
}

bool typed_any(const struct vault *vault)
{
    return has_kind(vault, FACTOR_PASSPHRASE) || has_kind(vault, FACTOR_RECOVERY);
}

/* Seconds until this slot takes an answer. 0 or -1 with error. */
static int slot_wait(const struct vault *vault, const struct slot *slot, uint64_t *wait,
                     struct error *error)
{
    char name[SLOT_NAME_SIZE];

    slot_name(vault, slot->id, name);
    return throttle_left(vault->state, name, wait, error);
}

/* Seconds until the first passphrase is taken; 0 where there is none. 0 or -1 with error. */
static int shortest_wait(const struct vault *vault, uint64_t *shortest, struct error *error)
{
    uint64_t wait;
    bool any = false;

    *shortest = 0;
    for (size_t i = 0; i < vault->slot_count; i++) {
        if (vault->slots[i].kind != FACTOR_PASSPHRASE)
            continue;
        if (slot_wait(vault, &vault->slots[i], &wait, error) < 0)
            return -1;
        if (!any || wait < *shortest)
            *shortest = wait;
        any = true;
    }
    return 0;
}

static int too_many(const char *what, uint64_t wait, struct error *error)
{
    char words[THROTTLE_WAIT_TEXT];

    throttle_words(wait, words);
    return error_set(error, EXIT_PERSON, "too many wrong %s; try again in %s", what, words);
}

/* The recovery code can't be guessed, so it is always taken. */
int typed_question(const struct vault *vault, const char *before, const char *stake,
                   const char *problem, char store[PROMPT_STAKE_SIZE], struct question *question,
                   struct error *error)
{
    bool recovery = has_kind(vault, FACTOR_RECOVERY), passphrase = true;
    char words[THROTTLE_WAIT_TEXT], throttled[160] = "";
    uint64_t wait;

    if (shortest_wait(vault, &wait, error) < 0)
        return -1;
    if (wait && !recovery)
        return too_many("answers", wait, error);
    if (wait) {
        throttle_words(wait, words);
        snprintf(throttled, sizeof throttled,
                 "After too many wrong answers no passphrase is taken for %s, but the recovery "
                 "code is.\n\n",
                 words);
    }
    passphrase = !wait && has_kind(vault, FACTOR_PASSPHRASE);
    snprintf(store, PROMPT_STAKE_SIZE, "%s%s%s%s", before, before[0] ? "\n" : "", throttled, stake);
    *question = (struct question){.kind = passphrase ? PROMPT_PASSPHRASE : PROMPT_RECOVERY,
                                  .stake = store,
                                  .label = passphrase ? "Passphrase:" : "Recovery code:",
                                  .problem = problem};
    return 0;
}

/* Open the vault by this slot. 1; 0: the secret is another one; -1 with error. */
static int open_slot(struct vault *vault, const struct slot *slot, const uint8_t *secret,
                     struct error *error)
{
    if (vault_unlock(vault, slot->id, secret, error) == 0)
        return 1;
    return error->status == EXIT_PERSON ? 0 : -1;
}

/* 1: opened; 0: it is no recovery code (*parsed: it is one, of something else); -1 with error. */
static int try_recovery(struct vault *vault, const struct answer *answer, uint8_t *secret,
                        const struct slot **opened, bool *parsed, struct error *error)
{
    int r = 0;

    *parsed = recovery_parse(answer->text, answer->len, secret, error) == 0;
    for (size_t i = 0; *parsed && r == 0 && i < vault->slot_count; i++) {
        if (vault->slots[i].kind != FACTOR_RECOVERY)
            continue;
        r = open_slot(vault, &vault->slots[i], secret, error);
        *opened = &vault->slots[i];
    }
    if (*parsed && r == 0)
        error_set(error, EXIT_PERSON, "this recovery code is of another vault, or was removed");
    return r;
}

/* The passphrases that may be tried now are tried. 1, 0, -1 as open_slot(). */
static int try_passphrases(struct vault *vault, const struct answer *answer, uint8_t *secret,
                           const struct slot **opened, struct error *error)
{
    uint64_t wait;
    int r = 0;

    for (size_t i = 0; r == 0 && i < vault->slot_count; i++) {
        const struct slot *slot = &vault->slots[i];

        if (slot->kind != FACTOR_PASSPHRASE)
            continue;
        if (slot_wait(vault, slot, &wait, error) < 0)
            return -1;
        if (wait)
            continue;
        if (slot_stretch(slot, answer->text, answer->len, secret, error) < 0)
            return -1;
        r = open_slot(vault, slot, secret, error);
        *opened = slot;
    }
    return r;
}

/* None was opened: that counts against each that was tried. 0, or -1 with error: no more. */
static int count_wrong(const struct vault *vault, struct error *error)
{
    char name[SLOT_NAME_SIZE];
    uint64_t wait;

    for (size_t i = 0; i < vault->slot_count; i++) {
        if (vault->slots[i].kind != FACTOR_PASSPHRASE)
            continue;
        if (slot_wait(vault, &vault->slots[i], &wait, error) < 0)
            return -1;
        slot_name(vault, vault->slots[i].id, name);
        if (!wait && throttle_failed(vault->state, name, &wait, error) < 0)
            return -1;
    }
    if (shortest_wait(vault, &wait, error) < 0)
        return -1;
    return wait && !has_kind(vault, FACTOR_RECOVERY) ? too_many("passphrases", wait, error) : 0;
}

/* 1: a slot is open; 0: none, error says what was wrong; -1 with error. */
static int try_all(struct vault *vault, const struct answer *answer, uint8_t *secret,
                   const struct slot **opened, struct error *error)
{
    bool recovery = has_kind(vault, FACTOR_RECOVERY), parsed = false;
    struct error mistyped = {0};
    int r;

    if (!answer->len) {
        error_set(error, EXIT_PERSON, "nothing was typed");
        return 0;
    }
    if (recovery &&
        ((r = try_recovery(vault, answer, secret, opened, &parsed, &mistyped)) != 0 || parsed)) {
        *error = mistyped;
        return r;
    }
    r = try_passphrases(vault, answer, secret, opened, error);
    if (r != 0)
        return r;
    if (count_wrong(vault, error) < 0)
        return -1;
    if (recovery && (answer->len >= CODE_LEN_MIN || !has_kind(vault, FACTOR_PASSPHRASE)))
        *error = mistyped;
    else
        error_set(error, EXIT_PERSON, "wrong passphrase%s",
                  recovery ? " (the recovery code is taken as well)" : "");
    return 0;
}

/* Open the vault for as long as it takes to check this code. On SLOT_CODE_RIGHT it stays open. */
static enum slot_code check_code(struct vault *vault, const struct slot *slot,
                                 const uint8_t *secret, const struct answer *code,
                                 struct error *error)
{
    enum slot_code verdict = SLOT_CODE_FAILED;
    struct record_secret *seed;

    if (vault_unlock(vault, slot->id, secret, error) == 0 &&
        vault_open_slot_seed(vault, slot, &seed, error) == 0) {
        verdict = slot_code_check(vault, slot->id, (const uint8_t *)seed->data, seed->len,
                                  code->text, error);
        arena_free(seed);
    }
    if (verdict != SLOT_CODE_RIGHT)
        vault_lock(vault);
    return verdict;
}

/* The passphrase was right, and its code is asked for until it is right too. 1 or -1 with error. */
static int confirm_by_code(struct agent *agent, struct vault *vault, struct prompt *prompt,
                           const struct slot *slot, const uint8_t *secret, struct error *error)
{
    char stake[160], problem[sizeof error->text] = "", name[SLOT_NAME_SIZE];
    const struct question question = {PROMPT_CODE, stake, "Code:", problem};
    enum slot_code verdict = SLOT_CODE_WRONG;
    struct answer *code;
    uint64_t wait = 0;

    vault_lock(vault);
    slot_name(vault, slot->id, name);
    snprintf(stake, sizeof stake,
             "The passphrase is right. Now the code that the authenticator app shows for \"%s\".",
             slot->label);
    while (verdict != SLOT_CODE_RIGHT) {
        if (prompt_begin(prompt, agent, &question, error) < 0 ||
            prompt_await(prompt, agent, &code, error) < 0)
            return -1;
        prompt_close(prompt);
        verdict = check_code(vault, slot, secret, code, error);
        arena_free(code);
        if (verdict == SLOT_CODE_FAILED)
            return -1;
        snprintf(problem, sizeof problem, "%s", error->text);
        if (verdict == SLOT_CODE_WRONG && throttle_failed(vault->state, name, &wait, error) < 0)
            return -1;
        if (wait)
            return too_many("codes", wait, error);
    }
    return 1;
}

/* A disk that is full must not keep out who is right: the count is left for the next time. */
static void forget_wrong(const struct vault *vault, const struct slot *slot)
{
    struct error unsaid = {0};
    char name[SLOT_NAME_SIZE];

    slot_name(vault, slot->id, name);
    throttle_passed(vault->state, name, &unsaid);
}

int typed_unlock(struct agent *agent, struct vault *vault, struct prompt *prompt,
                 const struct answer *answer, uint32_t *slot_id, struct error *error)
{
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    const struct slot *slot = NULL;
    int r;

    if (!secret)
        return error_set(error, EXIT_FAILED, "out of memory");
    r = try_all(vault, answer, secret, &slot, error);
    if (r == 1 && slot->kind == FACTOR_PASSPHRASE && slot->passphrase.totp_len)
        r = confirm_by_code(agent, vault, prompt, slot, secret, error);
    arena_free(secret);
    if (r != 1) {
        vault_lock(vault);
        return r;
    }
    if (slot->kind == FACTOR_PASSPHRASE)
        forget_wrong(vault, slot);
    *slot_id = slot->id;
    return 1;
}
