// SPDX-License-Identifier: BSD-2-Clause
// awstap socket remove: a remote host may ask for sessions no more.
#include "agent.h"
#include "command.h"

static int run(const struct arguments *arguments)
{
    const struct msg_socket_remove remove = {arguments->operand[0]};
    const struct request request = {.type = MSG_SOCKET_REMOVE,
                                    .msg = &remove,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_QUICK_MS};

    return agent_request(&request);
}

const struct command cmd_socket_remove = {
    .name = "socket remove",
    .synopsis = "HOST",
    .summary = "Let a remote host ask for sessions no more",
    .help = "What it has got is valid until it expires.\n",
    .grammar = {.operands = 1},
    .run = run,
};
