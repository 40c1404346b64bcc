// SPDX-License-Identifier: BSD-2-Clause
// The end of an access key that was replaced: only what a factor has opened and AWS takes may have
// its place.
#include "rotate.h"

#include <stdio.h>
#include <string.h>

#include "census.h"
#include "clock.h"
#include "denial.h"
#include "rotation.h"

int rotate_proven(struct life *life, enum task_kind kind, struct error *error)
{
    static struct rotation rotation;

    rotation_find(&rotation, life, kind);
    if (rotation.task.phase >= PHASE_PROVEN)
        return 0;
    if (rotation.task.phase < PHASE_SEALED)
        return error_set(error, EXIT_FAILED, "no new access key of %s waits for its proof",
                         rotation.name);
    if (strcmp(life->authority->signed_by, rotation.task.new_id) != 0)
        return error_set(error, EXIT_AWS,
                         "AWS does not take the new access key %s yet; %s stays in use; go on in a "
                         "minute: awstap %s %s",
                         rotation.task.new_id, rotation.task.old_id, rotation_command(&rotation),
                         rotation.name);
    return rotation_move_on(&rotation, PHASE_PROVEN, error);
}

/*
 * The session at hand is of the old access key. One that is older than the step before says
 * nothing; a newer one, that AWS took the old key only. Always -1 with error.
 */
static int not_by_new(const struct rotation *rotation, struct error *error)
{
    const struct task *task = &rotation->task;

    if (rotation->life->authority->issued <= task->moved)
        return error_set(error, EXIT_PERSON,
                         "the next touch shows whether AWS takes the new access key %s of %s; "
                         "until then %s stays as it is",
                         task->new_id, rotation->name, task->old_id);
    return error_set(error, EXIT_AWS,
                     "AWS took the old access key %s of %s only, and not the new one, so the old "
                     "one stays as it is; run it again in a minute, or give the new one up: awstap "
                     "%s %s --discard %s",
                     task->old_id, rotation->name, rotation_command(rotation), rotation->name,
                     task->new_id);
}

/* Somebody else may have taken the new one away since it was proven. 0 or -1 with error. */
static int check_listed(const struct rotation *rotation, struct error *error)
{
    static struct iam_keys keys; /* too large for the stack, with the others */
    const struct task *task = &rotation->task;
    const struct iam_key *listed;

    if (census_take(rotation->life, &keys, error) < 0 ||
        rotation_await(rotation, &keys, rotation_new_key, ROTATION_SETTLE_MS, &listed, error) < 0)
        return -1;
    if (listed && listed->active)
        return 0;
    return error_set(error, EXIT_AWS,
                     "the new access key %s of %s is %s at AWS, so the old one, %s, stays as it "
                     "is; look at both in the IAM console",
                     task->new_id, rotation->name, listed ? "off" : "no more", task->old_id);
}

/* Only what a factor has opened, and AWS takes, may replace the old access key. */
static int check_proven(const struct rotation *rotation, struct error *error)
{
    const struct life *life = rotation->life;
    const char *in_use = vault_access_key_id(life->vault, life_key(life));

    if (rotation->task.phase < PHASE_PROVEN || strcmp(in_use, rotation->task.new_id) != 0 ||
        strcmp(in_use, rotation->task.old_id) == 0)
        return error_set(error, EXIT_FAILED,
                         "the old access key of %s stays: the new one is not proven; go on with "
                         "awstap %s %s",
                         rotation->name, rotation_command(rotation), rotation->name);
    if (strcmp(life->authority->signed_by, in_use) != 0)
        return not_by_new(rotation, error);
    return check_listed(rotation, error);
}

int rotate_disable_old(struct life *life, enum task_kind kind, struct error *error)
{
    static struct rotation rotation;
    enum iam_verdict verdict;

    rotation_find(&rotation, life, kind);
    if (rotation.task.phase > PHASE_PROVEN)
        return 0;
    if (check_proven(&rotation, error) < 0)
        return -1;
    verdict = iam_set_key_active(&life->iam, rotation.task.old_id, false, error);
    if (verdict != IAM_OK && verdict != IAM_GONE)
        return denial_explain(life, verdict, error);
    return rotation_move_on(&rotation, PHASE_INACTIVE, error);
}

int rotate_delete_old(struct life *life, enum task_kind kind, struct error *error)
{
    char old_id[RECORD_SUBJECT_MAX + 1];
    static struct rotation rotation;

    rotation_find(&rotation, life, kind);
    if (rotation.task.phase == PHASE_NONE)
        return 0;
    if (check_proven(&rotation, error) < 0 ||
        rotation_move_on(&rotation, PHASE_DELETING, error) < 0)
        return -1;
    snprintf(old_id, sizeof old_id, "%s", rotation.task.old_id);
    return rotation_delete_key(life, old_id, error) < 0 ? -1
                                                        : rotation_close(&rotation, old_id, error);
}
