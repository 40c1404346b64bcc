// SPDX-License-Identifier: BSD-2-Clause
// What is unfinished about a key: found in the journal, and said to a person.
#include "task.h"

#include <stdio.h>
#include <string.h>

#include "duration.h"

bool task_find(const struct vault *vault, uint32_t key, enum task_kind kind, struct task *task)
{
    static struct journal journal; /* too large for the stack */
    struct error unreadable = {0};
    const struct task *found;

    *task = (struct task){.key = key, .kind = kind};
    if (journal_read(vault, &journal, &unreadable) < 0 ||
        !(found = journal_task(&journal, key, kind)))
        return false;
    *task = *found;
    return true;
}

static void say_inactive(const struct task *task, const struct key *key, uint64_t now, char *out)
{
    uint64_t end = task->moved + key->policy.grace;
    char left[DURATION_SIZE];

    if (now >= end)
        snprintf(out, TASK_TEXT_SIZE, "%.128s is off, and is deleted with the next touch",
                 task->old_id);
    else
        snprintf(out, TASK_TEXT_SIZE, "%.128s is off, and is deleted in %s", task->old_id,
                 duration_about(end - now, left));
}

static void say_rotate(const struct task *task, const struct key *key, uint64_t now, char *out)
{
    switch (task->phase) {
    case PHASE_INTENT:
        snprintf(out, TASK_TEXT_SIZE,
                 "a new access key was asked for, and what AWS did is not known; "
                 "awstap key rotate %s finds out",
                 key->name);
        break;
    case PHASE_SEALED:
    case PHASE_CHECKED:
        snprintf(
            out, TASK_TEXT_SIZE,
            "the new access key %.128s waits for the next touch, which proves it; %.128s stays "
            "active until then",
            task->new_id, task->old_id);
        break;
    case PHASE_INACTIVE:
        say_inactive(task, key, now, out);
        break;
    default:
        snprintf(out, TASK_TEXT_SIZE, "%.128s is %s with the next touch", task->old_id,
                 task->phase == PHASE_PROVEN ? "switched off" : "deleted");
    }
}

static void say_other(const struct task *task, const struct key *key, char *out)
{
    static const char *const WORDS[][2] = {
        [TASK_MFA_ADD] = {"an MFA device is being made", "mfa add"},
        [TASK_MFA_REMOVE] = {"its MFA device is being removed", "mfa remove"},
        [TASK_REVOKE] = {"the leak drill is unfinished", "revoke"},
    };

    snprintf(out, TASK_TEXT_SIZE, "%s; awstap %s %s goes on with it", WORDS[task->kind][0],
             WORDS[task->kind][1], key->name);
}

const char *task_say(const struct vault *vault, const struct key *key, uint64_t now,
                     char out[TASK_TEXT_SIZE])
{
    /* The drill is more than the rotation that it began as. */
    static const enum task_kind KINDS[] = {TASK_REVOKE, TASK_ROTATE, TASK_MFA_ADD, TASK_MFA_REMOVE,
                                           TASK_EXPOSED};
    struct task task;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS && !out[0]; i++) {
        if (!task_find(vault, key->id, KINDS[i], &task))
            continue;
        if (task.kind == TASK_ROTATE)
            say_rotate(&task, key, now, out);
        else if (task.kind == TASK_EXPOSED)
            snprintf(out, TASK_TEXT_SIZE,
                     "%.128s lay in a plain file and was not replaced since; awstap key rotate %s "
                     "does it",
                     task.old_id, key->name);
        else
            say_other(&task, key, out);
    }
    return out;
}
