// SPDX-License-Identifier: BSD-2-Clause
// What a person is told when a security key fails.
#ifndef AWSTAP_FIDO_FAILURE_H
#define AWSTAP_FIDO_FAILURE_H

#include "channel.h"

/*
 * Send MSG_FIDO_FAILED: the FIDO_ERR_ code (negative ones as two's complement) and one line that
 * says what happened and what to do. An error in sending is no news: the conversation is over.
 */
void failure_send(struct channel *channel, int code);

#endif
