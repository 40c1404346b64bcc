// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PATIENCE_H
#define AWSTAP_PATIENCE_H

#include "agent.h"
#include "sts.h"

/* With an AWS that is busy: how often the same request is sent again, and when. Zeroed to begin
 * with. */
struct patience {
    unsigned tries;
};

/*
 * Whether a refusal is one that passes by itself, and it has not lasted too long yet; then a while
 * has been waited, and the request is to be sent again.
 */
bool patience_again(struct patience *patience, struct agent *agent, enum sts_verdict verdict);

#endif
