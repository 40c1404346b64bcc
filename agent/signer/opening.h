// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_OPENING_H
#define AWSTAP_OPENING_H

#include "agent.h"

/*
 * An opening of the vault for all sessions wanted before the touch: one touch, a signed request
 * each. first is the first WANT; more are taken until the vault is open. Each is answered, and DONE
 * said.
 */
void opening_run(struct agent *agent, const struct frame *first);

#endif
