// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CLOCK_SOURCE_H
#define AWSTAP_CLOCK_SOURCE_H

#include <stdint.h>
#include <time.h>

/* Where clock.c gets the time from: clock_system.c in what is installed, clock_test.c in the test
 * build. */

/* The clock's reading in milliseconds. */
uint64_t clock_source_ms(clockid_t id);

/* How long one may sleep when wait_ms are left: all of it, or less where the clock may jump. */
uint64_t clock_source_wait_ms(uint64_t wait_ms);

#endif
