// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TASK_H
#define AWSTAP_TASK_H

#include "journal.h"

/* What is unfinished about a key, as the vault's journal has it. */

#define TASK_TEXT_SIZE 400

/*
 * The task of this key and kind: true, and *task. Else false, and *task is of this key and kind
 * with PHASE_NONE; so it is where the journal can't be read, which whoever writes it will report.
 */
bool task_find(const struct vault *vault, uint32_t key, enum task_kind kind, struct task *task);

/* What is unfinished and what comes next, in a line for a person; "" for nothing. now: seconds
 * since 1970. out. */
const char *task_say(const struct vault *vault, const struct key *key, uint64_t now,
                     char out[TASK_TEXT_SIZE]);

#endif
