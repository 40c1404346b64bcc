// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DURATION_H
#define AWSTAP_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* Lengths of time as people write and read them. */

#define DURATION_SIZE 24 /* of the texts below */

/* Read seconds as 3600, 90s, 30m, 12h or 1d. False for any other text, and for more than 10 years.
 */
bool duration_read(const char *text, uint32_t *seconds);

/* In words, as "12 hours", "90 minutes". out. */
const char *duration_words(uint32_t seconds, char out[DURATION_SIZE]);

/* Any length, rounded up to a unit that says enough: "3 days", "5 minutes". out. */
const char *duration_about(uint64_t seconds, char out[DURATION_SIZE]);

/* As duration_read() takes it, as "12h". out. */
const char *duration_short(uint32_t seconds, char out[DURATION_SIZE]);

#endif
