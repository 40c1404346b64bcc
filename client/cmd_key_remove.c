// SPDX-License-Identifier: BSD-2-Clause
// awstap key remove: a key leaves the vault.
#include "agent.h"
#include "command.h"

static int run(const struct arguments *arguments)
{
    const struct msg_key_remove remove = {arguments->operand[0]};
    const struct request request = {.type = MSG_KEY_REMOVE,
                                    .msg = &remove,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS};

    return agent_request(&request);
}

const struct command cmd_key_remove = {
    .name = "key remove",
    .synopsis = "NAME",
    .summary = "Take a key and its MFA seed out of the vault",
    .help = "At AWS the key stays as it is.\n",
    .grammar = {.operands = 1},
    .run = run,
};
