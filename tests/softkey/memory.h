// SPDX-License-Identifier: BSD-2-Clause
// NAME.state: what a key remembers when it is unplugged, and what tests ask it about.
#ifndef SOFTKEY_MEMORY_H
#define SOFTKEY_MEMORY_H

#include "crypto.h"
#include "options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_TEXT_MAX 2048 /* bytes of NAME.state */
#define PIN_RETRIES     8
#define UV_RETRIES      3

struct memory {
    uint8_t master[HASH_SIZE]; /* every credential of this key hangs on it */
    char pin[PIN_MAX + 1];     /* in the clear, for tests to read; empty: none */
    uint64_t retries;          /* PIN tries left */
    uint64_t misses;           /* wrong PINs in a row since power was applied */
    uint64_t uv_retries;       /* tries left on the sensor */
    uint64_t counter;          /* the signature counter */
    uint64_t touches;          /* touches given */
    uint64_t credentials;      /* made */
    uint64_t assertions;       /* given, pre-flights included */
    uint64_t secrets;          /* assertions that carried an hmac-secret */
    uint64_t cancels;          /* CTAPHID_CANCELs that ended a wait */
    uint64_t waiting;     /* process id in which this key waits for the person; 0: it does not */
    uint64_t busy_us;     /* time this key spent computing and waiting */
    uint64_t inode, born; /* which NAME.touch it last had power from */
};

/* A new key: a random master secret and the PIN of its options. 0 or a negative errno. */
int memory_new(struct memory *memory, const struct options *options);

/* Read all of NAME.state; text is terminated and changed. False when it is not understood. */
bool memory_parse(struct memory *memory, char *text);

/* Write NAME.state into text; its length. */
size_t memory_format(const struct memory *memory, char text[MEMORY_TEXT_MAX]);

#endif
