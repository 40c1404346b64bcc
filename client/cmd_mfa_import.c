// SPDX-License-Identifier: BSD-2-Clause
// awstap mfa import: the seed of an MFA device goes into the vault, beside its key.
#include <string.h>

#include "agent.h"
#include "arena.h"
#include "command.h"
#include "failure.h"
#include "secret.h"

#define LINE_SIZE 2048 /* a seed has 64 characters, an otpauth:// URI may have a long label */

static int ask(struct buf *out)
{
    char *seed = arena_alloc(LINE_SIZE);
    int status;

    if (!seed)
        return fail(EXIT_FAILED, "memory is short");
    status = secret_line("Seed (base32) or otpauth:// URI: ", false, seed, LINE_SIZE);
    if (status == EXIT_DONE && buf_put(out, seed, strlen(seed)) < 0)
        status = fail(EXIT_FAILED, "memory is short");
    arena_free(seed);
    return status;
}

static int run(const struct arguments *arguments)
{
    const struct msg_mfa_import import = {arguments->operand[0],
                                          arguments->option[OPTION_MFA_SERIAL]};
    struct request request = {
        .type = MSG_MFA_IMPORT, .msg = &import, .start = true, .wait_ms = AGENT_PERSON_MS};
    int status = secret_descriptor(ask, &request.fd);

    return status == EXIT_DONE ? agent_request(&request) : status;
}

const struct command cmd_mfa_import = {
    .name = "mfa import",
    .synopsis = "KEY [--mfa-serial ARN]",
    .summary = "Seal the seed of the key's MFA device beside the key",
    .help =
        "Reads the seed in base32, or an otpauth:// URI, on stdin, or asks for it at a terminal.\n",
    .grammar = {.options = WITH(OPTION_MFA_SERIAL), .operands = 1},
    .run = run,
};
