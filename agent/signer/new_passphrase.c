// SPDX-License-Identifier: BSD-2-Clause
// A new passphrase, and the seed of the codes that go with it.
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "new_factor.h"
#include "passphrase.h"
#include "prompt.h"
#include "qr.h"
#include "seed.h"
#include "slot_code.h"
#include "stake.h"
#include "terminal.h"

#define TRIES 5

static void say_weak(size_t strength, char *problem, size_t size)
{
    snprintf(problem, size,
             "too easy to guess: only %zu of at least %d characters count (no repeats, no runs)",
             strength, PASSPHRASE_CHARACTERS);
}

/* Ask in a dialog until the answer is strong enough. 0 and *answer, or -1 with error. */
static int choose(struct agent *agent, struct prompt *prompt, struct answer **answer,
                  struct error *error)
{
    char text[PROMPT_STAKE_SIZE], problem[128] = "";
    const struct question question = {PROMPT_NEW_PASSPHRASE, text, "New passphrase:", problem};
    struct stake stake = {0};
    size_t strength;

    stake_line(&stake, "A new passphrase, which opens the vault.");
    stake_line(&stake, PASSPHRASE_RULE);
    stake_line(&stake, PASSPHRASE_ADVICE);
    stake_asker(&stake, agent_requester(agent));
    stake_write(&stake, text, sizeof text);
    for (int i = 0; i < TRIES; i++) {
        if (prompt_begin(prompt, agent, &question, error) < 0 ||
            prompt_await(prompt, agent, answer, error) < 0)
            return -1;
        strength = passphrase_strength((*answer)->text, (*answer)->len);
        if (strength >= PASSPHRASE_CHARACTERS)
            return 0;
        arena_free(*answer);
        say_weak(strength, problem, sizeof problem);
    }
    return error_set(error, EXIT_PERSON, "no passphrase was strong enough; run it again");
}

/* The passphrase itself is forgotten here, at once. */
static int choose_and_stretch(struct agent *agent, struct new_factor *factor, struct error *error)
{
    struct answer *answer = NULL;
    struct prompt prompt;
    int r;

    prompt_init(&prompt);
    r = choose(agent, &prompt, &answer, error);
    prompt_close(&prompt);
    if (r < 0)
        return -1;
    r = passphrase_make(&factor->slot, answer->text, answer->len, factor->secret, error);
    arena_free(answer);
    if (r == 0 && passphrase_lowered(&factor->slot))
        agent_progress(agent, PROGRESS_NOTE,
                       "memory is short: guessing this passphrase takes %u MiB per guess, not 256; "
                       "add it anew when there is more, and remove this one",
                       (unsigned)(factor->slot.passphrase.memlimit >> 20));
    return r;
}

static int put_seed(const struct new_factor *factor, struct buf *out, struct error *error)
{
    struct buf uri;
    int r = -1;

    buf_init(&uri);
    if (seed_put_uri(&uri, factor->seed, factor->seed_len, factor->slot.label) == 0 &&
        buf_text(&uri) && buf_put_text(out, "\n") == 0)
        r = qr_print(buf_text(&uri), out, error);
    else
        error_set(error, EXIT_FAILED, "out of memory");
    if (r == 0 &&
        (buf_put_text(out, "\nScan this with an authenticator app, or give it the seed or the "
                           "address:\n\n    ") < 0 ||
         seed_put_groups(out, factor->seed, factor->seed_len) < 0 ||
         buf_printf(out, "\n    ") < 0 || buf_put(out, buf_data(&uri), buf_len(&uri)) < 0 ||
         buf_put_text(out, "\n\nIt is not shown again. Press Enter when the app shows a code: it "
                           "is asked for next.\n") < 0))
        r = error_set(error, EXIT_FAILED, "out of memory");
    buf_free(&uri);
    return r;
}

static int show_seed(struct agent *agent, int terminal, const struct new_factor *factor,
                     struct error *error)
{
    struct buf text;
    int r;

    buf_init(&text);
    if ((r = put_seed(factor, &text, error)) == 0)
        r = terminal_show(terminal, &text, error);
    buf_free(&text);
    return r < 0 ? -1 : terminal_await_enter(agent, terminal, error);
}

/* The seed is stored only once the app has it, and is right. 0 or -1 with error. */
static int confirm_seed(struct agent *agent, const struct vault *vault, struct prompt *prompt,
                        const struct new_factor *factor, struct error *error)
{
    char problem[sizeof error->text] = "";
    const struct question question = {
        PROMPT_CODE,
        "A code will be asked for with the new passphrase.\n\nType the one that the app shows now.",
        "Code:", problem};
    enum slot_code verdict;
    struct answer *code;

    for (int i = 0; i < TRIES; i++) {
        if (prompt_begin(prompt, agent, &question, error) < 0 ||
            prompt_await(prompt, agent, &code, error) < 0)
            return -1;
        verdict = slot_code_check(vault, vault->next_slot, factor->seed, factor->seed_len,
                                  code->text, error);
        arena_free(code);
        if (verdict == SLOT_CODE_RIGHT)
            return 0;
        if (verdict == SLOT_CODE_FAILED)
            return -1;
        snprintf(problem, sizeof problem, "%s", error->text);
    }
    return error_set(error, EXIT_PERSON,
                     "no code was right, so nothing is enrolled; set the clocks and run it again");
}

static int add_totp(struct agent *agent, const struct vault *vault, int terminal,
                    struct new_factor *factor, struct error *error)
{
    struct prompt prompt;
    int r;

    factor->seed_len = sizeof factor->seed;
    randombytes_buf(factor->seed, sizeof factor->seed);
    if (show_seed(agent, terminal, factor, error) < 0)
        return -1;
    prompt_init(&prompt);
    r = confirm_seed(agent, vault, &prompt, factor, error);
    prompt_close(&prompt);
    return r;
}

int new_passphrase(struct agent *agent, const struct vault *vault, int terminal, bool with_totp,
                   struct new_factor *factor, struct error *error)
{
    if (with_totp && terminal_check(terminal, error) < 0)
        return -1;
    if (!factor->slot.label[0])
        strcpy(factor->slot.label, "passphrase");
    factor->slot.id = vault->next_slot;
    if (choose_and_stretch(agent, factor, error) < 0)
        return -1;
    return with_totp ? add_totp(agent, vault, terminal, factor, error) : 0;
}
