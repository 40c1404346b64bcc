// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CLOCK_H
#define AWSTAP_CLOCK_H

#include <stdint.h>

/*
 * The clocks. Everything that awstap asks of time goes through here; the build of `make testroot`
 * links a variant that adds the milliseconds it finds in the file `clock` beside the running
 * binary.
 */

#define CLOCK_FOREVER UINT64_MAX

/* Make the clocks ready; before a process narrows itself, as the test variant opens a file. 0 or a
 * negative errno. */
int clock_open(void);

/* The time of day in milliseconds since 1970. */
uint64_t clock_now_ms(void);

/* Milliseconds since the system started, sleep included (CLOCK_BOOTTIME): for deadlines and expiry.
 */
uint64_t clock_boot_ms(void);

/* The time of clock_boot_ms() in timeout_ms from now; CLOCK_FOREVER for -1. */
uint64_t clock_deadline_ms(int timeout_ms);

/*
 * What is left of a deadline as poll() wants it: -1 for CLOCK_FOREVER, 0 when it has passed. It may
 * be less than all that is left (a long deadline, a clock that can jump): ask again when poll()
 * comes back empty-handed.
 */
int clock_left_ms(uint64_t deadline_ms);

/* A timer on CLOCK_BOOTTIME that polls readable when due. A descriptor (close-on-exec) or a
 * negative errno. */
int clock_timer(void);

/* Set the timer to deadline_ms (CLOCK_FOREVER: off). A past deadline is due at once. 0 or a
 * negative errno. */
int clock_timer_set(int timer, uint64_t deadline_ms);

#endif
