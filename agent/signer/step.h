// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_STEP_H
#define AWSTAP_STEP_H

#include "server.h"
#include "vault.h"

/* TOTP steps by AWS's clock: which are still good, and waiting for one. */

/* The step of this moment by the server's clock. */
uint64_t step_now(const struct server *server);

/* Wait until the step begins, and tell the person why. */
void step_await(struct agent *agent, const struct server *server, uint64_t step);

/* Wait until there is a step that has not been used for the key's MFA device. 0 or -1 with error.
 */
int step_await_unused(struct agent *agent, const struct vault *vault, const struct key *key,
                      const struct server *server, struct error *error);

/*
 * The first step whose code is good, now or soon, when others before us use up this many. 0 or -1
 * with error.
 */
int step_choose(const struct vault *vault, const struct key *key, const struct server *server,
                unsigned others, uint64_t *step, struct error *error);

/*
 * Mark the step as used: a code that is about to leave counts, whatever comes back. 1; 0: it was
 * used already; -1 with error.
 */
int step_use(const struct vault *vault, const struct key *key, const struct server *server,
             uint64_t step, struct error *error);

#endif
