// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CHAIN_H
#define AWSTAP_CHAIN_H

#include <stdint.h>

#include "arguments.h"
#include "aws_config.h"
#include "role.h"
#include "words.h"

/* The roles from a key on, put together of what profiles and options say. */

#define CHAIN_MAX          8 /* roles one after the other: the agent takes no more */
#define PROFILE_SIZE       257
#define CHAIN_POLICY_BYTES 8192 /* of a policy's file: AWS takes 2048 characters */

/* What one profile says, or the command line, whose name is "". */
struct layer {
    char name[PROFILE_SIZE];
    struct aws_profile profile; /* in the config's text */
    struct words words;         /* of its credential_process */
    struct arguments arguments; /* in those words, or in the command line's */
    char *policy;               /* that has been read from a file */
};

struct chain {
    struct role role[CHAIN_MAX];
    size_t count;
    uint32_t duration; /* of the key's own session, seconds; 0: its default */
};

/*
 * Add what the layer says: first its options, which begin roles and override the last one's values,
 * then its profile's role. region (or NULL) is for its roles, where they do not name their own. An
 * exit status, and why on stderr. The chain leads into the layer.
 */
int chain_take(struct chain *chain, struct layer *layer, const char *region);

/* Append the chain as hops (PROTOCOL.md). An exit status, and why on stderr. */
int chain_put(const struct chain *chain, struct buf *hops);

/* Fail with a line on what the layer says: EXIT_USAGE for the command line, else EXIT_FAILED. */
int layer_fail(const struct layer *layer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void layer_free(struct layer *layer);

#endif
