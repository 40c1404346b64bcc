// SPDX-License-Identifier: BSD-2-Clause
// A key's access key replaced, so that no step can lose the one that works.
#include "rotate.h"

#include <stdio.h>
#include <string.h>

#include "access_key.h"
#include "census.h"
#include "clock.h"
#include "denial.h"
#include "proof.h"
#include "rotation.h"

/* AWS agrees with itself within seconds (3 to 15 were seen); what it does not show after
 * ROTATION_SETTLE_MS, it has not got. Seconds. */
#define OPERATION   1800u /* no operation is under way that long */
#define CLOCK_SLACK 600u  /* by which the clocks of AWS may differ */
#define RETRY_MS    2000

bool rotate_is_due(const struct vault *vault, const struct key *key, uint64_t at)
{
    const struct record *record = vault_record(vault, key, RECORD_ACCESS_KEY, 0);
    struct error elsewhere = {0};
    struct task task;
    bool due;

    if (!record || task_find(vault, key->id, TASK_REVOKE, &task))
        return false;
    if (!task_find(vault, key->id, TASK_ROTATE, &task))
        due = key->policy.rotate_every && at >= record->created + key->policy.rotate_every;
    else
        due = task.phase != PHASE_INACTIVE || at >= task.moved + key->policy.grace;
    return due && vault_is_here(vault, &elsewhere);
}

/* The access key that was made for this task, and that nobody has the secret of, or NULL. */
static const struct iam_key *find_orphan(const struct rotation *rotation,
                                         const struct iam_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        if (!census_knows_key(rotation->life->vault, keys->keys[i].id) &&
            keys->keys[i].created + CLOCK_SLACK >= rotation->task.begun)
            return &keys->keys[i];
    return NULL;
}

/* By AWS's clock, as ours may be set meanwhile. Seconds since 1970. */
static uint64_t aws_now(const struct rotation *rotation)
{
    return server_now_ms(&rotation->life->iam.server) / 1000;
}

/* AWS made it, and nobody will ever know its secret. Always -1 with error. */
static int left_orphan(const struct rotation *rotation, const struct iam_key *orphan,
                       struct error *error)
{
    return error_set(error, EXIT_AWS,
                     "AWS made the access key %s, and its answer was lost: nobody has the secret "
                     "of it; the key in use stays; awstap %s %s --discard %s deletes that one and "
                     "goes on",
                     orphan->id, rotation_command(rotation), rotation->name, orphan->id);
}

/*
 * CreateAccessKey was begun, and its answer never seen: look for what it made, for so long. The
 * task is over then. 0: it made nothing, or what the person wants deleted; -1 with error.
 */
static int find_out(struct rotation *rotation, struct iam_keys *keys, int patience_ms,
                    const char *discard, struct error *error)
{
    const struct iam_key *orphan;

    if (rotation_await(rotation, keys, find_orphan, patience_ms, &orphan, error) < 0 ||
        rotation_close(rotation, NULL, error) < 0)
        return -1;
    return !orphan || strcmp(orphan->id, discard) == 0 ? 0 : left_orphan(rotation, orphan, error);
}

/* An earlier run was interrupted there. What it sent may have reached AWS a moment ago. */
static int find_out_later(struct rotation *rotation, struct iam_keys *keys, const char *discard,
                          struct error *error)
{
    bool settled = aws_now(rotation) > rotation->task.begun + OPERATION;

    return find_out(rotation, keys, settled ? 0 : ROTATION_SETTLE_MS, discard, error);
}

static bool is_active(const struct iam_key *key)
{
    return key && key->active;
}

/*
 * Delete the new access key, and forget it, and with it what IAM is asked with where that is of
 * this key. Only where the old one works: it has to be active, and
 * where it was about to be switched off it is made sure that it stays so. 0 or -1 with error.
 */
static int abandon(struct rotation *rotation, const struct iam_keys *keys, struct error *error)
{
    const char *old_id = rotation->task.old_id;
    struct life *life = rotation->life;
    char new_id[sizeof rotation->task.new_id];
    enum iam_verdict verdict = IAM_OK;

    snprintf(new_id, sizeof new_id, "%s", rotation->task.new_id);
    if (!is_active(rotation_find_key(keys, old_id)))
        return error_set(error, EXIT_AWS,
                         "%s stays: it is the only access key of %s that may work, as AWS has no "
                         "active %s; switch that one on in the IAM console first",
                         new_id, rotation->name, old_id);
    if (rotation->task.phase >= PHASE_PROVEN &&
        (verdict = iam_set_key_active(&life->iam, old_id, true, error)) != IAM_OK)
        return denial_explain(life, verdict, error);
    if (rotation_delete_key(life, new_id, error) < 0 || rotation_close(rotation, new_id, error) < 0)
        return -1;
    if (life->authority->mfa || strcmp(life->authority->signed_by, new_id) != 0)
        return 0;
    return error_set(error, EXIT_FAILED,
                     "the new access key %s is given up, as you asked, and %s stays in use; what "
                     "this touch was for has gone with it: run awstap %s %s for another one",
                     new_id, old_id, rotation_command(rotation), rotation->name);
}

/* It is at AWS, and Inactive: not by us. Always -1 with error. */
static int was_switched_off(const struct rotation *rotation, const struct iam_keys *keys,
                            struct error *error)
{
    const struct task *task = &rotation->task;

    if (!is_active(rotation_find_key(keys, task->old_id)))
        return error_set(error, EXIT_AWS,
                         "the new access key %s of %s was switched off at AWS, and there is no "
                         "active %s; switch one of them on again in the IAM console",
                         task->new_id, rotation->name, task->old_id);
    return error_set(error, EXIT_AWS,
                     "the new access key %s of %s was switched off at AWS; switch it on again "
                     "there, or give it up: awstap %s %s --discard %s",
                     task->new_id, rotation->name, rotation_command(rotation), rotation->name,
                     task->new_id);
}

/*
 * The new access key is in the vault, and AWS is held against that. 0: it is there, or AWS has
 * given it up, and the task is over; -1 with error.
 */
static int look_at_new(struct rotation *rotation, struct iam_keys *keys, struct error *error)
{
    const struct task *task = &rotation->task;
    bool in_hand = strcmp(rotation->life->authority->signed_by, task->new_id) == 0;
    const struct iam_key *created;
    char new_id[sizeof task->new_id];

    snprintf(new_id, sizeof new_id, "%s", task->new_id);
    if (rotation_await(rotation, keys, rotation_new_key, in_hand ? 0 : ROTATION_SETTLE_MS, &created,
                       error) < 0)
        return -1;
    if (created && !created->active)
        return was_switched_off(rotation, keys, error);
    if (created || in_hand)
        return 0;
    if (!is_active(rotation_find_key(keys, task->old_id)))
        return error_set(error, EXIT_AWS,
                         "AWS has neither the new access key %s of %s nor an active %s; make an "
                         "access key in the IAM console and add it: awstap key add",
                         new_id, rotation->name, task->old_id);
    agent_progress(rotation->life->agent, PROGRESS_NOTE,
                   "the new access key %s was deleted at AWS; the vault forgets it", new_id);
    return rotation_close(rotation, new_id, error);
}

static int refuse_third(const struct rotation *rotation, const struct iam_keys *keys,
                        struct error *error)
{
    char first[CENSUS_TEXT_SIZE], second[CENSUS_TEXT_SIZE], how[RECORD_SUBJECT_MAX + 160];
    const char *unknown = NULL;

    for (size_t i = 0; i < keys->count && !unknown; i++)
        if (!census_knows_key(rotation->life->vault, keys->keys[i].id))
            unknown = keys->keys[i].id;
    if (unknown)
        snprintf(how, sizeof how,
                 "if nobody needs that, awstap %s %s --discard %s deletes it first",
                 rotation_command(rotation), rotation->name, unknown);
    else
        snprintf(how, sizeof how, "delete one of them and run it again");
    return error_set(error, EXIT_AWS, "AWS has two access keys and takes no third: %s and %s; %s",
                     census_describe(rotation->life, &keys->keys[0], first),
                     census_describe(rotation->life, &keys->keys[1], second), how);
}

/* Delete the access key that the person named, as far as the vault does not know it. */
static int delete_named(const struct rotation *rotation, const struct iam_keys *keys,
                        const char *discard, struct error *error)
{
    struct life *life = rotation->life;

    if (census_knows_key(life->vault, discard))
        return error_set(error, EXIT_FAILED,
                         "%s is in the vault, and --discard is for access keys that it does not "
                         "know; awstap key list shows what is in use",
                         discard);
    if (!rotation_find_key(keys, discard)) {
        agent_progress(life->agent, PROGRESS_NOTE, "AWS has no access key %s any more", discard);
        return 0;
    }
    return rotation_delete_key(life, discard, error);
}

/* See to it that AWS has room for another access key. 0 or -1 with error. */
static int make_room(const struct rotation *rotation, struct iam_keys *keys, const char *discard,
                     struct error *error)
{
    if (discard[0] && (delete_named(rotation, keys, discard, error) < 0 ||
                       census_take(rotation->life, keys, error) < 0))
        return -1;
    return keys->count < 2 ? 0 : refuse_third(rotation, keys, error);
}

/* What AWS created can't be kept: it is deleted again. *error is why. Always -1 with error. */
static int undo(struct rotation *rotation, const char *new_id, struct error *error)
{
    const struct error why = *error;
    struct error second = {0};

    /* A write that failed may have reached the disk. */
    task_find(rotation->life->vault, rotation->life->key, rotation->task.kind, &rotation->task);
    if (rotation_delete_key(rotation->life, new_id, &second) < 0)
        return error_set(error, why.status,
                         "%.160s; and the new access key %s could not be deleted at AWS "
                         "(%.100s): awstap %s %s --discard %s does it later",
                         why.text, new_id, second.text, rotation_command(rotation), rotation->name,
                         new_id);
    (void)rotation_close(rotation, new_id, &second);
    return error_set(error, why.status,
                     "%.300s; the new access key %s was deleted again at AWS, and the one in use "
                     "stays",
                     why.text, new_id);
}

/* Seal what AWS has just created; its proof is signed while the secret is there. */
static int seal(struct rotation *rotation, struct proof *proof, const struct access_key *created,
                struct error *error)
{
    struct change *change = rotation_change(rotation, PHASE_SEALED);

    change->put = created;
    snprintf(change->task.new_id, sizeof change->task.new_id, "%s", created->id);
    if (proof_sign(proof, created->id, created->secret, error) < 0 ||
        rotation_write(rotation, error) < 0)
        return undo(rotation, created->id, error);
    return 0;
}

/* CreateAccessKey, once, and its answer sealed, with nothing that could come between. 0 or -1 with
 * error; *verdict is what AWS did. */
static int create(struct rotation *rotation, struct proof *proof, enum iam_verdict *verdict,
                  struct error *error)
{
    struct access_key created = {0};
    int r = -1;

    life_hold(rotation->life, true);
    *verdict = iam_create_key(&rotation->life->iam, &created, error);
    if (*verdict == IAM_OK)
        r = seal(rotation, proof, &created, error);
    access_key_free(&created);
    life_hold(rotation->life, false);
    return r;
}

/* There is room for it, but AWS goes on refusing a third access key for a while after one was
 * deleted; it created none then. */
static int create_when_possible(struct rotation *rotation, struct proof *proof,
                                struct iam_keys *keys, enum iam_verdict *verdict,
                                struct error *error)
{
    uint64_t deadline = clock_deadline_ms(ROTATION_SETTLE_MS);
    struct error unseen = {0};
    int r;

    while ((r = create(rotation, proof, verdict, error)) < 0 && *verdict == IAM_LIMIT &&
           clock_left_ms(deadline) != 0) {
        agent_progress(rotation->life->agent, PROGRESS_AWS,
                       "waiting for AWS to forget a deleted access key of %s", rotation->name);
        agent_wait(rotation->life->agent, clock_deadline_ms(RETRY_MS));
        if (census_take(rotation->life, keys, &unseen) < 0 || keys->count >= 2)
            break;
    }
    return r;
}

/* AWS has two access keys, whatever its lists said before; one may be of this very request, which
 * was carried out and then refused as it came once more. Always -1 with error. */
static int found_no_room(struct rotation *rotation, struct iam_keys *keys, struct error *error)
{
    const struct iam_key *orphan = find_orphan(rotation, keys);
    struct error unsaid = {0};

    (void)rotation_close(rotation, NULL, &unsaid);
    if (orphan)
        return left_orphan(rotation, orphan, error);
    return keys->count >= 2 ? refuse_third(rotation, keys, error)
                            : denial_explain(rotation->life, IAM_LIMIT, error);
}

/* AWS created nothing, or nobody knows. Always -1 with error. */
static int not_created(struct rotation *rotation, enum iam_verdict verdict, struct iam_keys *keys,
                       struct error *error)
{
    struct error second = {0};

    if (verdict == IAM_LIMIT)
        return found_no_room(rotation, keys, error);
    if (verdict != IAM_UNKNOWN) {
        (void)rotation_close(rotation, NULL, &second);
        return denial_explain(rotation->life, verdict, error);
    }
    /* The list at hand is older than the request. */
    if (census_take(rotation->life, keys, error) < 0 ||
        find_out(rotation, keys, ROTATION_SETTLE_MS, "", error) < 0)
        return -1;
    return error_set(error, EXIT_AWS,
                     "AWS did not answer, and made no new access key; nothing was changed; run it "
                     "again");
}

static int note_intent(struct rotation *rotation, struct error *error)
{
    struct life *life = rotation->life;
    struct change *change = rotation_change(rotation, PHASE_INTENT);

    change->task.begun = aws_now(rotation);
    change->task.new_id[0] = '\0';
    snprintf(change->task.old_id, sizeof change->task.old_id, "%s",
             vault_access_key_id(life->vault, life_key(life)));
    return rotation_write(rotation, error);
}

/* AWS has to take what it created. Where it does not, the next touch tries again. */
static int check(struct rotation *rotation, struct proof *proof, struct error *error)
{
    struct error why = {0};

    if (proof_run(proof, &why) == PROOF_OK)
        return rotation_move_on(rotation, PHASE_CHECKED, error);
    return error_set(error, EXIT_AWS,
                     "the new access key %s is sealed, but not yet proven: %.250s; %s stays in "
                     "use, and the next touch tries the new one again",
                     rotation->task.new_id, why.text, rotation->task.old_id);
}

/* A new access key, up to PHASE_CHECKED. */
static int make_new(struct rotation *rotation, struct iam_keys *keys, struct error *error)
{
    struct proof proof = {0};
    enum iam_verdict verdict = IAM_OK;
    int r = -1;

    if (proof_open(&proof, rotation->life->agent, life_key(rotation->life), error) < 0 ||
        note_intent(rotation, error) < 0)
        goto out;
    r = create_when_possible(rotation, &proof, keys, &verdict, error);
    if (r == 0)
        r = check(rotation, &proof, error);
    else if (verdict != IAM_OK)
        r = not_created(rotation, verdict, keys, error);
out:
    proof_close(&proof);
    return r;
}

/* An earlier rotation, whose new access key is in use, comes to its end now. */
static int finish(struct life *life, struct error *error)
{
    return rotate_disable_old(life, TASK_ROTATE, error) < 0
               ? -1
               : rotate_delete_old(life, TASK_ROTATE, error);
}

/*
 * The drill is for the access key in use: a rotation that has brought that one in is no beginning
 * of it, unless that one is to be given up. So is it where the person names its old one: *discard
 * is "" then. 0 or -1 with error.
 */
static int finish_earlier(struct life *life, enum task_kind kind, const char **discard,
                          struct error *error)
{
    static struct task task; /* too large for the stack, with the others */
    bool named;

    if (!task_find(life->vault, life->key, TASK_ROTATE, &task) || task.phase < PHASE_PROVEN ||
        strcmp(task.new_id, *discard) == 0)
        return 0;
    named = strcmp(task.old_id, *discard) == 0;
    if (named)
        *discard = "";
    return named || kind == TASK_REVOKE ? finish(life, error) : 0;
}

/*
 * What was begun before is taken to where it has to be, and AWS is asked again where that is the
 * beginning. A new access key that was named is given up: *discard is "" then. 1: there is nothing
 * to create; 0; -1 with error.
 */
static int go_on(struct rotation *rotation, struct iam_keys *keys, const char **discard,
                 struct error *error)
{
    const struct task *task = &rotation->task;
    int r = 0;

    if (task->phase == PHASE_INTENT) {
        r = find_out_later(rotation, keys, *discard, error);
    } else if (strcmp(task->new_id, *discard) == 0) {
        r = abandon(rotation, keys, error);
        *discard = "";
    } else if (task->phase < PHASE_PROVEN) {
        r = look_at_new(rotation, keys, error);
    }
    if (r < 0)
        return -1;
    return task->phase != PHASE_NONE ? 1 : census_take(rotation->life, keys, error);
}

int rotate_check_discard(const char *discard, struct error *error)
{
    return !discard[0] || access_key_id_valid(discard)
               ? 0
               : error_set(error, EXIT_USAGE, "--discard wants an access key id, as AKIA…");
}

int rotate_replace(struct life *life, enum task_kind kind, const char *discard, struct error *error)
{
    static struct rotation rotation;
    static struct iam_keys keys;
    int r = 0;

    if (!vault_is_here(life->vault, error) || finish_earlier(life, kind, &discard, error) < 0 ||
        rotation_take_up(&rotation, life, kind, error) < 0 || census_take(life, &keys, error) < 0)
        return -1;
    if (rotation.task.phase != PHASE_NONE)
        r = go_on(&rotation, &keys, &discard, error);
    if (r < 0)
        return -1;
    if (r == 1)
        return discard[0] ? delete_named(&rotation, &keys, discard, error) : 0;
    return make_room(&rotation, &keys, discard, error) < 0 ? -1 : make_new(&rotation, &keys, error);
}
