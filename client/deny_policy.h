// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DENY_POLICY_H
#define AWSTAP_DENY_POLICY_H

#include "buf.h"

/*
 * The inline policies that end sessions which AWS can't call back: they deny everything to sessions
 * issued before a moment ("Revoke IAM role temporary security credentials", IAM User Guide).
 * Long-lived keys have no aws:TokenIssueTime, so they spare them.
 */

#define DENY_POLICY_OF_USER "awstap-deny-sessions-before"
#define DENY_POLICY_OF_ROLE                                                                        \
    "AWSRevokeOlderSessions" /* as the IAM console calls it, which then shows it */

/* Append the document; before is the moment, YYYY-MM-DDTHH:MM:SSZ. 0 or a negative errno. */
int deny_policy_put(struct buf *out, const char *before);

/*
 * Append the document quoted for a shell, its moment being when that shell runs it. 0 or a negative
 * errno.
 */
int deny_policy_put_now(struct buf *out);

#endif
