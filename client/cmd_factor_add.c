// SPDX-License-Identifier: BSD-2-Clause
// awstap factor add: another way to open the vault; the first makes the vault.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "command.h"
#include "failure.h"

#define ENROL_MS 900000 /* what is shown is copied by hand, and typed back */

static uint32_t kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum factor_kind kind;
    } KINDS[] = {
        {"fido2", FACTOR_FIDO2}, {"passphrase", FACTOR_PASSPHRASE}, {"recovery", FACTOR_RECOVERY}};

    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(name, KINDS[i].name) == 0)
            return KINDS[i].kind;
    return 0;
}

/* What goes with the request: the terminal, by a description of its own, where something is to be
 * shown there that nobody else may see; else nothing worth the name. */
static int open_for(const struct msg_factor_add *add)
{
    if (add->kind == FACTOR_RECOVERY || add->with_totp)
        return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static int check(const struct msg_factor_add *add)
{
    if (!add->kind)
        return fail(EXIT_USAGE, "the kinds of factors are fido2, passphrase and recovery");
    if (add->with_totp && add->kind != FACTOR_PASSPHRASE)
        return fail(EXIT_USAGE, "--totp goes with a passphrase only");
    if (add->device && add->kind != FACTOR_FIDO2)
        return fail(EXIT_USAGE, "--device is for security keys; the kind is fido2");
    return EXIT_DONE;
}

static int run(const struct arguments *arguments)
{
    const struct msg_factor_add add = {.kind = kind_of(arguments->operand[0]),
                                       .label = arguments->option[OPTION_LABEL],
                                       .device = arguments->option[OPTION_DEVICE],
                                       .with_totp = arguments->option[OPTION_TOTP] != NULL};
    struct request request = {
        .type = MSG_FACTOR_ADD, .msg = &add, .start = true, .wait_ms = ENROL_MS};
    int status = check(&add);

    if (status != EXIT_DONE)
        return status;
    if ((request.fd = open_for(&add)) < 0)
        return fail(EXIT_FAILED,
                    "there is no terminal to show what only you may see; run it in one");
    return agent_request(&request);
}

const struct command cmd_factor_add = {
    .name = "factor add",
    .synopsis = "fido2|passphrase|recovery [--label TEXT] [--device PATH] [--totp]",
    .summary = "Enrol a security key, a passphrase or a recovery code that opens the vault",
    .help = "The first factor makes the vault. A further one is confirmed by one that is enrolled\n"
            "already, which is asked for at the end. A recovery code, and the seed of --totp, are\n"
            "shown once, at the terminal.\n",
    .grammar = {.options = WITH(OPTION_LABEL) | WITH(OPTION_DEVICE) | WITH(OPTION_TOTP),
                .operands = 1},
    .run = run,
};
