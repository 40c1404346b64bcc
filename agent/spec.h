// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SPEC_H
#define AWSTAP_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

/*
 * What a session is asked for by. A region says where to ask, and changes nothing of the answer, so
 * it is left out wherever specs are compared. The texts are the owner's of the spec.
 */
struct spec {
    const char *key;
    uint32_t duration; /* of the key's own session; 0: the key's default */
    struct list hops;  /* the roles from the key on, as GET has them (PROTOCOL.md) */
};

#define SPEC_HOPS_MAX 8 /* roles one after the other: more is a cycle, or a mistake */

/*
 * Check what a client asks for, but for the values, which the signer checks. NULL, or why it is
 * refused, for a person.
 */
const char *spec_check(const struct spec *spec);

bool spec_equal(const struct spec *a, const struct spec *b);

/* A hash of what spec_equal() compares, under a secret key of 16 bytes (crypto_shorthash). */
uint64_t spec_hash(const struct spec *spec, const unsigned char *hash_key);

/* The ARN of the last role; "" for the key's own session. */
const char *spec_role(const struct spec *spec);

/* How long the last role is to last; 0: nothing is said of it. */
uint32_t spec_role_seconds(const struct spec *spec);

/*
 * Whether the session is assumed with another session, which *parent then asks for (its texts are
 * those of spec). It is not for the key itself, nor for a first role of more than an hour: such a
 * one is assumed with the long-lived key.
 */
bool spec_parent(const struct spec *spec, struct spec *parent);

/* The last role alone. */
struct list spec_last_hop(const struct spec *spec);

/* How many bytes spec_copy() needs for the texts. */
size_t spec_size(const struct spec *spec);

/* Copy the spec, its texts to *at, which is moved behind them. */
struct spec spec_copy(const struct spec *spec, char **at);

#endif
