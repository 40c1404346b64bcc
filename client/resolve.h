// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_RESOLVE_H
#define AWSTAP_RESOLVE_H

#include <stdint.h>

#include "arguments.h"
#include "aws_config.h"
#include "buf.h"

#define RESOLVE_NAME 65

/* What a NAME stands for. */
struct resolved {
    char key[RESOLVE_NAME];    /* in the vault */
    uint32_t duration;         /* of its session, seconds; 0: the default */
    struct buf hops;           /* the roles from there on, as GET has them (PROTOCOL.md) */
    char region[RESOLVE_NAME]; /* for whoever uses the session; "": the key's */
};

/*
 * Follow the name given on the command line through the AWS config file to a key, collecting roles
 * and options; those of the command line override the last role's. resolved_free() is due whatever
 * comes. An exit status, and why on stderr.
 */
int resolve(const struct arguments *arguments, struct resolved *resolved);

/* The same of a name alone, by this config; why it failed goes into why, of size bytes. */
int resolve_quietly(const struct aws_config *config, const char *name, struct resolved *resolved,
                    char *why, size_t size);

/* Whether `awstap get NAME` asks for the key of that name, and for no role that a profile of that
 * name would add. */
bool resolve_is_key(const struct aws_config *config, const char *name);

void resolved_free(struct resolved *resolved);

#endif
