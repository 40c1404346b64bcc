// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ARGUMENTS_H
#define AWSTAP_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* The options of all commands. The same one means the same everywhere. */
enum option {
    OPTION_CA_BUNDLE,
    OPTION_DEVICE,
    OPTION_DURATION_SECONDS,
    OPTION_HELP, /* every command has it */
    OPTION_IAM_ENDPOINT_URL,
    OPTION_JSON,
    OPTION_LABEL,
    OPTION_MFA_SERIAL,
    OPTION_REGION,
    OPTION_STS_ENDPOINT_URL,
    OPTIONS,
};

#define WITH(option) (1u << (option))

#define OPERANDS_MAX  2
#define ARGUMENTS_WHY 128

/* What a command takes. */
struct grammar {
    unsigned options; /* a sum of WITH() */
    size_t operands;  /* exactly so many */
    bool tail;        /* then a command of somebody else's, whose options are not ours */
};

/* What it was given. */
struct arguments {
    const char *option[OPTIONS]; /* the value, "" for one that has none, NULL for one not given */
    const char *operand[OPERANDS_MAX];
    size_t operands;
    char **tail; /* ended by NULL */
};

/*
 * Sort words (ended by NULL) by the grammar; the arguments lead into them. `--name value` and
 * `--name=value`, in any place, until `--`. Stops at --help. 0, or -EINVAL with the reason in why.
 */
int arguments_parse(const struct grammar *grammar, char **words, struct arguments *arguments,
                    char why[ARGUMENTS_WHY]);

/* Append a line for each option that the grammar has, for a help text. 0 or a negative errno. */
int arguments_help(const struct grammar *grammar, struct buf *out);

#endif
