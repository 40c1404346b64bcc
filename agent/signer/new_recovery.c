// SPDX-License-Identifier: BSD-2-Clause
// A new recovery code: shown once, written down by hand, typed back from the paper.
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "new_factor.h"
#include "prompt.h"
#include "recovery.h"
#include "stake.h"
#include "terminal.h"

#define TRIES       3
#define GROUPS      8
#define GROUP_BYTES (RECOVERY_SECRET_BYTES / GROUPS)
#define HALF        (RECOVERY_TEXT_SIZE / 2 - 1) /* characters of 4 groups and their dashes */

static int put_code(const uint8_t *secret, struct buf *out)
{
    char *code = arena_alloc(RECOVERY_TEXT_SIZE);
    int r = -1;

    if (!code)
        return -1;
    recovery_print(secret, code);
    r = buf_put_text(out, "\nThe recovery code of your awstap vault:\n\n    ");
    if (r == 0 && (r = buf_put(out, code, HALF)) == 0 && (r = buf_put_text(out, "\n    ")) == 0 &&
        (r = buf_put_text(out, code + HALF + 1)) == 0)
        r = buf_put_text(out,
                         "\n\nIt opens everything in the vault, alone, and it is not shown again. "
                         "Write it down on\npaper and keep that where you would keep a spare key "
                         "to your house.\n\nPress Enter when it is written down: you are asked to "
                         "type it from the paper.\n");
    arena_free(code);
    return r;
}

static int show_code(struct agent *agent, int terminal, const uint8_t *secret, struct error *error)
{
    struct buf text;
    int r;

    buf_init(&text);
    r = put_code(secret, &text) < 0 ? error_set(error, EXIT_FAILED, "out of memory")
                                    : terminal_show(terminal, &text, error);
    buf_free(&text);
    return r < 0 ? -1 : terminal_await_enter(agent, terminal, error);
}

/* 0, or -1 with the first group that is not as it was shown. */
static int compare(const struct answer *answer, const uint8_t *secret, struct error *error)
{
    uint8_t *typed = arena_alloc(RECOVERY_SECRET_BYTES);
    int r;

    if (!typed)
        return error_set(error, EXIT_FAILED, "out of memory");
    r = recovery_parse(answer->text, answer->len, typed, error);
    for (int i = 0; r == 0 && i < GROUPS; i++)
        if (sodium_memcmp(typed + i * GROUP_BYTES, secret + i * GROUP_BYTES, GROUP_BYTES) != 0)
            r = error_set(error, EXIT_PERSON, "group %d of %d is not the one that was shown", i + 1,
                          GROUPS);
    arena_free(typed);
    return r;
}

static int have_it_typed(struct agent *agent, struct prompt *prompt, const uint8_t *secret,
                         struct error *error)
{
    char text[PROMPT_STAKE_SIZE], problem[sizeof error->text] = "";
    const struct question question = {PROMPT_RECOVERY, text, "Recovery code:", problem};
    struct stake stake = {0};
    struct answer *answer;
    int r;

    stake_line(&stake, "A new recovery code, which opens the vault.");
    stake_line(&stake, "Type it as you have written it down; dashes and case do not matter.");
    stake_asker(&stake, agent_requester(agent));
    stake_write(&stake, text, sizeof text);
    for (int i = 0; i < TRIES; i++) {
        if (prompt_begin(prompt, agent, &question, error) < 0 ||
            prompt_await(prompt, agent, &answer, error) < 0)
            return -1;
        r = compare(answer, secret, error);
        arena_free(answer);
        if (r == 0)
            return 0;
        snprintf(problem, sizeof problem, "%s", error->text);
    }
    return error_set(error, EXIT_PERSON,
                     "the recovery code was not typed right, so it is not enrolled: tear up the "
                     "paper and run it again (last: %.80s)",
                     problem);
}

int new_recovery(struct agent *agent, int terminal, struct new_factor *factor, struct error *error)
{
    struct prompt prompt;
    int r;

    if (terminal_check(terminal, error) < 0)
        return -1;
    if (!factor->slot.label[0])
        strcpy(factor->slot.label, "recovery code");
    factor->slot.kind = FACTOR_RECOVERY;
    randombytes_buf(factor->secret, RECOVERY_SECRET_BYTES);
    if (show_code(agent, terminal, factor->secret, error) < 0)
        return -1;
    prompt_init(&prompt);
    r = have_it_typed(agent, &prompt, factor->secret, error);
    prompt_close(&prompt);
    return r;
}
