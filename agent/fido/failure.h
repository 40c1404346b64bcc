// SPDX-License-Identifier: BSD-2-Clause
// What a person is told when a security key fails.
#ifndef AWSTAP_FIDO_FAILURE_H
#define AWSTAP_FIDO_FAILURE_H

#include "channel.h"

/* What fails a security key beside libfido2's FIDO_ERR_ codes, among which these are not. */
enum failure {
    FAILURE_TOUCHLESS = 0x1001,       /* it gives its secret without a touch */
    FAILURE_UNPROTECTED = 0x1002,     /* it gives a credential to whoever is not verified */
    FAILURE_ALWAYS_VERIFIES = 0x1003, /* it verifies its user where the vault's slot must not */
};

/*
 * Send MSG_FIDO_FAILED: the code (negative ones as two's complement) and one line that
 * says what happened and what to do. An error in sending is no news: the conversation is over.
 */
void failure_send(struct channel *channel, int code);

#endif
