// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOG_H
#define AWSTAP_LOG_H

#include <stdint.h>

#include "log_line.h"
#include "message.h"

/*
 * The log of what was asked for and what was issued, in the state folder: append-only, bounded, and
 * forward-secure (log_chain.h). Nothing is logged before there is a vault, to whose public key the
 * log's first key is sealed. A log that can't be written stops nothing.
 */

/* Keep the log in the folder state; the vault's header is read at vault. The texts must stay. 0 or
 * a negative errno: memory is short. */
int log_open(const char *state, const char *vault);

/* Wipe the key of the next line. */
void log_close(void);

/* Add a line. */
void log_event(const struct log_event *event);

/* The id of the segment that is being written, empty before its first line; and how many lines it
 * has, those included that could not be written. */
struct bytes log_start(void);

/* The public key of the vault that the segment is sealed to; empty before its first line. */
struct bytes log_key(void);
uint64_t log_count(void);

/* One line on why the log could not be written the last time, and what to do; empty when it could.
 */
const char *log_trouble(void);

#endif
