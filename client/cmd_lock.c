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
    .summary = "Forget all sessions and end what is under way",
    .help =
        "What AWS was asked to make by then is still sealed; running the command again goes on\n"
        "with it. Sessions already handed out stay valid at AWS until they expire. Starts no "
        "agent:\n"
        "exit status 3 says that none is running.\n",
    .grammar = {0},
    .run = run,
};
