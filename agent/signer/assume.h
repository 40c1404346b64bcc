// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ASSUME_H
#define AWSTAP_ASSUME_H

#include "agent.h"

/*
 * Assume the role that ASSUME names, with the session that it brings; the vault has no part in it.
 * It is answered with ISSUED or REFUSED, and DONE.
 */
void assume_run(struct agent *agent, const struct frame *request);

#endif
