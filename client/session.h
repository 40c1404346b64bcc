// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SESSION_H
#define AWSTAP_SESSION_H

#include "agent.h"
#include "arguments.h"
#include "resolve.h"

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
