// SPDX-License-Identifier: BSD-2-Clause
// awstap lock: the agent forgets what it holds.
#include "agent.h"
#include "command.h"

static int run(const struct arguments *arguments)
{
    const struct request lock = {.type = MSG_LOCK, .fd = -1, .wait_ms = AGENT_QUICK_MS};

    (void)arguments;
    return agent_request(&lock);
}

const struct command cmd_lock = {
    .name = "lock",
    .synopsis = "",
    .summary = "Forget all sessions and give up what is being waited for",
    .help = "Sessions already handed out stay valid at AWS until they expire. Starts no agent:\n"
            "exit status 3 says that none is running.\n",
    .grammar = {0},
    .run = run,
};
