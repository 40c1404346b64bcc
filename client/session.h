// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SESSION_H
#define AWSTAP_SESSION_H

#include "agent.h"
#include "arguments.h"
#include "resolve.h"

/* What all commands that want one take, and how they say it. */
#define SESSION_OPTIONS                                                                            \
    (WITH(OPTION_ROLE_ARN) | WITH(OPTION_DURATION_SECONDS) | WITH(OPTION_EXTERNAL_ID) |            \
     WITH(OPTION_ROLE_SESSION_NAME) | WITH(OPTION_SOURCE_IDENTITY) | WITH(OPTION_TAG) |            \
     WITH(OPTION_TRANSITIVE_TAG) | WITH(OPTION_POLICY) | WITH(OPTION_POLICY_ARN) |                 \
     WITH(OPTION_REGION))
#define SESSION_SYNOPSIS                                                                           \
    "[--role-arn ARN]… [--duration-seconds N] [--external-id ID] [--role-session-name NAME] "    \
    "[--source-identity NAME] [--tag KEY=VALUE]… [--transitive-tag KEY]… [--policy JSON] "     \
    "[--policy-arn ARN]… [--region REGION]"

/* A session as the agent hands it out. */
struct session {
    struct agent agent;
    struct resolved resolved;
    struct msg_session is; /* into the agent's frame: valid until session_close() */
};

/*
 * Resolve the NAME of the arguments and get its session, waiting wait_ms at most; what was asked
 * for then goes on. session_close() is due whatever comes. An exit status, and why on stderr.
 */
int session_open(struct session *session, const struct arguments *arguments, int wait_ms);
void session_close(struct session *session);

#endif
