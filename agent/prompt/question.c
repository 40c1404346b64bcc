// SPDX-License-Identifier: BSD-2-Clause
// A question to the person: which pinentry puts it where, and what is said where none can.
#include "question.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "choice.h"
#include "clock.h"
#include "dialog.h"
#include "printable.h"

#define SECONDS_MAX 600u /* more is a fault of ours */
#define LATE_MS     5000 /* that we wait for longer than the pinentry */

/* A question while it is asked. */
struct asking {
    struct dialog dialog;
    struct terminal terminal;
    int terminal_error; /* of opening it */
    struct choice choice;
    const char *path; /* of the pinentry that was asked last, missing ones left out; NULL: none */
    char reason[160]; /* why that one could not show the dialog */
};

static int __attribute__((format(printf, 2, 3))) fail(struct reply *reply, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reply->text, sizeof reply->text, format, args);
    va_end(args);
    printable_clean(reply->text);
    reply->type = MSG_PROMPT_FAILED;
    return 0;
}

static int fail_nowhere(const struct asking *asking, struct reply *reply)
{
    const char *todo = "run it at a terminal, or log in at the desktop";

    if (!asking->terminal.path[0])
        return fail(reply,
                    "a dialog is needed, and there is neither a display nor a terminal for it; %s",
                    todo);
    return fail(reply, "a dialog is needed, and the terminal %.200s cannot be opened (%s); %s",
                asking->terminal.path, strerror(-asking->terminal_error), todo);
}

static int fail_unshown(const struct asking *asking, struct reply *reply)
{
    if (asking->path)
        return fail(
            reply,
            "%.200s cannot show a dialog here: %s; run it at another terminal, or at the desktop",
            asking->path, asking->reason);
    if (asking->choice.fixed)
        return fail(reply,
                    "the pinentry %.200s is not there; install it, or run the agent with another",
                    asking->choice.list[0].path);
    return fail(
        reply, "a dialog is needed, and no pinentry is installed; install pinentry-curses%s",
        choice_has_display(asking->dialog.context) ? " or, for the desktop, pinentry-gtk2" : "");
}

static int take_answer(const struct asking *asking, struct reply *reply)
{
    reply->answer_len = asking->dialog.answer_len;
    reply->type = asking->dialog.ask->kind == PROMPT_CONFIRM ? MSG_DONE : MSG_PROMPT_ANSWER;
    return 0;
}

static int tell(const struct asking *asking, enum dialog_end end, struct reply *reply)
{
    switch (end) {
    case DIALOG_ANSWERED:
        return take_answer(asking, reply);
    case DIALOG_CANCELLED:
        if (asking->dialog.ask->kind == PROMPT_CONFIRM)
            return fail(reply, "the dialog was answered with no; run it again to be asked again");
        return fail(reply, "the dialog was cancelled; run it again to be asked again");
    case DIALOG_TIMED_OUT:
        return fail(reply, "no answer in the dialog within %u s; run it again and answer it",
                    asking->dialog.ask->seconds);
    case DIALOG_UNSHOWN:
    case DIALOG_LOCALE:
        return fail_unshown(asking, reply);
    case DIALOG_DIED:
        return fail(reply, "%.200s has ended without an answer; run it again", asking->path);
    case DIALOG_JUNK:
        return fail(reply, "%.200s does not speak as a pinentry does; use another one",
                    asking->path);
    case DIALOG_OVER:
        break;
    }
    return -ECANCELED;
}

/* Characters that the terminal's locale lacks are no reason not to ask. */
static enum dialog_end ask_one(struct asking *asking, const struct candidate *candidate)
{
    enum dialog_end end =
        dialog_run(&asking->dialog, candidate->path, candidate->on_terminal, false);

    if (end == DIALOG_LOCALE)
        end = dialog_run(&asking->dialog, candidate->path, candidate->on_terminal, true);
    return end;
}

/* One after the other, until one has shown the dialog. The first that could not says why. */
static enum dialog_end ask_all(struct asking *asking)
{
    enum dialog_end end = DIALOG_UNSHOWN;

    for (size_t i = 0; i < asking->choice.count; i++) {
        const struct candidate *candidate = &asking->choice.list[i];

        end = ask_one(asking, candidate);
        if (end != DIALOG_UNSHOWN && end != DIALOG_LOCALE) {
            asking->path = candidate->path;
            return end;
        }
        if (!asking->dialog.missing && !asking->path) {
            asking->path = candidate->path;
            memcpy(asking->reason, asking->dialog.reason, sizeof asking->reason);
        }
    }
    return end;
}

static int run(struct asking *asking, struct reply *reply)
{
    const struct msg_context *context = asking->dialog.context;

    asking->terminal_error = terminal_open(&asking->terminal, context->tty);
    choice_make(&asking->choice, context, asking->terminal.fd >= 0);
    if (asking->terminal.fd < 0 && !choice_has_display(context) && !asking->choice.fixed)
        return fail_nowhere(asking, reply);
    return tell(asking, ask_all(asking), reply);
}

int question_ask(const struct msg_prompt_ask *ask, const struct msg_context *context,
                 int conversation, struct reply *reply)
{
    static struct asking asking;
    static char **environment;
    int r;

    *reply = (struct reply){0};
    if (ask->kind < PROMPT_PIN || ask->kind > PROMPT_CONFIRM || ask->seconds > SECONDS_MAX)
        return -EPROTO;
    if (!environment && !(environment = choice_environment(context)))
        return -ENOMEM;
    if (!(reply->answer = arena_alloc(ANSWER_MAX + 1)))
        return -ENOMEM;
    asking = (struct asking){.dialog = {.ask = ask,
                                        .context = context,
                                        .terminal = &asking.terminal,
                                        .environment = environment,
                                        .conversation = conversation,
                                        .until_ms = clock_deadline_ms((int)ask->seconds * 1000),
                                        .answer = reply->answer}};
    asking.dialog.deadline_ms = asking.dialog.until_ms + LATE_MS;
    r = run(&asking, reply);
    terminal_close(&asking.terminal);
    return r;
}

void reply_free(struct reply *reply)
{
    arena_free(reply->answer);
    *reply = (struct reply){0};
}
