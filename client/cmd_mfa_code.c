// SPDX-License-Identifier: BSD-2-Clause
// awstap mfa code: a TOTP code, for the console.
#include <stdio.h>

#include "agent.h"
#include "command.h"
#include "output.h"
#include "terminal.h"

/* The code alone on stdout, for scripts; what the person should know on the terminal. */
static int take(void *context, const struct frame *frame)
{
    struct progress progress;
    struct msg_progress note = {.kind = PROGRESS_NOTE};
    struct msg_code code;
    char text[64];

    (void)context;
    if (message_get(frame, MSG_CODE, &code) < 0)
        return agent_unexpected();
    snprintf(text, sizeof text, "the code is good for %u s, and for one use", code.seconds);
    note.text = text;
    progress_init(&progress);
    progress_take(&progress, &note);
    return output_line(code.code);
}

static int run(const struct arguments *arguments)
{
    const struct msg_mfa_code code = {arguments->operand[0]};
    const struct request request = {.type = MSG_MFA_CODE,
                                    .msg = &code,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS,
                                    .take = take};

    return agent_request(&request);
}

const struct command cmd_mfa_code = {
    .name = "mfa code",
    .synopsis = "KEY",
    .summary = "Print a code of the key's MFA device, as for the console",
    .help = "awstap uses the code no more: AWS takes each only once.\n",
    .grammar = {.operands = 1},
    .run = run,
};
