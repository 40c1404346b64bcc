// SPDX-License-Identifier: BSD-2-Clause
// awstap vault adopt: a vault that came from elsewhere becomes this machine's.
#include "agent.h"
#include "command.h"

static int run(const struct arguments *arguments)
{
    const struct request request = {
        .type = MSG_VAULT_ADOPT, .fd = -1, .start = true, .wait_ms = AGENT_PERSON_MS};

    (void)arguments;
    return agent_request(&request);
}

const struct command cmd_vault_adopt = {
    .name = "vault adopt",
    .synopsis = "",
    .summary = "Make a vault that came from elsewhere this machine's",
    .help = "For one that was copied from another machine, which rotates its keys until then; and\n"
            "to go on with one that is older than what was seen here, or was changed in two\n"
            "places. A dialog says what that means, and a factor confirms it.\n",
    .run = run,
};
