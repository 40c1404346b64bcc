// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MFA_SESSION_H
#define AWSTAP_MFA_SESSION_H

#include "mfa_codes.h"
#include "sigv4.h"
#include "vault.h"

/*
 * A session of a key that is got when the touch is long over: the first one with an MFA device that
 * was made since, or one that is to be younger than something that was waited for. What signs it is
 * SigV4's signing key of that day for STS.
 */
struct mfa_session {
    struct agent *agent;
    struct server server;
    struct sigv4_day *day; /* in the arena */
    char access_key_id[129];
    unsigned tries; /* codes to try at most; 0: as many as a new device needs */
};

/* Connect, before the touch. 0 or -1 with error; mfa_session_close() is due in either case. */
int mfa_session_open(struct mfa_session *session, struct agent *agent, const struct key *key,
                     struct error *error);

/* With the vault open: make what signs. 0 or -1 with error. */
int mfa_session_prepare(struct mfa_session *session, const struct vault *vault,
                        const struct key *key, struct error *error);

/*
 * Get the session, and hand it to the agent. codes are those of the key's MFA device; NULL: a
 * session without MFA. A device that is new is not known everywhere at AWS for up to a minute: the
 * next code is tried then. 0 or -1 with error.
 */
int mfa_session_get(struct mfa_session *session, const char *state, const struct key *key,
                    const struct mfa_codes *codes, struct error *error);

/* Wipe and release. Harmless on a zeroed one. */
void mfa_session_close(struct mfa_session *session);

#endif
