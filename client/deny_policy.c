// SPDX-License-Identifier: BSD-2-Clause
// Policies that deny everything to sessions issued before a moment.
#include "deny_policy.h"

#define DOCUMENT                                                                                   \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\","            \
    "\"Resource\":\"*\",\"Condition\":{\"DateLessThan\":{\"aws:TokenIssueTime\":\"%s\"}}}]}"

int deny_policy_put(struct buf *out, const char *before)
{
    return buf_printf(out, DOCUMENT, before);
}

int deny_policy_put_now(struct buf *out)
{
    return buf_printf(out, "'" DOCUMENT "'", "'\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"'");
}
