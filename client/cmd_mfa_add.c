// SPDX-License-Identifier: BSD-2-Clause
// awstap mfa add: a virtual MFA device for a key's user, made by awstap.
#include "agent.h"
#include "command.h"

static int run(const struct arguments *arguments)
{
    const struct msg_mfa_add add = {.key = arguments->operand[0],
                                    .replace = arguments->option[OPTION_REPLACE] != NULL};
    const struct request request = {
        .type = MSG_MFA_ADD, .msg = &add, .fd = -1, .start = true, .wait_ms = AGENT_LIFE_MS};

    return agent_request(&request);
}

const struct command cmd_mfa_add = {
    .name = "mfa add",
    .synopsis = "KEY [--replace]",
    .summary = "Make a virtual MFA device for the key's user",
    .help =
        "AWS makes the device, its seed is sealed beside the key and shown to nobody. It is "
        "called\n"
        "like the user, or USERNAME-awstap where there is such a device already. AWS wants two\n"
        "codes, 30 s apart, and a third one for the first session: it takes about a minute. Where\n"
        "it was interrupted, running it again goes on. The user's policy must allow it: see\n"
        "awstap iam-policy --bootstrap.\n"
        "\n"
        "--replace is for a seed that may be in other hands. The new device is made with the MFA\n"
        "of the one before, and only when it has given a session that one is deleted, so a policy\n"
        "that asks for MFA locks nobody out.\n",
    .grammar = {.options = WITH(OPTION_REPLACE), .operands = 1},
    .run = run,
};
