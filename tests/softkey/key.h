// SPDX-License-Identifier: BSD-2-Clause
// One key's files: NAME.touch (it is plugged, and the person), NAME.conf, NAME.state, NAME.lock.
// int results: 0 or a negative errno.
#ifndef SOFTKEY_KEY_H
#define SOFTKEY_KEY_H

#include "memory.h"
#include "options.h"

#include <stdbool.h>
#include <stdint.h>

#define KEY_NAME_MAX 32

struct key {
    int folder;
    int lock;
    char name[KEY_NAME_MAX + 1];
    uint64_t inode, born; /* of NAME.touch: this plugging in */
};

/* What the person does, as NAME.touch says. */
enum touch {
    TOUCH_AWAITED,
    TOUCH_GIVEN,
    TOUCH_DENIED,
};

/* A name that a key can have: no path, nothing hidden. */
bool key_name_valid(const char *name);

/* Find the key called name in folder. -ENODEV: it is not plugged in. Close it with key_close. */
int key_open(struct key *key, const char *folder, const char *name);
void key_close(struct key *key);

/* Whether it is still plugged in as it was when opened. */
bool key_plugged(const struct key *key);

/* What the person does, waited_ms after being asked first. An unfinished file reads as awaited. */
enum touch key_touch(const struct key *key, uint64_t waited_ms);

/* NAME.conf; a line that is not understood is told on stderr (-EINVAL). */
int key_options(const struct key *key, struct options *options);

/* NAME.state, between key_lock and key_unlock only. A key without one is new. */
int key_recall(const struct key *key, const struct options *options, struct memory *memory);
int key_remember(const struct key *key, const struct memory *memory);
int key_lock(const struct key *key);
void key_unlock(const struct key *key);

/* Claim the key for one command, for as long as that waits. -EBUSY: another one has it. */
int key_claim(const struct key *key);
void key_yield(const struct key *key);

#endif
