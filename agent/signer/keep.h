// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_KEEP_H
#define AWSTAP_KEEP_H

#include "agent.h"
#include "vault.h"

/*
 * Hand the agent what it may keep of a vault that a factor has opened or changed: K_rec, and the
 * hash of the head (KEEP). Without it nothing is lost but what could be done unattended, so that
 * this does not fail.
 */
void keep(struct agent *agent, const struct vault *vault);

#endif
