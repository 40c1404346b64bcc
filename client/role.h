// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ROLE_H
#define AWSTAP_ROLE_H

#include "arguments.h"
#include "buf.h"

/*
 * A role that a session is wanted of: what a profile and options say about it. The bounds are those
 * of AssumeRole in the STS API reference. The signer checks them too; here they are held against
 * what a person wrote, before anybody is asked for a touch.
 */

/* What is said once of a role: called in messages, and in the AWS config file, as role_names say.
 */
enum role_value {
    ROLE_ARN,
    ROLE_DURATION,
    ROLE_EXTERNAL_ID,
    ROLE_SESSION_NAME,
    ROLE_SOURCE_IDENTITY,
    ROLE_POLICY,
    ROLE_REGION,
    ROLE_VALUES,
};

/* What may be said several times. */
enum role_list { ROLE_POLICY_ARNS, ROLE_TAGS, ROLE_TRANSITIVE_TAGS, ROLE_LISTS };

/* All of it is the caller's to keep; NULL is not given. */
struct role {
    const char *value[ROLE_VALUES];
    const struct arguments *list[ROLE_LISTS]; /* whose options these are */
};

const char *role_value_name(enum role_value which);
enum option role_list_option(enum role_list which);

/* NULL, or what is wrong with the value, as a person reads it behind the value. */
const char *role_check(enum role_value which, const char *value);

/* The same for all values of a list. *value is the one that is wrong. */
const char *role_check_list(enum role_list which, const struct arguments *arguments,
                            const char **value);

/* Append the role, checked before, as hops have it (PROTOCOL.md). 0 or an error of buf_put(). */
int role_put(const struct role *role, struct buf *hops);

#endif
