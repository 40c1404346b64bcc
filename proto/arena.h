// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ARENA_H
#define AWSTAP_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The arena: the one place of a process where secrets live. It is a private mapping between two
 * guard pages, locked as its pages are touched (mlock2, MLOCK_ONFAULT), left out of core dumps and
 * empty in a forked child. What is released is wiped at once, so free memory reads as zero.
 *
 * A process has one arena. None of these functions is safe to call from two threads.
 */

enum arena_lock {
    ARENA_LOCK_WANTED, /* go on where the kernel does not let us lock memory */
    ARENA_LOCK_NEEDED, /* fail there: for those that hold secrets for longer than a command */
};

/*
 * Make the arena, of size bytes (rounded up to a power of two; 64 KiB to 64 MiB).
 * Returns 0 or a negative errno; -EPERM or -ENOMEM where ARENA_LOCK_NEEDED can't be met
 * (RLIMIT_MEMLOCK).
 */
int arena_open(size_t size, enum arena_lock lock);

/* Unmap the arena. All that is in it is wiped first. */
void arena_close(void);

/* A zeroed block of at least size bytes, owned by the caller until arena_free(); NULL when none is
 * free. */
void *arena_alloc(size_t size);

/* Wipe and release a block of arena_alloc(). NULL is allowed; any other pointer ends the process.
 */
void arena_free(void *block);

/* The bytes that a block of arena_alloc() really has, at least those asked for. */
size_t arena_capacity(const void *block);

/* A copy of the text in the arena, owned by the caller; NULL when none is free. */
char *arena_strdup(const char *text);

#endif
