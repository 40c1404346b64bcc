// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MEMORY_H
#define AWSTAP_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of memory that this process can have without swapping and without being killed: the
 * system's MemAvailable, and what the control groups (version 2) that we are in leave. What can't
 * be learnt limits nothing.
 */
uint64_t memory_available(void);

/* The number behind name at the beginning of a line of text, times unit; UINT64_MAX: there is none.
 * text is n bytes and a NUL. */
uint64_t memory_field(const char *text, const char *name, uint64_t unit);

#endif
