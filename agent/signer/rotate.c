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
#include "task.h"

/* AWS agrees with itself within seconds (3 to 15 were seen); what it does not show after this long,
 * it has not got. Seconds. */
#define SETTLE      60u
#define LOOK_MS     2000u
#define CLOCK_SLACK 600u /* by which AWS's clock may be behind ours, in seconds */

/* One change of the vault: the task as it is to be, and what goes with it. */
struct change {
    struct task task;
    uint32_t from_kind, from_phase; /* what the journal has to say still */
    const struct access_key *put;   /* or NULL */
    const char *drop;               /* an access key id, or NULL */
};

/* Too large for the stack: each of the functions of rotate.h has a static one. */
struct rotation {
    struct life *life;
    char name[KEY_NAME_MAX + 1]; /* what the person calls the key */
    struct task task;            /* as it stands in the journal */
    struct change change;        /* that is being written */
};

static uint64_t now(void)
{
    return clock_now_ms() / 1000;
}

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

/* Whether the journal still says what this change begins with. */
static bool is_where(struct journal *journal, const struct change *change)
{
    const struct task *there = journal_task(journal, change->task.key, change->from_kind);

    return (there ? there->phase : PHASE_NONE) == change->from_phase;
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
    if (set_task(&journal, change, error) < 0 || journal_put(vault, &journal, error) < 0)
        return -1;
    if (change->put &&
        vault_put_record(vault, key, RECORD_ACCESS_KEY, change->put->id, change->put->secret,
                         strlen(change->put->secret), error) < 0)
        return -1;
    return change->drop ? vault_drop_record(vault, key, RECORD_ACCESS_KEY, change->drop, error) : 0;
}

/* To be filled in further, and written by write_change(). */
static struct change *begin_change(struct rotation *rotation, enum task_phase phase)
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

static int write_change(struct rotation *rotation, struct error *error)
{
    struct change *change = &rotation->change;

    change->task.moved = now();
    if (vault_change(rotation->life->vault, apply, change, error) < 0)
        return -1;
    rotation->task = change->task;
    return 0;
}

/* Note that the task is in this phase now. */
static int move_on(struct rotation *rotation, enum task_phase phase, struct error *error)
{
    begin_change(rotation, phase);
    return write_change(rotation, error);
}

/* The task is over; the record of this access key goes with it, where there is one. */
static int close_task(struct rotation *rotation, const char *drop, struct error *error)
{
    struct change *change = begin_change(rotation, PHASE_NONE);

    if (drop && census_knows_key(rotation->life->vault, drop))
        change->drop = drop;
    return write_change(rotation, error);
}

static void find_task(struct rotation *rotation, struct life *life, enum task_kind kind)
{
    rotation->life = life;
    snprintf(rotation->name, sizeof rotation->name, "%s", life_key(life)->name);
    task_find(life->vault, life->key, kind, &rotation->task);
}

/* Find the task; the drill begins where a rotation stands. 0 or -1 with error. */
static int take_up(struct rotation *rotation, struct life *life, enum task_kind kind,
                   struct error *error)
{
    static struct task other; /* too large for the stack, with the others */

    find_task(rotation, life, kind);
    if (kind == TASK_REVOKE && rotation->task.phase != PHASE_NONE)
        return 0;
    if (!task_find(life->vault, life->key, kind == TASK_REVOKE ? TASK_ROTATE : TASK_REVOKE, &other))
        return 0;
    if (kind == TASK_ROTATE)
        return error_set(error, EXIT_FAILED,
                         "the leak drill of %s is unfinished; go on with it: awstap revoke %s",
                         rotation->name, rotation->name);
    rotation->task = other;
    begin_change(rotation, other.phase)->task.kind = TASK_REVOKE;
    return write_change(rotation, error);
}

/* How the person goes on, with this access key deleted first. */
static const char *command(const struct rotation *rotation)
{
    return rotation->task.kind == TASK_REVOKE ? "revoke" : "key rotate";
}

static const struct iam_key *find_key(const struct iam_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].id, id) == 0)
            return &keys->keys[i];
    return NULL;
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

/* How long ago the phase began, in seconds. */
static uint64_t age(const struct rotation *rotation)
{
    uint64_t at = now();

    return at > rotation->task.moved ? at - rotation->task.moved : 0;
}

static void look_later(const struct rotation *rotation)
{
    agent_progress(rotation->life->agent, PROGRESS_AWS,
                   "waiting for AWS to show what became of a new access key for %s",
                   rotation->name);
    agent_wait(rotation->life->agent, clock_deadline_ms(LOOK_MS));
}

/*
 * CreateAccessKey was begun, and its answer never seen: look for what it made until AWS must have
 * shown it. The task is over then. 0: it made nothing, or what the person wants deleted; -1 with
 * error.
 */
static int find_out(struct rotation *rotation, struct iam_keys *keys, const char *discard,
                    struct error *error)
{
    const struct iam_key *orphan;

    while (!(orphan = find_orphan(rotation, keys)) && age(rotation) < SETTLE) {
        look_later(rotation);
        if (census_take(rotation->life, keys, error) < 0)
            return -1;
    }
    if (close_task(rotation, NULL, error) < 0)
        return -1;
    if (!orphan || strcmp(orphan->id, discard) == 0)
        return 0;
    return error_set(error, EXIT_AWS,
                     "AWS made the access key %s, and its answer was lost: nobody has the secret "
                     "of it; the key in use stays; awstap %s %s --discard %s deletes that one and "
                     "goes on",
                     orphan->id, command(rotation), rotation->name, orphan->id);
}

/* Delete it at AWS; one that is gone already is fine. 0 or -1 with error. */
static int delete_key(struct life *life, const char *id, struct error *error)
{
    enum iam_verdict verdict = iam_delete_key(&life->iam, id, error);

    if (verdict != IAM_OK && verdict != IAM_GONE)
        return denial_explain(life, verdict, error);
    census_gone(id);
    return 0;
}

/* Delete the new access key, whose old one is still in use, and forget it. 0 or -1 with error. */
static int abandon(struct rotation *rotation, const char *new_id, struct error *error)
{
    return delete_key(rotation->life, new_id, error) < 0 ? -1 : close_task(rotation, new_id, error);
}

/*
 * The new access key is in the vault, and AWS is held against that. 0: it is there, or was given
 * up, and the task is over; -1 with error.
 */
static int look_at_new(struct rotation *rotation, struct iam_keys *keys, const char *discard,
                       struct error *error)
{
    const struct task *task = &rotation->task;
    const struct iam_key *created, *old;
    char new_id[sizeof task->new_id];

    snprintf(new_id, sizeof new_id, "%s", task->new_id);
    if (strcmp(new_id, discard) == 0)
        return abandon(rotation, new_id, error);
    while (!(created = find_key(keys, new_id)) && age(rotation) < SETTLE) {
        look_later(rotation);
        if (census_take(rotation->life, keys, error) < 0)
            return -1;
    }
    if (created && created->active)
        return 0;
    if (created)
        return error_set(error, EXIT_AWS,
                         "the new access key %s of %s was switched off at AWS; switch it on "
                         "again there, or give it up: awstap %s %s --discard %s",
                         new_id, rotation->name, command(rotation), rotation->name, new_id);
    old = find_key(keys, task->old_id);
    if (!old || !old->active)
        return error_set(error, EXIT_AWS,
                         "AWS has neither the new access key %s of %s nor an active %s; make an "
                         "access key in the IAM console and add it: awstap key add",
                         new_id, rotation->name, task->old_id);
    agent_progress(rotation->life->agent, PROGRESS_NOTE,
                   "the new access key %s was deleted at AWS; the vault forgets it", new_id);
    return close_task(rotation, new_id, error);
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
                 command(rotation), rotation->name, unknown);
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
    if (!find_key(keys, discard)) {
        agent_progress(life->agent, PROGRESS_NOTE, "AWS has no access key %s any more", discard);
        return 0;
    }
    return delete_key(life, discard, error);
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
    if (delete_key(rotation->life, new_id, &second) < 0)
        return error_set(error, why.status,
                         "%.160s; and the new access key %s could not be deleted at AWS "
                         "(%.100s): awstap %s %s --discard %s does it later",
                         why.text, new_id, second.text, command(rotation), rotation->name, new_id);
    (void)close_task(rotation, new_id, &second);
    return error_set(error, why.status,
                     "%.300s; the new access key %s was deleted again at AWS, and the one in use "
                     "stays",
                     why.text, new_id);
}

/* Seal what AWS has just created; its proof is signed while the secret is there. */
static int seal(struct rotation *rotation, struct proof *proof, const struct access_key *created,
                struct error *error)
{
    struct change *change = begin_change(rotation, PHASE_SEALED);

    change->put = created;
    snprintf(change->task.new_id, sizeof change->task.new_id, "%s", created->id);
    if (proof_sign(proof, created->id, created->secret, error) < 0 ||
        write_change(rotation, error) < 0)
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
                                enum iam_verdict *verdict, struct error *error)
{
    int r;

    while ((r = create(rotation, proof, verdict, error)) < 0 && *verdict == IAM_LIMIT &&
           age(rotation) < SETTLE) {
        agent_progress(rotation->life->agent, PROGRESS_AWS,
                       "waiting for AWS to forget a deleted access key of %s", rotation->name);
        agent_wait(rotation->life->agent, clock_deadline_ms(LOOK_MS));
    }
    return r;
}

/* AWS created nothing, or nobody knows. Always -1 with error. */
static int not_created(struct rotation *rotation, enum iam_verdict verdict, struct iam_keys *keys,
                       struct error *error)
{
    struct error second = {0};

    if (verdict != IAM_UNKNOWN) {
        (void)close_task(rotation, NULL, &second);
        return denial_explain(rotation->life, verdict, error);
    }
    if (find_out(rotation, keys, "", error) < 0)
        return -1;
    return error_set(error, EXIT_AWS,
                     "AWS did not answer, and made no new access key; nothing was changed; run it "
                     "again");
}

static int note_intent(struct rotation *rotation, struct error *error)
{
    struct life *life = rotation->life;
    struct change *change = begin_change(rotation, PHASE_INTENT);

    change->task.begun = now();
    change->task.new_id[0] = '\0';
    snprintf(change->task.old_id, sizeof change->task.old_id, "%s",
             vault_access_key_id(life->vault, life_key(life)));
    return write_change(rotation, error);
}

/* AWS has to take what it created. Where it does not, the next touch tries again. */
static int check(struct rotation *rotation, struct proof *proof, struct error *error)
{
    struct error why = {0};

    if (proof_run(proof, &why) == PROOF_OK)
        return move_on(rotation, PHASE_CHECKED, error);
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
    r = create_when_possible(rotation, &proof, &verdict, error);
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
 * of it. So is it where the person names its old one: *discard is "" then. 0 or -1 with error.
 */
static int finish_earlier(struct life *life, enum task_kind kind, const char **discard,
                          struct error *error)
{
    static struct task task; /* too large for the stack, with the others */
    bool named;

    if (!task_find(life->vault, life->key, TASK_ROTATE, &task) || task.phase < PHASE_PROVEN)
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
    bool named = rotation->task.new_id[0] && strcmp(rotation->task.new_id, *discard) == 0;
    int r = 0;

    if (rotation->task.phase == PHASE_INTENT)
        r = find_out(rotation, keys, *discard, error);
    else if (rotation->task.phase == PHASE_SEALED || rotation->task.phase == PHASE_CHECKED)
        r = look_at_new(rotation, keys, *discard, error);
    if (r < 0)
        return -1;
    if (rotation->task.phase != PHASE_NONE)
        return 1;
    if (named)
        *discard = "";
    return census_take(rotation->life, keys, error);
}

int rotate_replace(struct life *life, enum task_kind kind, const char *discard, struct error *error)
{
    static struct rotation rotation;
    static struct iam_keys keys;
    int r = 0;

    if (discard[0] && !access_key_id_valid(discard))
        return error_set(error, EXIT_USAGE, "--discard wants an access key id, as AKIA…");
    if (!vault_is_here(life->vault, error) || finish_earlier(life, kind, &discard, error) < 0 ||
        take_up(&rotation, life, kind, error) < 0 || census_take(life, &keys, error) < 0)
        return -1;
    if (rotation.task.phase != PHASE_NONE)
        r = go_on(&rotation, &keys, &discard, error);
    if (r != 0)
        return r < 0 ? -1 : 0;
    return make_room(&rotation, &keys, discard, error) < 0 ? -1 : make_new(&rotation, &keys, error);
}

int rotate_proven(struct life *life, enum task_kind kind, struct error *error)
{
    static struct rotation rotation;

    find_task(&rotation, life, kind);
    if (rotation.task.phase >= PHASE_PROVEN)
        return 0;
    if (rotation.task.phase < PHASE_SEALED)
        return error_set(error, EXIT_FAILED, "no new access key of %s waits for its proof",
                         rotation.name);
    if (strcmp(life->authority->signed_by, rotation.task.new_id) != 0)
        return error_set(error, EXIT_AWS,
                         "AWS does not take the new access key %s yet; %s stays in use; go on in a "
                         "minute: awstap %s %s",
                         rotation.task.new_id, rotation.task.old_id, command(&rotation),
                         rotation.name);
    return move_on(&rotation, PHASE_PROVEN, error);
}

/* Only what a factor has opened and AWS has taken may replace the old access key. */
static int check_proven(const struct rotation *rotation, struct error *error)
{
    const struct life *life = rotation->life;
    const char *in_use = vault_access_key_id(life->vault, life_key(life));

    if (rotation->task.phase >= PHASE_PROVEN && strcmp(in_use, rotation->task.new_id) == 0 &&
        strcmp(in_use, rotation->task.old_id) != 0)
        return 0;
    return error_set(error, EXIT_FAILED,
                     "the old access key of %s stays: the new one is not proven; go on with "
                     "awstap %s %s",
                     rotation->name, command(rotation), rotation->name);
}

int rotate_disable_old(struct life *life, enum task_kind kind, struct error *error)
{
    static struct rotation rotation;
    enum iam_verdict verdict;

    find_task(&rotation, life, kind);
    if (rotation.task.phase > PHASE_PROVEN)
        return 0;
    if (check_proven(&rotation, error) < 0)
        return -1;
    verdict = iam_set_key_active(&life->iam, rotation.task.old_id, false, error);
    if (verdict != IAM_OK && verdict != IAM_GONE)
        return denial_explain(life, verdict, error);
    return move_on(&rotation, PHASE_INACTIVE, error);
}

int rotate_delete_old(struct life *life, enum task_kind kind, struct error *error)
{
    char old_id[RECORD_SUBJECT_MAX + 1];
    static struct rotation rotation;

    find_task(&rotation, life, kind);
    if (rotation.task.phase == PHASE_NONE)
        return 0;
    if (check_proven(&rotation, error) < 0 || move_on(&rotation, PHASE_DELETING, error) < 0)
        return -1;
    snprintf(old_id, sizeof old_id, "%s", rotation.task.old_id);
    return delete_key(life, old_id, error) < 0 ? -1 : close_task(&rotation, old_id, error);
}
