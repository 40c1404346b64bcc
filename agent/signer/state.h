// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_STATE_H
#define AWSTAP_STATE_H

#include <stdint.h>

#include "error.h"
#include "record.h"

/*
 * What this machine remembers of a vault, in the state folder: how far its writes had come, so that
 * an older or a forked file is noticed; and which machine this is.
 */

#define STATE_MACHINE_BYTES 16

struct state_memory {
    uint64_t generation; /* 0: nothing is remembered */
    uint8_t hash[VAULT_KEY_BYTES];
};

/* What is remembered of the vault with this id. 0, also for nothing; 1 with EXIT_VAULT where it
 * can't be told from what is there, which is damaged; -1. */
int state_recall(const char *folder, const uint8_t vault_id[VAULT_ID_BYTES],
                 struct state_memory *memory, struct error *error);

/* Remember a newer generation, on the disk at once, in the place of what is damaged too; one that
 * is not newer changes nothing. 0 or -1. */
int state_remember(const char *folder, const uint8_t vault_id[VAULT_ID_BYTES],
                   const struct state_memory *memory, struct error *error);

/* The id of this machine, made at random by the first call. 0 or -1. */
int state_machine(const char *folder, uint8_t id[STATE_MACHINE_BYTES], struct error *error);

#endif
