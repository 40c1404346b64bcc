// SPDX-License-Identifier: BSD-2-Clause
// One question, put to the person by one pinentry.
#include "dialog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "pinentry.h"
#include "plain.h"
#include "printable.h"

#define TEXT_SIZE 1600
#define REPLY_MS  10000 /* to anything but a question; a toolkit may be slow to start */
#define TRIES_MAX 3     /* nothing typed, or not the same twice */
#define CODE_MASK 0xffffu
#define LINES_MAX 64 /* to one command: a pinentry says no more than a few */

/* Codes of libgpg-error (err-codes.h.in) that a pinentry answers with. */
enum {
    CODE_TIMEOUT = 62,
    CODE_CANCELED = 99,
    CODE_NOT_CONFIRMED = 114,
    CODE_LOCALE_PROBLEM = 166,
    CODE_FULLY_CANCELED = 198,
};

/* A dialog while its pinentry runs. */
struct run {
    struct dialog *dialog;
    struct pinentry pinentry;
    bool ascii;
    const char *problem; /* what was wrong with the last answer; empty: nothing */
    bool refused;        /* the last command was answered with ERR */
    uint32_t code;       /* of that ERR, without its source */
    bool repeated;       /* the pinentry had it typed twice by itself */
    bool too_long;
};

static enum dialog_end unshown(struct dialog *dialog, const char *reason)
{
    snprintf(dialog->reason, sizeof dialog->reason, "%s", reason);
    printable_ascii(dialog->reason);
    return DIALOG_UNSHOWN;
}

static void take_data(struct run *run, const struct assuan_line *line)
{
    struct dialog *dialog = run->dialog;

    if (line->len > ANSWER_MAX - dialog->answer_len) {
        run->too_long = true;
        return;
    }
    memcpy(dialog->answer + dialog->answer_len, line->text, line->len);
    dialog->answer_len += line->len;
}

static enum dialog_end take_error(struct run *run, const struct assuan_line *line)
{
    run->refused = true;
    run->code = line->code & CODE_MASK;
    unshown(run->dialog, line->text);
    run->dialog->reason[strcspn(run->dialog->reason, "<")] = '\0'; /* its "<Pinentry>" */
    return DIALOG_ANSWERED;
}

/* One line of the answer to a command. True: there is more; else *end. */
static bool take_line(struct run *run, const struct assuan_line *line, enum dialog_end *end)
{
    *end = DIALOG_ANSWERED;
    switch (line->kind) {
    case ASSUAN_OK:
        return false;
    case ASSUAN_ERR:
        *end = take_error(run, line);
        return false;
    case ASSUAN_DATA:
        if (memchr(line->text, '\0', line->len))
            break;
        take_data(run, line);
        return true;
    case ASSUAN_STATUS:
        if (strncmp(line->text, "PIN_REPEATED", strlen("PIN_REPEATED")) == 0)
            run->repeated = true;
        return true;
    case ASSUAN_INQUIRE:
        (void)pinentry_tell(&run->pinentry, "CAN", "");
        return true;
    case ASSUAN_COMMENT:
        return true;
    case ASSUAN_JUNK:
        break;
    }
    *end = DIALOG_JUNK;
    return false;
}

static enum dialog_end end_of(int r)
{
    switch (r) {
    case -ETIMEDOUT:
        return DIALOG_TIMED_OUT;
    case -ECANCELED:
        return DIALOG_OVER;
    case -EPROTO:
        return DIALOG_JUNK;
    default:
        return DIALOG_DIED;
    }
}

/* Wait for all of the answer to a command. DIALOG_ANSWERED: OK, or ERR (refused). */
static enum dialog_end hear(struct run *run, uint64_t deadline_ms)
{
    struct assuan_line line;
    enum dialog_end end;
    int r = 1;

    run->refused = false;
    for (int i = 0; i < LINES_MAX; i++) {
        if ((r = pinentry_hear(&run->pinentry, &line, deadline_ms)) <= 0)
            return end_of(r);
        if (!take_line(run, &line, &end))
            return end;
    }
    return DIALOG_JUNK;
}

/* What comes before the question has a short deadline, and is no reason not to ask another. */
static enum dialog_end prepare(struct run *run)
{
    uint64_t soon = clock_deadline_ms(REPLY_MS);
    bool is_soon = soon < run->dialog->deadline_ms;
    enum dialog_end end = hear(run, is_soon ? soon : run->dialog->deadline_ms);

    if (end == DIALOG_TIMED_OUT && is_soon)
        return unshown(run->dialog, "it does not answer");
    return end == DIALOG_DIED ? unshown(run->dialog, "it ends at once") : end;
}

/* A command that the pinentry may refuse. */
static enum dialog_end set(struct run *run, const char *command, const char *text)
{
    if (pinentry_tell(&run->pinentry, command, text) < 0)
        return unshown(run->dialog, "it ends at once");
    return prepare(run);
}

/* Values are not encoded: one with a control character, a space or a '%' is left out. */
static enum dialog_end set_option(struct run *run, const char *name, const char *value)
{
    char option[512];
    int n = snprintf(option, sizeof option, "%s=%s", name, value);

    if (!value[0] || n < 0 || (size_t)n >= sizeof option ||
        !printable_valid(value, strlen(value)) || strpbrk(value, " %"))
        return DIALOG_ANSWERED;
    return set(run, "OPTION", option);
}

static enum dialog_end set_options(struct run *run)
{
    const struct msg_context *context = run->dialog->context;
    const bool has_terminal = run->dialog->terminal->fd >= 0;
    const char *const options[][2] = {
        {"ttyname", has_terminal ? context->tty : ""},
        {"ttytype", has_terminal ? context->term : ""},
        {"lc-ctype", context->lc_ctype},
        {"lc-messages", context->lc_messages},
    };
    enum dialog_end end = prepare(run); /* its greeting */

    if (end == DIALOG_ANSWERED && run->refused)
        return DIALOG_UNSHOWN;
    for (size_t i = 0; end == DIALOG_ANSWERED && i < sizeof options / sizeof *options; i++)
        end = set_option(run, options[i][0], options[i][1]);
    return end;
}

/* Text that is shown, made plain first. */
static enum dialog_end set_text(struct run *run, const char *command, const char *text,
                                void (*make_plain)(char *text, bool ascii))
{
    char plain[TEXT_SIZE];

    if (!text[0])
        return DIALOG_ANSWERED;
    snprintf(plain, sizeof plain, "%s", text);
    make_plain(plain, run->ascii);
    return set(run, command, plain);
}

/* What is at stake must be shown: a pinentry that can't is not asked. */
static enum dialog_end set_stake(struct run *run)
{
    const struct msg_prompt_ask *ask = run->dialog->ask;
    bool problem_first = ask->kind == PROMPT_CONFIRM && run->problem[0];
    char text[TEXT_SIZE];
    enum dialog_end end;

    /* For yes and no, most show SETERROR nowhere. */
    snprintf(text, sizeof text, "%s%s%s", problem_first ? run->problem : "",
             problem_first ? "\n\n" : "", ask->stake);
    end = set_text(run, "SETDESC", text, plain_lines);
    return end == DIALOG_ANSWERED && run->refused ? DIALOG_UNSHOWN : end;
}

static enum dialog_end set_timeout(struct run *run)
{
    uint64_t now = clock_boot_ms(), until = run->dialog->until_ms;
    char seconds[16];

    snprintf(seconds, sizeof seconds, "%u", until > now ? (unsigned)((until - now) / 1000) + 1 : 1);
    return set(run, "SETTIMEOUT", seconds);
}

/* All that a question needs; a pinentry forgets some of it at each answer. */
static enum dialog_end set_up(struct run *run, const char *label)
{
    bool confirm = run->dialog->ask->kind == PROMPT_CONFIRM;
    enum dialog_end end = set(run, "SETTITLE", "awstap");

    if (end == DIALOG_ANSWERED)
        end = set_timeout(run);
    if (end == DIALOG_ANSWERED)
        end = set_stake(run);
    if (end == DIALOG_ANSWERED)
        end = set_text(run, "SETERROR", run->problem, plain_lines);
    if (end == DIALOG_ANSWERED)
        end = confirm ? set(run, "SETOK", "Yes") : set_text(run, "SETPROMPT", label, plain_label);
    if (end == DIALOG_ANSWERED && confirm)
        end = set(run, "SETCANCEL", "No");
    return end;
}

/* Let the person answer. What comes back is an end by their will or by time, or of the pinentry. */
static enum dialog_end question(struct run *run, const char *command)
{
    enum dialog_end end;

    run->dialog->answer_len = 0;
    run->too_long = run->repeated = false;
    if (pinentry_tell(&run->pinentry, command, "") < 0)
        return DIALOG_DIED;
    end = hear(run, run->dialog->deadline_ms);
    if (end != DIALOG_ANSWERED || !run->refused)
        return end;
    switch (run->code) {
    case CODE_CANCELED:
    case CODE_FULLY_CANCELED:
    case CODE_NOT_CONFIRMED:
        return DIALOG_CANCELLED;
    case CODE_TIMEOUT:
        return DIALOG_TIMED_OUT;
    case CODE_LOCALE_PROBLEM:
        return DIALOG_LOCALE;
    default:
        return DIALOG_UNSHOWN;
    }
}

static enum dialog_end get_pin(struct run *run, const char *label, const char *repeat)
{
    enum dialog_end end = set_up(run, label);

    if (end == DIALOG_ANSWERED && repeat[0])
        end = set(run, "SETREPEAT", repeat);
    return end == DIALOG_ANSWERED ? question(run, "GETPIN") : end;
}

/* Why what was typed will not do, or "". */
static const char *objection(const struct run *run)
{
    if (run->too_long)
        return "That is too long: 255 bytes at most.";
    return run->dialog->answer_len ? "" : "Nothing was typed.";
}

/* Whether the first n bytes are the same, in a time that tells nothing of them. */
static bool is_same(const char *a, const char *b, size_t n)
{
    unsigned differ = 0;

    for (size_t i = 0; i < n; i++)
        differ |= (unsigned)a[i] ^ (unsigned)b[i];
    return differ == 0;
}

/* For a pinentry that can't ask twice by itself. */
static enum dialog_end get_again(struct run *run, const char *label)
{
    struct dialog *dialog = run->dialog;
    char *first = arena_alloc(ANSWER_MAX);
    size_t len = dialog->answer_len;
    enum dialog_end end;

    if (!first)
        return unshown(dialog, "out of memory");
    memcpy(first, dialog->answer, len);
    run->problem = "";
    end = get_pin(run, label, "");
    if (end == DIALOG_ANSWERED &&
        (dialog->answer_len != len || !is_same(first, dialog->answer, len)))
        run->problem = "The two are not the same.";
    arena_free(first);
    return end;
}

static enum dialog_end ask_typed(struct run *run)
{
    const struct msg_prompt_ask *ask = run->dialog->ask;
    const char *repeat = ask->kind == PROMPT_NEW_PASSPHRASE ? "Again:" : "";

    for (int tries = 0; tries < TRIES_MAX; tries++) {
        enum dialog_end end = get_pin(run, ask->label, repeat);

        if (end == DIALOG_ANSWERED && !*(run->problem = objection(run)) && repeat[0] &&
            !run->repeated)
            end = get_again(run, repeat);
        if (end != DIALOG_ANSWERED || !run->problem[0])
            return end;
    }
    return DIALOG_CANCELLED;
}

static enum dialog_end ask(struct run *run)
{
    enum dialog_end end = set_options(run);

    if (end != DIALOG_ANSWERED)
        return end;
    if (run->dialog->ask->kind != PROMPT_CONFIRM)
        return ask_typed(run);
    end = set_up(run, "");
    return end == DIALOG_ANSWERED ? question(run, "CONFIRM") : end;
}

/* Whether the pinentry has had its say, so that a word ends it. */
static bool has_answered(enum dialog_end end)
{
    return end == DIALOG_ANSWERED || end == DIALOG_CANCELLED || end == DIALOG_LOCALE;
}

enum dialog_end dialog_run(struct dialog *dialog, const char *path, bool on_terminal, bool ascii)
{
    struct run run = {.dialog = dialog, .ascii = ascii, .problem = dialog->ask->problem};
    enum dialog_end end;
    int r;

    if (on_terminal)
        terminal_lend(dialog->terminal);
    if ((r = pinentry_start(&run.pinentry, path, dialog->environment, dialog->conversation)) < 0) {
        dialog->missing = r == -ENOENT;
        return unshown(dialog, strerror(-r));
    }
    dialog->missing = false;
    end = ask(&run);
    pinentry_stop(&run.pinentry, has_answered(end));
    if (on_terminal)
        terminal_take_back(dialog->terminal);
    return end;
}
