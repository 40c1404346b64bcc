// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ROLE_H
#define AWSTAP_ROLE_H

#include "arn.h"
#include "error.h"
#include "message.h"

/*
 * A role to be assumed, with all that AssumeRole takes. Bounds and characters are those of the
 * AssumeRole page of the AWS STS API Reference.
 */

#define ROLE_POLICY_ARNS_MAX 10
#define ROLE_TAGS_MAX        50
#define ROLE_NAME_MAX        64 /* of a role, of a session, of a source identity */

struct role_tag {
    const char *key, *value;
};

/* Texts lead into the list that it was read from; "" stands for "not given". */
struct role {
    const char *arn_text, *external_id, *source_identity, *policy, *region;
    char session_name[ROLE_NAME_MAX + 1];
    struct arn arn;
    uint32_t duration;
    size_t policy_arn_count, tag_count, transitive_count;
    const char *policy_arns[ROLE_POLICY_ARNS_MAX];
    struct role_tag tags[ROLE_TAGS_MAX];
    const char *transitive[ROLE_TAGS_MAX];
};

/*
 * Read the one role in hops (PROTOCOL.md), which is to be in this partition; a role without a
 * session name gets one from the key's name. Whoever wrote hops is not trusted. 0, or -1 with error
 * (EXIT_USAGE).
 */
int role_read(const struct list *hops, const char *key_name, const char *partition,
              struct role *role, struct error *error);

/* The name of the role, without its path. */
const char *role_name(const struct role *role);

#endif
