// SPDX-License-Identifier: BSD-2-Clause
// awstap revoke: the leak drill, up to the session from the new access key, and from there to the
// end of the old one. What is between the two is an administrator's, and the client's.
#include "errand.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "census.h"
#include "clock.h"
#include "mfa_session.h"
#include "proof.h"
#include "rotate.h"
#include "step.h"
#include "task.h"
#include "utc.h"
#include "want.h"

#define SETTLE_MS 2000 /* see await_refusal() */

struct drill {
    struct life life;
    const char *discard;      /* an access key that is to be deleted first; "": none */
    struct task task;         /* as the journal has it */
    uint64_t sealed;          /* when the old access key came into the vault */
    uint64_t ended;           /* see msg_drill; 0: not known yet */
    struct proof old;         /* whether AWS still takes the old access key */
    struct mfa_session later; /* the session from the new one, when the old one is off */
    struct mfa_codes *codes;  /* for it; NULL: the key has no seed */
};

static void tell(struct drill *drill, enum drill_step step, uint64_t when)
{
    const struct msg_drill told = {
        step, when, drill->task.old_id, drill->task.new_id, drill->sealed, drill->ended};

    agent_send(drill->life.agent, MSG_DRILL, &told);
}

static void tell_now(struct drill *drill, enum drill_step step)
{
    tell(drill, step, clock_now_ms() / 1000);
}

/* The record of this access key, or NULL. */
static const struct record *find_record(const struct life *life, const char *access_key_id)
{
    return vault_record_of(life->vault, life_key(life), RECORD_ACCESS_KEY, access_key_id);
}

/* The beginning of a drill is where a rotation waits for the proof of its new access key; without
 * one the access key in use is the old one. */
static void look_at_rotation(struct drill *drill)
{
    static struct task rotating; /* too large for the stack, with the others */
    const struct life *life = &drill->life;

    task_find(life->vault, life->key, TASK_ROTATE, &rotating);
    if (rotating.phase >= PHASE_SEALED && rotating.phase < PHASE_PROVEN) {
        drill->task = rotating;
        drill->task.kind = TASK_REVOKE;
    } else {
        snprintf(drill->task.old_id, sizeof drill->task.old_id, "%s",
                 vault_access_key_id(life->vault, life_key(life)));
    }
}

/* See in the journal how far it is. */
static void look(struct drill *drill)
{
    const struct life *life = &drill->life;
    const struct record *old;

    if (!task_find(life->vault, life->key, TASK_REVOKE, &drill->task))
        look_at_rotation(drill);
    if ((old = find_record(life, drill->task.old_id)))
        drill->sealed = old->created;
    drill->ended = drill->task.phase == PHASE_RENEWED || drill->task.phase == PHASE_DELETING
                       ? drill->task.moved
                       : 0;
}

/* The steps that earlier runs have done. */
static void tell_earlier(struct drill *drill)
{
    static const struct {
        enum task_phase phase;
        enum drill_step step;
    } STEPS[] = {{PHASE_CHECKED, DRILL_CREATED},
                 {PHASE_PROVEN, DRILL_PROVEN},
                 {PHASE_INACTIVE, DRILL_OFF},
                 {PHASE_RENEWED, DRILL_REFUSED},
                 {PHASE_RENEWED, DRILL_RENEWED}};

    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
        if (drill->task.phase >= STEPS[i].phase)
            tell(drill, STEPS[i].step, 0);
}

static int sign_old(struct drill *drill, struct error *error)
{
    const struct record *record = find_record(&drill->life, drill->task.old_id);
    struct record_secret *secret;
    int r;

    if (!record)
        return 0;
    if (vault_open_record(drill->life.vault, record, &secret, error) < 0)
        return -1;
    r = proof_sign(&drill->old, record->subject, secret->data, error);
    arena_free(secret);
    return r;
}

static int compute_codes(struct drill *drill, struct error *error)
{
    const struct life *life = &drill->life;
    struct record_secret *seed;
    int r;

    arena_free(drill->codes);
    drill->codes = NULL;
    if (want_mfa_of(life->vault, life_key(life)) != WANT_SEED)
        return 0;
    if (vault_open_seed(life->vault, life_key(life), &seed, error) < 0)
        return -1;
    r = mfa_codes_make((const uint8_t *)seed->data, seed->len, step_now(&drill->later.server),
                       &drill->codes, error);
    arena_free(seed);
    return r;
}

/*
 * With the vault open: what is sent when the old access key is off, and the new one is there, is
 * signed now, so that it takes no further touch. Which key is which, the journal says; it may have
 * moved since the last time.
 */
static int opened(struct life *life, void *context, struct error *error)
{
    struct drill *drill = context;

    look(drill);
    if (sign_old(drill, error) < 0)
        return -1;
    if (drill->task.phase < PHASE_SEALED)
        return 0;
    if (mfa_session_prepare(&drill->later, life->vault, life_key(life), error) < 0)
        return -1;
    return compute_codes(drill, error);
}

/*
 * AWS refused what the touch was for. Where that is since somebody else switched the access key off
 * there is nothing to log in with, and all that is left is an administrator's. Always -1 with
 * error.
 */
static int explain_locked_out(struct drill *drill, struct error *error)
{
    const char *id = drill->task.old_id, *name = life_key(&drill->life)->name;
    struct error second = {0};

    if (error->status != EXIT_AWS || drill->task.phase >= PHASE_SEALED ||
        strcmp(drill->old.access_key_id, id) != 0 || proof_ask(&drill->old, &second) != PROOF_NOT)
        return -1;
    drill->ended = server_now_ms(&drill->old.server) / 1000 + 1;
    tell_now(drill, DRILL_REFUSED);
    return error_set(error, EXIT_AWS,
                     "AWS refuses %s already: it was switched off or deleted, and nobody can log "
                     "in with it, you included; have an administrator make a new access key for "
                     "%s, then awstap key remove %s and awstap key add %s",
                     id, iam_user_name(life_key(&drill->life)), name, name);
}

static int unlock_for(struct drill *drill, const char *what, struct error *error)
{
    struct life *life = &drill->life;
    const char *name = life_key(life)->name;
    char key[KEY_NAME_MAX + 1];
    struct stake stake = {0};

    stake_line(&stake,
               "The leak drill for %s: its access key %s is replaced, switched off and "
               "deleted",
               name, drill->task.old_id);
    if (drill->discard[0])
        stake_line(&stake, "Delete the access key %s first", drill->discard);
    strcpy(key, name); /* life_unlock() reads the vault anew */
    life->opened = drill->old.is_open ? opened : NULL;
    life->context = drill;
    return life_unlock(life, life->agent, key, &stake, error, "%s %s", what, key);
}

/* An access key of the user's stands in the way: the person is told of both. */
static void tell_both(struct drill *drill)
{
    struct life *life = &drill->life;
    struct error second = {0};
    struct iam_keys keys;

    if (iam_list_keys(&life->iam, &keys, &second) != IAM_OK || keys.count < 2)
        return;
    for (size_t i = 0; i < keys.count; i++) {
        char text[CENSUS_TEXT_SIZE];
        const struct msg_outcome outcome = {
            .name = keys.keys[i].id,
            .status = census_knows_key(life->vault, keys.keys[i].id) ? EXIT_DONE : EXIT_FAILED,
            .text = census_describe(life, &keys.keys[i], text),
        };

        agent_send(life->agent, MSG_OUTCOME, &outcome);
    }
}

/* A new access key, proven by a touch of its own, unless this run's first one was of it. */
static int replace(struct drill *drill, struct error *error)
{
    struct life *life = &drill->life;

    if (rotate_replace(life, TASK_REVOKE, drill->discard, error) < 0) {
        look(drill);
        if (drill->task.phase == PHASE_NONE && !drill->discard[0] && error->status == EXIT_AWS)
            tell_both(drill);
        return -1;
    }
    drill->discard = "";
    look(drill);
    tell_now(drill, DRILL_CREATED);
    if (drill->task.phase < PHASE_PROVEN &&
        strcmp(life->authority->signed_by, drill->task.new_id) != 0 &&
        unlock_for(drill, "once more, to prove the new access key of", error) < 0)
        return -1;
    if (rotate_proven(life, TASK_REVOKE, error) < 0)
        return -1;
    tell_now(drill, DRILL_PROVEN);
    return 0;
}

/*
 * Until AWS refuses the old access key. What it gave sessions before is told from what the new one
 * gives from now on by aws:TokenIssueTime alone, in whole seconds: the boundary is the second after
 * AWS's own Date of the refusal, and two seconds are waited, so that the session asked for next is
 * on the other side of it. The session of the new key's proof is on the wrong side, as it was there
 * before the old key was off: that is why another one is asked for.
 */
static int await_refusal(struct drill *drill, struct error *error)
{
    const char *name = life_key(&drill->life)->name;

    switch (proof_run_off(&drill->old, error)) {
    case PROOF_NOT:
        drill->ended = (drill->old.server.date ? drill->old.server.date
                                               : server_now_ms(&drill->old.server) / 1000) +
                       1;
        tell_now(drill, DRILL_REFUSED);
        agent_wait(drill->life.agent, clock_deadline_ms(SETTLE_MS));
        return 0;
    case PROOF_OK:
        return error_set(error, EXIT_AWS,
                         "AWS still takes the access key %s, a minute after it was switched off; "
                         "run awstap revoke %s again in a few minutes",
                         drill->task.old_id, name);
    default:
        return -1;
    }
}

/* Asking for a session without MFA has the agent forget what IAM is asked with instead. */
static void give_day_again(const struct life *life)
{
    const struct sigv4_day *day = &life->authority->day;
    const struct msg_day_key given = {.key = life_key(life)->name,
                                      .access_key_id = life->authority->access_key_id,
                                      .date = day->date,
                                      .region = day->region,
                                      .day_key = {day->key, sizeof day->key}};

    if (day->date[0])
        agent_send(life->agent, MSG_DAY_KEY, &given);
}

/* Another session from the new access key, after the old one is off. Where the code is typed, and
 * where what was signed is no longer good, that is one more touch. */
static int renew(struct drill *drill, struct error *error)
{
    struct life *life = &drill->life;
    struct task renewed = drill->task;

    renewed.phase = PHASE_RENEWED;
    renewed.moved = drill->ended; /* a touch looks at what is noted, and this is not yet */
    if ((want_mfa_of(life->vault, life_key(life)) != WANT_NO_MFA && !drill->codes) ||
        mfa_session_get(&drill->later, life->vault->state, life_key(life), drill->codes, error) <
            0) {
        if (unlock_for(drill, "once more, for a session from the new access key of", error) < 0)
            return -1;
    } else {
        give_day_again(life);
    }
    if (life_note(life, &renewed, error) < 0)
        return -1;
    look(drill);
    tell_now(drill, DRILL_RENEWED);
    return 0;
}

/* The person gives the new access key up: the drill begins anew, however far it was. */
static bool gives_up(const struct drill *drill)
{
    return drill->discard[0] && strcmp(drill->discard, drill->task.new_id) == 0;
}

static int begin(struct drill *drill, struct error *error)
{
    struct life *life = &drill->life;

    if (!gives_up(drill)) {
        tell_earlier(drill);
        if (drill->task.phase >= PHASE_RENEWED)
            return 0;
    }
    if (proof_open(&drill->old, life->agent, life_key(life), error) < 0 ||
        mfa_session_open(&drill->later, life->agent, life_key(life), error) < 0)
        return -1;
    if (unlock_for(drill, "for the leak drill of", error) < 0)
        return explain_locked_out(drill, error);
    tell_now(drill, DRILL_OPENED);
    if (replace(drill, error) < 0 || rotate_disable_old(life, TASK_REVOKE, error) < 0)
        return -1;
    look(drill);
    tell_now(drill, DRILL_OFF);
    return await_refusal(drill, error) < 0 ? -1 : renew(drill, error);
}

/* Delete the old access key, with what the agent has, and where that is not enough with a touch. */
static int delete_old(struct drill *drill, struct error *error)
{
    struct life *life = &drill->life;

    if (rotate_delete_old(life, TASK_REVOKE, error) == 0)
        return 0;
    if (error->status != EXIT_PERSON ||
        unlock_for(drill, "to delete the old access key of", error) < 0)
        return -1;
    return rotate_delete_old(life, TASK_REVOKE, error);
}

static void describe_use(struct drill *drill, char *text, size_t size)
{
    struct error none = {0};
    struct iam_last_used used = {0};
    char when[UTC_SIZE];

    if (iam_key_last_used(&drill->life.iam, drill->task.old_id, &used, &none) != IAM_OK) {
        snprintf(text, size, "AWS does not tell when %s was last used", drill->task.old_id);
        return;
    }
    utc_print(used.when, when);
    if (used.when)
        snprintf(text, size, "%s was last used at %s, for %s in %s", drill->task.old_id, when,
                 used.service, used.region);
    else
        snprintf(text, size, "%s was never used, says AWS", drill->task.old_id);
}

/* Whoever had the old access key may have made others. Nobody is sent back for a list that fails:
 * the drill is over by then. */
static void look_for_others(struct drill *drill)
{
    static struct iam_keys keys; /* too large for the stack, with the others */
    struct error why = {0};

    if (census_take(&drill->life, &keys, &why) < 0)
        agent_progress(drill->life.agent, PROGRESS_NOTE,
                       "whether the user has access keys or MFA devices that this vault does not "
                       "know is not known: %.300s",
                       why.text);
}

/* The last use is asked for before: of a deleted access key AWS knows nothing. */
static int finish(struct drill *drill, char **done, struct error *error)
{
    struct life *life = &drill->life;
    char name[KEY_NAME_MAX + 1], use[640];
    int r;

    strcpy(name, life_key(life)->name);
    if (drill->task.phase < PHASE_RENEWED)
        return error_set(error, EXIT_FAILED, "no leak drill of %s is that far; awstap revoke %s",
                         name, name);
    if ((r = life_resume(life, life->agent, name, error)) < 0 ||
        (r == 1 && unlock_for(drill, "to end the leak drill of", error) < 0))
        return -1;
    describe_use(drill, use, sizeof use);
    if (delete_old(drill, error) < 0)
        return -1;
    tell_now(drill, DRILL_DELETED);
    look_for_others(drill);
    return errand_done(done, error, "%s", use);
}

int errand_revoke(struct agent *agent, const struct frame *frame, int fd, char **done,
                  struct error *error)
{
    static struct drill drill; /* too large for the stack */
    struct msg_revoke request;
    int r = -1;

    (void)fd;
    if (message_get(frame, MSG_REVOKE, &request) < 0)
        return errand_malformed(error);
    if (rotate_check_discard(request.discard, error) == 0 &&
        life_read(&drill.life, agent, request.key, error) == 0 &&
        vault_is_here(drill.life.vault, error)) {
        drill.discard = request.discard;
        look(&drill);
        r = request.finish ? finish(&drill, done, error) : begin(&drill, error);
    }
    arena_free(drill.codes);
    mfa_session_close(&drill.later);
    proof_close(&drill.old);
    life_end(&drill.life);
    return r;
}
