// SPDX-License-Identifier: BSD-2-Clause
// awstap factor remove: one way less to open the vault.
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "command.h"
#include "failure.h"

static int run(const struct arguments *arguments)
{
    const char *id = arguments->operand[0];
    struct msg_factor_remove remove = {0};
    const struct request request = {.type = MSG_FACTOR_REMOVE,
                                    .msg = &remove,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS};

    if (!*id || strlen(id) > 9 || id[strspn(id, "0123456789")])
        return fail(EXIT_USAGE, "a factor's ID is a number; see awstap factor list");
    remove.id = (uint32_t)strtoul(id, NULL, 10);
    return agent_request(&request);
}

const struct command cmd_factor_remove = {
    .name = "factor remove",
    .synopsis = "ID",
    .summary = "Let a factor open the vault no longer",
    .help = "The last one cannot be removed. Copies of the vault made before still open with it.\n",
    .grammar = {.operands = 1},
    .run = run,
};
