// SPDX-License-Identifier: BSD-2-Clause
// awstap mfa remove: a key's MFA device is taken from its user and deleted, its seed dropped.
#include "errand.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "keep.h"
#include "mfa_removal.h"
#include "serial.h"
#include "task.h"

struct removing {
    struct life life;
    struct task task;                /* MFA_REMOVE */
    bool resumed;                    /* an earlier run began it */
    bool unfinished;                 /* the device: it has no user yet, most likely */
    bool named;                      /* the key has this serial, and is to lose it */
    char before[KEY_SERIAL_MAX + 1]; /* see mfa_removal_before() */
    struct allowed_serial allowed;   /* what the key has then: none, or the one before */
};

/* Which device. An unfinished one is removed as well. 0 or -1 with error. */
static int choose(struct removing *removing, struct error *error)
{
    const struct life *life = &removing->life;
    const struct key *key = life_key(life);
    struct task *task = &removing->task, add;

    if ((removing->resumed = task_find(life->vault, key->id, TASK_MFA_REMOVE, task)))
        return 0;
    if ((removing->unfinished = task_find(life->vault, key->id, TASK_MFA_ADD, &add)))
        snprintf(task->serial, sizeof task->serial, "%s", add.serial);
    else if (vault_has_seed(life->vault, key))
        snprintf(task->serial, sizeof task->serial, "%s", key->mfa_serial);
    else if (key->mfa_serial[0])
        return error_set(error, EXIT_FAILED,
                         "the MFA device %s is not awstap's, as its seed is not in the vault; "
                         "remove it in the AWS console",
                         key->mfa_serial);
    else
        return error_set(error, EXIT_FAILED, "%s has no MFA device; awstap mfa add %s makes one",
                         key->name, key->name);
    return 0;
}

/* The task of making the device ends with the one of removing it. */
static int put_task(struct vault *vault, const struct task *task, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct task add = {.key = task->key, .kind = TASK_MFA_ADD};

    if (journal_read(vault, &journal, error) < 0 || journal_set(&journal, &add, error) < 0 ||
        journal_set(&journal, task, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

/*
 * What needs the open vault: the key without the serial. The task is noted now, as it may be that
 * AWS gives no session with the device any more: with the task there is one without it.
 */
static int opened(struct life *life, void *context, struct error *error)
{
    struct removing *removing = context;
    struct task *task = &removing->task;
    struct key *key = life_key(life);

    if ((removing->named || removing->before[0]) &&
        serial_allow(life->vault, key, removing->before, &removing->allowed, error) < 0)
        return -1;
    if (removing->resumed)
        return 0;
    if (vault_share_seed(life->vault, key, task->serial, error) < 0)
        return -1;
    task->phase = PHASE_DELETING;
    task->begun = task->moved = clock_now_ms() / 1000;
    return put_task(life->vault, task, error) < 0 ? -1
                                                  : errand_write(life->agent, life->vault, error);
}

static int unlock_for_it(struct removing *removing, struct agent *agent, const char *name,
                         struct error *error)
{
    const char *other = mfa_removal_other(&removing->life, removing->task.serial);
    struct stake stake = {0};

    stake_line(&stake, "Remove the MFA device of %s%s", name, other ? "" : " at AWS");
    stake_line(&stake, "MFA device %s", removing->task.serial);
    if (removing->before[0])
        stake_line(&stake, "It stays, if AWS has %s no more",
                   life_key(&removing->life)->mfa_serial);
    if (other)
        stake_line(&stake, "It stays at AWS: %s goes by it too", other);
    if (removing->named)
        stake_line(&stake,
                   "Without it the access key alone is enough for what %s may; where a policy asks "
                   "for MFA, nothing works until there is another device",
                   iam_user_name(life_key(&removing->life)));
    removing->life.opened = opened;
    removing->life.context = removing;
    removing->life.confirm = true;
    return life_unlock(&removing->life, agent, name, &stake, error,
                       "to remove the MFA device of %s", name);
}

/* Nothing is left of it at AWS. 0 or -1 with error. */
static int remove_it(struct removing *removing, struct error *error)
{
    struct mfa_removal removal = {.life = &removing->life,
                                  .serial = removing->task.serial,
                                  .loose = removing->unfinished || removing->resumed};
    struct error unsaid = {0};

    if (mfa_removal_run(&removal, error) == 0)
        return 0;
    if (removal.untouched && !removing->resumed && !removing->unfinished) {
        removing->task.phase = PHASE_NONE;
        (void)life_note(&removing->life, &removing->task, &unsaid);
    }
    return -1;
}

static int apply_end(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct removing *removing = context;
    const struct task *task = &removing->task;
    struct key *key = vault_key_by_id(vault, task->key);

    if (!key)
        return error_set(error, EXIT_FAILED, "the key has been removed meanwhile");
    if (journal_read(vault, &journal, error) < 0 ||
        mfa_removal_drop_seed(vault, key, task->serial, error) < 0 ||
        (removing->named && serial_put(vault, key, &removing->allowed, error) < 0) ||
        journal_set(&journal, task, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

static int say_done(const struct removing *removing, char **done, struct error *error)
{
    const struct key *key = life_key(&removing->life);
    const char *serial = removing->task.serial;
    const char *other = mfa_removal_other(&removing->life, serial);

    if (other)
        return errand_done(done, error,
                           "%s does not go by %s any more; it stays at AWS, and its seed here, as "
                           "%s goes by it too: awstap mfa remove %s deletes it",
                           key->name, serial, other, other);
    if (key->mfa_serial[0])
        return errand_done(done, error, "%s is deleted, and its seed; %s has the MFA device %s",
                           serial, key->name, key->mfa_serial);
    return errand_done(done, error, "%s has no MFA device any more: %s is deleted, and its seed",
                       key->name, serial);
}

static int finish(struct removing *removing, char **done, struct error *error)
{
    struct life *life = &removing->life;
    struct error why = {0};

    removing->task.phase = PHASE_NONE;
    if (vault_change(life->vault, apply_end, removing, &why) < 0)
        return error_set(error, why.status,
                         "the MFA device %s is removed, but that could not be noted (%.250s); run "
                         "it again",
                         removing->task.serial, why.text);
    keep(life->agent, life->vault);
    return say_done(removing, done, error);
}

/* Both tasks of a replacement are over, the new device's seed is dropped, and the key goes by the
 * device before. */
static int apply_back(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct removing *removing = context;
    struct task over = {.key = removing->task.key, .kind = TASK_MFA_ADD};
    struct key *key = vault_key_by_id(vault, over.key);

    if (!key)
        return error_set(error, EXIT_FAILED, "the key has been removed meanwhile");
    if (journal_read(vault, &journal, error) < 0 || journal_set(&journal, &over, error) < 0)
        return -1;
    over.kind = TASK_MFA_REMOVE;
    if (journal_set(&journal, &over, error) < 0 ||
        mfa_removal_drop_seed(vault, key, key->mfa_serial, error) < 0 ||
        serial_put(vault, key, &removing->allowed, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

/* AWS knows no new device: somebody deleted it before the old one was gone, without which nobody
 * could log in any more. */
static int go_back(struct removing *removing, char **done, struct error *error)
{
    struct life *life = &removing->life;
    char gone[KEY_SERIAL_MAX + 1];

    strcpy(gone, life_key(life)->mfa_serial);
    if (vault_change(life->vault, apply_back, removing, error) < 0)
        return -1;
    keep(life->agent, life->vault);
    return errand_done(
        done, error,
        "AWS knows no MFA device %s any more, and its seed is dropped; %s goes by %s "
        "again",
        gone, life_key(life)->name, removing->before);
}

static int run(struct removing *removing, struct agent *agent, const char *name, char **done,
               struct error *error)
{
    struct life *life = &removing->life;

    if (life_read(life, agent, name, error) < 0 || !vault_is_here(life->vault, error) ||
        choose(removing, error) < 0)
        return -1;
    removing->named = strcmp(life_key(life)->mfa_serial, removing->task.serial) == 0;
    mfa_removal_before(life->vault, life_key(life), removing->before);
    if (unlock_for_it(removing, agent, name, error) < 0)
        return removing->before[0] && life->device_unknown ? go_back(removing, done, error) : -1;
    if (remove_it(removing, error) < 0)
        return -1;
    return finish(removing, done, error);
}

int errand_mfa_remove(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    static struct removing removing; /* too large for the stack */
    struct msg_mfa_remove request;
    int r;

    (void)fd;
    if (message_get(frame, MSG_MFA_REMOVE, &request) < 0)
        return errand_malformed(error);
    r = run(&removing, agent, request.key, done, error);
    life_end(&removing.life);
    return r;
}
