// SPDX-License-Identifier: BSD-2-Clause
// awstap mfa remove: a key's MFA device is deleted at AWS, and its seed with it.
#include "agent.h"
#include "command.h"

static int run(const struct arguments *arguments)
{
    const struct msg_mfa_remove remove = {arguments->operand[0]};
    const struct request request = {
        .type = MSG_MFA_REMOVE, .msg = &remove, .fd = -1, .start = true, .wait_ms = AGENT_LIFE_MS};

    return agent_request(&request);
}

const struct command cmd_mfa_remove = {
    .name = "mfa remove",
    .synopsis = "KEY",
    .summary = "Delete the key's MFA device at AWS, and its seed",
    .help =
        "A dialog asks before, as the access key alone then does what its user may. What mfa add\n"
        "has left unfinished is undone. A device whose seed is not in the vault stays, and one\n"
        "that another key goes by too: the last of them deletes it.\n",
    .grammar = {.operands = 1},
    .run = run,
};
