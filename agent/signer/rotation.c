// SPDX-License-Identifier: BSD-2-Clause
// A rotation as the journal has it: found, moved on, closed.
#include "rotation.h"

#include <stdio.h>
#include <string.h>

#include "census.h"
#include "clock.h"
#include "denial.h"

#define LOOK_MS 2000 /* between two looks at AWS's lists */

/* Whether the journal still says what this change begins with. */
static bool is_where(struct journal *journal, const struct change *change)
{
    const struct task *there = journal_task(journal, change->task.key, change->from_kind);

    return (there ? there->phase : PHASE_NONE) == change->from_phase;
}

/* What lay in a plain file is of no use to anybody once it is switched off. */
static int forget_exposed(struct journal *journal, const struct task *task, struct error *error)
{
    const struct task *exposed = journal_task(journal, task->key, TASK_EXPOSED);
    const struct task gone = {.key = task->key, .kind = TASK_EXPOSED};

    return task->phase >= PHASE_INACTIVE && exposed && strcmp(exposed->old_id, task->old_id) == 0
               ? journal_set(journal, &gone, error)
               : 0;
}

/* A task that becomes one of another kind leaves its place. */
static int set_task(struct journal *journal, const struct change *change, struct error *error)
{
    const struct task gone = {.key = change->task.key, .kind = change->from_kind};

    if (change->from_kind != change->task.kind && journal_set(journal, &gone, error) < 0)
        return -1;
    return journal_set(journal, &change->task, error);
}

static int apply(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct change *change = context;
    const struct key *key = vault_key_by_id(vault, change->task.key);

    if (!key)
        return error_set(error, EXIT_FAILED, "the key was removed from the vault meanwhile");
    if (journal_read(vault, &journal, error) < 0)
        return -1;
    if (!is_where(&journal, change))
        return error_set(error, EXIT_FAILED,
                         "another awstap is changing the access key of %s, too; awstap key show %s "
                         "tells where that stands",
                         key->name, key->name);
    if (set_task(&journal, change, error) < 0 ||
        forget_exposed(&journal, &change->task, error) < 0 ||
        journal_put(vault, &journal, error) < 0)
        return -1;
    if (change->put &&
        vault_put_record(vault, key, RECORD_ACCESS_KEY, change->put->id, change->put->secret,
                         strlen(change->put->secret), error) < 0)
        return -1;
    return change->drop ? vault_drop_record(vault, key, RECORD_ACCESS_KEY, change->drop, error) : 0;
}

struct change *rotation_change(struct rotation *rotation, enum task_phase phase)
{
    struct change *change = &rotation->change;

    change->task = rotation->task;
    change->task.phase = phase;
    change->from_kind = rotation->task.kind;
    change->from_phase = rotation->task.phase;
    change->put = NULL;
    change->drop = NULL;
    return change;
}

/* What the drill has learned of the old access key's end is needed until all of it is over. */
static bool keeps_its_moment(const struct task *task)
{
    return task->kind == TASK_REVOKE && task->phase == PHASE_DELETING;
}

int rotation_write(struct rotation *rotation, struct error *error)
{
    struct change *change = &rotation->change;

    if (!keeps_its_moment(&change->task))
        change->task.moved = clock_now_ms() / 1000;
    if (vault_change(rotation->life->vault, apply, change, error) < 0)
        return -1;
    rotation->task = change->task;
    return 0;
}

int rotation_move_on(struct rotation *rotation, enum task_phase phase, struct error *error)
{
    rotation_change(rotation, phase);
    return rotation_write(rotation, error);
}

int rotation_close(struct rotation *rotation, const char *drop, struct error *error)
{
    struct change *change = rotation_change(rotation, PHASE_NONE);

    if (drop && census_knows_key(rotation->life->vault, drop))
        change->drop = drop;
    return rotation_write(rotation, error);
}

void rotation_find(struct rotation *rotation, struct life *life, enum task_kind kind)
{
    rotation->life = life;
    snprintf(rotation->name, sizeof rotation->name, "%s", life_key(life)->name);
    task_find(life->vault, life->key, kind, &rotation->task);
}

int rotation_take_up(struct rotation *rotation, struct life *life, enum task_kind kind,
                     struct error *error)
{
    static struct task other; /* too large for the stack, with the others */

    rotation_find(rotation, life, kind);
    if (kind == TASK_REVOKE && rotation->task.phase != PHASE_NONE)
        return 0;
    if (!task_find(life->vault, life->key, kind == TASK_REVOKE ? TASK_ROTATE : TASK_REVOKE, &other))
        return 0;
    if (kind == TASK_ROTATE)
        return error_set(error, EXIT_FAILED,
                         "the leak drill of %s is unfinished; go on with it: awstap revoke %s",
                         rotation->name, rotation->name);
    rotation->task = other;
    rotation_change(rotation, other.phase)->task.kind = TASK_REVOKE;
    return rotation_write(rotation, error);
}

const char *rotation_command(const struct rotation *rotation)
{
    return rotation->task.kind == TASK_REVOKE ? "revoke" : "key rotate";
}

const struct iam_key *rotation_find_key(const struct iam_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].id, id) == 0)
            return &keys->keys[i];
    return NULL;
}

const struct iam_key *rotation_new_key(const struct rotation *rotation, const struct iam_keys *keys)
{
    return rotation_find_key(keys, rotation->task.new_id);
}

int rotation_await(const struct rotation *rotation, struct iam_keys *keys, rotation_search *search,
                   int patience_ms, const struct iam_key **found, struct error *error)
{
    uint64_t deadline = clock_deadline_ms(patience_ms);

    while (!(*found = search(rotation, keys)) && clock_left_ms(deadline) != 0) {
        agent_progress(rotation->life->agent, PROGRESS_AWS,
                       "waiting for AWS to show the new access key of %s", rotation->name);
        agent_wait(rotation->life->agent, clock_deadline_ms(LOOK_MS));
        if (census_take(rotation->life, keys, error) < 0)
            return -1;
    }
    return 0;
}

int rotation_delete_key(struct life *life, const char *id, struct error *error)
{
    enum iam_verdict verdict = iam_delete_key(&life->iam, id, error);

    if (verdict != IAM_OK && verdict != IAM_GONE)
        return denial_explain(life, verdict, error);
    census_gone(id);
    return 0;
}
