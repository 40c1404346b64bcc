// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_HOP_H
#define AWSTAP_HOP_H

#include "flight.h"

/* A hop: one role assumed with a session that the agent holds, by a signer that needs no vault. */

/* Ask AWS for the last role of the flight with this session; the flight is told what came of it,
 * also at once. */
void hop_begin(struct flight *flight, const struct session *session);

/* Stop asking. Harmless where there is none. */
void hop_cancel(struct flight *flight);

#endif
