// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TOTP_H
#define AWSTAP_TOTP_H

#include <stddef.h>
#include <stdint.h>

/* Time-based one-time passwords as AWS takes them: RFC 6238 with SHA-1, 6 digits and steps of 30 s.
 */

#define TOTP_PERIOD_MS 30000u
#define TOTP_CODE_SIZE 7 /* six digits and a NUL */

/*
 * The step that a time of day (milliseconds since 1970) falls into, and the time at which a step
 * begins.
 */
uint64_t totp_step(uint64_t time_ms);
uint64_t totp_step_start_ms(uint64_t step);

/*
 * The code of a step. 0, or -EINVAL (an empty seed), or -EIO when libcrypto fails; code is a secret
 * until used.
 */
int totp_code(const uint8_t *seed, size_t len, uint64_t step, char code[TOTP_CODE_SIZE]);

#endif
