// SPDX-License-Identifier: BSD-2-Clause
// Enrolling: a new credential on a security key, proven by deriving its secret once.
#ifndef AWSTAP_FIDO_ENROL_H
#define AWSTAP_FIDO_ENROL_H

#include "channel.h"
#include "credential.h"

/*
 * Serve FIDO_ENROL: make a credential (first touch), derive with it (second touch) exactly as it
 * will be done ever after, send FIDO_ENROLLED. The credentials given are those not to be enrolled
 * twice. FIDO_OK or a FIDO_ERR_ that failure.c knows.
 */
int enrol(struct channel *channel, const struct msg_fido_enrol *msg,
          const struct credentials *credentials);

#endif
