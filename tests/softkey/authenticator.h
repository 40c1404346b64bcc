// SPDX-License-Identifier: BSD-2-Clause
// The CTAP 2.1 authenticator: a command's bytes in, a reply's bytes out, and a person in between.
#ifndef SOFTKEY_AUTHENTICATOR_H
#define SOFTKEY_AUTHENTICATOR_H

#include "memory.h"
#include "options.h"

#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 2048 /* bytes of a command or a reply: what libfido2 takes */

/* What became of asking the person. */
enum answer {
    ANSWER_TOUCH,
    ANSWER_DENY,
    ANSWER_TIMEOUT, /* the key's own */
    ANSWER_CANCEL,
};

struct authenticator;

/*
 * A key with power, fresh from plugging in. options and memory are the caller's and outlive it;
 * commands change memory. NULL without memory. Free with authenticator_free.
 */
struct authenticator *authenticator_new(const struct options *options, struct memory *memory);
void authenticator_free(struct authenticator *authenticator);

/*
 * Take a command (its byte, then CBOR). The reply's length; or 0: the person is to be asked, and
 * authenticator_finish gives the reply. A command that waits is forgotten by the next.
 */
size_t authenticator_begin(struct authenticator *authenticator, const uint8_t *command, size_t size,
                           uint8_t reply[MESSAGE_MAX]);
size_t authenticator_finish(struct authenticator *authenticator, enum answer answer,
                            uint8_t reply[MESSAGE_MAX]);

#endif
