// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SEED_H
#define AWSTAP_SEED_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"

/* The seed of a virtual MFA device, as a person hands it over, or is handed it. */

#define SEED_MIN       10 /* bytes: 80 bits, what the oldest services gave out */
#define SEED_MAX       64
#define SEED_INPUT_MAX 2048 /* bytes of text */

struct seed {
    uint8_t *data; /* in the arena */
    size_t len;
};

/*
 * Read a seed from base32 (RFC 4648; lower case, blanks and dashes are allowed, padding may be
 * missing) or from an otpauth://totp/ URI, whose algorithm, digits and period, where given, must be
 * AWS's. White space around it is ignored. The input stays as it is, the caller wipes it. 0, and
 * the caller calls seed_free(); or -1 and error, and there is nothing to free.
 */
int seed_read(const struct buf *text, struct seed *seed, struct error *error);

/*
 * Append the otpauth:// URI by which an authenticator app takes over n bytes of seed, as account
 * label of awstap; and the seed in base32 in groups of 4, for typing it in. 0 or a negative errno.
 */
int seed_put_uri(struct buf *out, const uint8_t *seed, size_t n, const char *label);
int seed_put_groups(struct buf *out, const uint8_t *seed, size_t n);

/* Wipe and release. Harmless on a zeroed struct. */
void seed_free(struct seed *seed);

#endif
