// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_JOURNAL_H
#define AWSTAP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "record.h"
#include "vault.h"

/*
 * The journal in the vault, under K_rec: what is being changed at AWS, written before each step, so
 * that whoever comes next knows where it stands; and what AWS has that this vault does not know.
 */

#define JOURNAL_TASKS_MAX     (2 * VAULT_KEYS_MAX)
#define JOURNAL_STRANGERS_MAX 64

enum task_kind {
    TASK_ROTATE = 1,
    TASK_MFA_ADD = 2,
    TASK_MFA_REMOVE = 3,
    TASK_REVOKE = 4,
    TASK_EXPOSED = 5, /* old_id lay in a plain file, and is to be replaced: always PHASE_INTENT */
};

/*
 * Each phase stands for what is certain. ROTATE and REVOKE share the first ones: rotation is the
 * beginning of the drill.
 */
enum task_phase {
    PHASE_NONE = 0,
    PHASE_INTENT =
        1, /* about to create; AWS had old_id alone (MFA_ADD: no device of this serial) */
    PHASE_SEALED = 2,   /* what AWS created is in the vault: new_id; the seed of serial */
    PHASE_CHECKED = 3,  /* AWS takes the new key (GetCallerIdentity, several times) */
    PHASE_PROVEN = 4,   /* a factor opened the new record, and it gave a session */
    PHASE_INACTIVE = 5, /* the old key is off; ROTATE: until the grace period is over */
    PHASE_RENEWED = 6, /* REVOKE: a session from the new key since; the rest waits for the person */
    PHASE_ENABLED = 7, /* MFA_ADD: the device is the user's */
    PHASE_DELETING = 8, /* about to delete old_id, or (MFA_REMOVE) serial */
};

struct task {
    uint32_t key;  /* its id */
    uint32_t kind; /* one of a kind per key */
    uint32_t phase;
    uint64_t begun, moved; /* seconds since 1970: the intent (ROTATE, REVOKE: by AWS's clock); the
                            * phase (REVOKE, from RENEWED on: the moment from which on the old key
                            * gave no session any more) */
    char old_id[RECORD_SUBJECT_MAX + 1], new_id[RECORD_SUBJECT_MAX + 1];
    char serial[RECORD_SUBJECT_MAX + 1];
};

/* An access key or MFA device of the key's user that this vault did not make and does not know. */
struct stranger {
    uint32_t key;
    char what[RECORD_SUBJECT_MAX + 1]; /* the access key id, or the serial */
    uint64_t seen;
};

struct journal {
    size_t task_count, stranger_count;
    struct task tasks[JOURNAL_TASKS_MAX];
    struct stranger strangers[JOURNAL_STRANGERS_MAX];
};

/* Decode the vault's journal, strictly; an empty one has nothing. 0, or -1 with EXIT_VAULT, and
 * then the journal is empty. */
int journal_read(const struct vault *vault, struct journal *journal, struct error *error);

/* Encode it into the vault, which is then to be written. EXIT_FAILED where it does not fit, or
 * speaks of a key that is not in the vault. */
int journal_put(struct vault *vault, const struct journal *journal, struct error *error);

/* The task of this key and kind, or NULL. */
struct task *journal_task(struct journal *journal, uint32_t key, enum task_kind kind);

/* Put the task in the place of the one of its key and kind; PHASE_NONE takes that one out. 0 or -1
 * with error. */
int journal_set(struct journal *journal, const struct task *task, struct error *error);

/* Put these (in any order) in the place of all strangers of this key; those that find no room are
 * left out. Whether that changed anything: of the same ones, seen stays what it was. */
bool journal_set_strangers(struct journal *journal, uint32_t key, const struct stranger *strangers,
                           size_t count);

/* Nothing is left of a key that is removed. */
void journal_forget(struct journal *journal, uint32_t key);

#endif
