// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ARGUMENTS_H
#define AWSTAP_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The options of all commands. The same one means the same everywhere. */
enum option {
    OPTION_ADMIN,
    OPTION_ALL,
    OPTION_ALLOW,
    OPTION_BOOTSTRAP,
    OPTION_BURN,
    OPTION_CA_BUNDLE,
    OPTION_CREDENTIALS,
    OPTION_DEVICE,
    OPTION_DISCARD,
    OPTION_DRY_RUN,
    OPTION_DUE,
    OPTION_DURATION_SECONDS,
    OPTION_EXTERNAL_ID,
    OPTION_HELP, /* every command has it */
    OPTION_IAM_ENDPOINT_URL,
    OPTION_JSON,
    OPTION_LABEL,
    OPTION_LINES,
    OPTION_MAX_DURATION,
    OPTION_MFA_SERIAL,
    OPTION_NO_BURN,
    OPTION_NO_REWRITE,
    OPTION_PARTITION,
    OPTION_POLICY,
    OPTION_POLICY_ARN,
    OPTION_REGION,
    OPTION_REPLACE,
    OPTION_REWRITE,
    OPTION_ROLE_ARN,
    OPTION_ROLE_SESSION_NAME,
    OPTION_SOURCE_IDENTITY,
    OPTION_STS_ENDPOINT_URL,
    OPTION_TAG,
    OPTION_TOTP,
    OPTION_TRANSITIVE_TAG,
    OPTION_UNATTENDED_ROTATION,
    OPTION_VERIFY,
    OPTIONS,
};

#define WITH(option) (UINT64_C(1) << (option))

#define OPERANDS_MAX  2
#define GIVEN_MAX     160 /* a role has up to 50 tags, as many transitive ones, and 10 policies */
#define ARGUMENTS_WHY 128

/* What a command takes. */
struct grammar {
    uint64_t options; /* a sum of WITH() */
    size_t operands;  /* exactly so many */
    bool more;        /* and one or more behind them */
    bool optional;    /* of more, there may be none */
    bool tail;        /* then a command of somebody else's, whose options are not ours */
};

/* What it was given. */
struct arguments {
    const char *option[OPTIONS]; /* the value, "" for one that has none, NULL for one not given */
    const char *operand[OPERANDS_MAX];
    size_t operands;
    char **more; /* ended by NULL */
    char **tail; /* ended by NULL */
    struct given {
        enum option option;
        const char *value;
    } given[GIVEN_MAX]; /* all options in their order: some may be given several times */
    size_t given_count;
};

/*
 * Sort words (ended by NULL) by the grammar; the arguments lead into them, and `more` is gathered
 * at their beginning. `--name value` and `--name=value`, in any place, until `--`. Stops at --help.
 * 0, or -EINVAL with the reason in why.
 */
int arguments_parse(const struct grammar *grammar, char **words, struct arguments *arguments,
                    char why[ARGUMENTS_WHY]);

/*
 * The values of an option that may be given several times, one at each call, in their order; NULL
 * behind the last. *at begins as 0.
 */
const char *arguments_next(const struct arguments *arguments, enum option option, size_t *at);

/* What the option is called, without its dashes. */
const char *arguments_name(enum option option);

/* Append a line for each option that the grammar has, for a help text. 0 or a negative errno. */
int arguments_help(const struct grammar *grammar, struct buf *out);

#endif
