// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_RESOLVE_H
#define AWSTAP_RESOLVE_H

#include <stdint.h>

#include "arguments.h"

#define RESOLVE_NAME 65

/* What a NAME stands for. */
struct resolved {
    char key[RESOLVE_NAME];    /* in the vault */
    uint32_t duration;         /* seconds, 0: the default */
    char region[RESOLVE_NAME]; /* "": the key's */
};

/*
 * Follow the name given on the command line through the AWS config file to a key, collecting
 * options; those of the command line come first. An exit status, and why on stderr.
 */
int resolve(const struct arguments *arguments, struct resolved *resolved);

#endif
