// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ROTATION_H
#define AWSTAP_ROTATION_H

#include "access_key.h"
#include "life.h"
#include "task.h"

/* The task of replacing a key's access key, as the journal has it; the steps themselves are
 * rotate.h's. */

/* One change of the vault: the task as it is to be, and what goes with it. */
struct change {
    struct task task;
    uint32_t from_kind, from_phase; /* what the journal has to say still */
    const struct access_key *put;   /* or NULL */
    const char *drop;               /* an access key id, or NULL */
};

/* A rotation, or the beginning of a leak drill. Too large for the stack: whoever has one has it
 * static. */
struct rotation {
    struct life *life;
    char name[KEY_NAME_MAX + 1]; /* what the person calls the key */
    struct task task;            /* as it stands in the journal */
    struct change change;        /* that is being written */
};

/* Find where it stands; PHASE_NONE where there is none. */
void rotation_find(struct rotation *rotation, struct life *life, enum task_kind kind);

/* As that; the drill begins where a rotation stands. 0 or -1 with error. */
int rotation_take_up(struct rotation *rotation, struct life *life, enum task_kind kind,
                     struct error *error);

/* A change to this phase, to be filled in further, and written by rotation_write(). */
struct change *rotation_change(struct rotation *rotation, enum task_phase phase);

/* Write it, unless somebody else has changed the task meanwhile. 0 or -1 with error. */
int rotation_write(struct rotation *rotation, struct error *error);

/* Note that the task is in this phase now. 0 or -1 with error. */
int rotation_move_on(struct rotation *rotation, enum task_phase phase, struct error *error);

/* The task is over; the record of this access key goes with it, where there is one (or NULL). 0 or
 * -1 with error. */
int rotation_close(struct rotation *rotation, const char *drop, struct error *error);

/* The words by which a person goes on with it, before the key's name. */
const char *rotation_command(const struct rotation *rotation);

/*
 * What AWS's lists are searched for: NULL where they do not show it (yet).
 */
typedef const struct iam_key *rotation_search(const struct rotation *rotation,
                                              const struct iam_keys *keys);

/* The new access key. */
rotation_search rotation_new_key;

/*
 * Search the lists, and while they do not show it take them again (see census.h), for so long, of
 * which AWS may need ROTATION_SETTLE_MS. *found leads into keys. 0 or -1 with error.
 */
#define ROTATION_SETTLE_MS 60000
int rotation_await(const struct rotation *rotation, struct iam_keys *keys, rotation_search *search,
                   int patience_ms, const struct iam_key **found, struct error *error);

/* Delete an access key at AWS; one that is gone already is fine. 0 or -1 with error. */
int rotation_delete_key(struct life *life, const char *id, struct error *error);

/* The access key of this id in a list, or NULL. */
const struct iam_key *rotation_find_key(const struct iam_keys *keys, const char *id);

#endif
