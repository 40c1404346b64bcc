// SPDX-License-Identifier: BSD-2-Clause
// awstap factor add: another way to open the vault; the first makes the vault.
#include <fcntl.h>
#include <string.h>

#include "agent.h"
#include "command.h"
#include "failure.h"

static int run(const struct arguments *arguments)
{
    const struct msg_factor_add add = {.kind = FACTOR_FIDO2,
                                       .label = arguments->option[OPTION_LABEL],
                                       .device = arguments->option[OPTION_DEVICE]};
    const struct request request = {.type = MSG_FACTOR_ADD,
                                    .msg = &add,
                                    .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS};

    if (strcmp(arguments->operand[0], "fido2") != 0)
        return fail(EXIT_USAGE, "there is no such kind of factor; the kind is fido2");
    return agent_request(&request);
}

const struct command cmd_factor_add = {
    .name = "factor add",
    .synopsis = "fido2 [--label TEXT] [--device PATH]",
    .summary = "Enrol a security key, with which the vault can be opened",
    .help = "The first factor makes the vault. A further one is sealed by one that is enrolled\n"
            "already, which is asked for first.\n",
    .grammar = {.options = WITH(OPTION_LABEL) | WITH(OPTION_DEVICE), .operands = 1},
    .run = run,
};
