// SPDX-License-Identifier: BSD-2-Clause
// awstap key rotate: a new access key in the place of the old one.
#include <stdio.h>

#include "agent.h"
#include "buf.h"
#include "command.h"
#include "failure.h"
#include "key_name.h"
#include "output.h"

/* What became of each key: what went wrong is the status of all. */
static int take(void *context, const struct frame *frame)
{
    int *status = context, r;
    struct msg_outcome outcome;
    struct buf line;

    if (message_get(frame, MSG_OUTCOME, &outcome) < 0)
        return agent_unexpected();
    if (outcome.status != EXIT_DONE) {
        failure_about("key rotate", outcome.name);
        *status = fail((int)outcome.status, "%s", outcome.text);
        return EXIT_DONE;
    }
    buf_init(&line);
    r = buf_printf(&line, "%s: %s\n", outcome.name, outcome.text) < 0
            ? fail(EXIT_FAILED, "memory is short")
            : output_buf(&line);
    buf_free(&line);
    return r;
}

static int run(const struct arguments *arguments)
{
    const char *discard = arguments->option[OPTION_DISCARD];
    const char *name = *arguments->more ? *arguments->more : "";
    const bool due = arguments->option[OPTION_DUE];
    const struct msg_key_rotate rotate = {
        .name = name, .due = due, .discard = discard ? discard : ""};
    int of_keys = EXIT_DONE, status;
    const struct request request = {.type = MSG_KEY_ROTATE,
                                    .msg = &rotate,
                                    .fd = -1,
                                    .start = !due,
                                    .wait_ms = AGENT_LIFE_MS,
                                    .take = take,
                                    .context = &of_keys};

    if (*name)
        failure_about("key rotate", name);
    if (*name && arguments->more[1])
        return fail(EXIT_USAGE, "one key at a time");
    if (*name && !key_name_allowed(name))
        return fail(EXIT_USAGE, KEY_NAME_RULE);
    if (!*name && !due)
        return fail(EXIT_USAGE, "which key? give its name, or --due for all that are due");
    if (due && discard)
        return fail(EXIT_USAGE, "--discard goes with a key, not with --due");
    status = agent_request(&request);
    return status == EXIT_DONE ? of_keys : status;
}

const struct command cmd_key_rotate = {
    .name = "key rotate",
    .synopsis = "NAME [--discard ID] | [NAME] --due",
    .summary = "Replace the access key of a key by a new one",
    .help =
        "Two touches: one that lets AWS make a new access key, which is sealed and tried, and one\n"
        "that proves it. Then the old one is switched off, and deleted after the key's `grace`.\n"
        "Interrupted anywhere, the key in the vault works, and running it again goes on.\n"
        "AWS allows two access keys per user: --discard names one that the vault does not know,\n"
        "the new one of a rotation that is to be given up, or the old one before its time.\n"
        "--due rotates what `awstap key set NAME rotate_every=…` says, as far as that goes\n"
        "without a touch; the rest rides on the next one. It is what awstap-rotate.timer runs,\n"
        "starts no agent (exit status 3: none runs), and says what became of each key.\n",
    .grammar = {.options = WITH(OPTION_DISCARD) | WITH(OPTION_DUE), .more = true, .optional = true},
    .run = run,
};
