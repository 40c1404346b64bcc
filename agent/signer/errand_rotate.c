// SPDX-License-Identifier: BSD-2-Clause
// key rotate: by a person, with two touches; or when it is due, with nobody there.
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "duration.h"
#include "errand.h"
#include "rotate.h"
#include "task.h"

static uint64_t now(void)
{
    return clock_now_ms() / 1000;
}

static void find_task(const struct life *life, struct task *task)
{
    task_find(life->vault, life->key, TASK_ROTATE, task);
}

/* The access key in use. */
static const char *in_use(const struct life *life)
{
    return vault_access_key_id(life->vault, life_key(life));
}

/* What is being replaced: the access key in use, or, where a rotation has put the new one in its
 * place already, the one before. */
static const char *replaced(const struct life *life)
{
    static struct task task; /* its text is handed out */

    find_task(life, &task);
    return task.phase >= PHASE_SEALED && task.phase < PHASE_INACTIVE ? task.old_id : in_use(life);
}

static int unlock_to_rotate(struct life *life, struct agent *agent, const char *name,
                            const char *discard, struct error *error)
{
    const char *old_id = replaced(life), *new_id = in_use(life);
    struct stake stake = {0};

    stake_line(&stake, "Rotate the key %s: access key %s", name, old_id);
    if (strcmp(old_id, new_id) != 0)
        stake_line(&stake, "in its place comes %s, which an earlier run has made", new_id);
    stake_line(&stake, "%s", life_key(life)->arn);
    if (discard[0])
        stake_line(&stake, "Delete the access key %s", discard);
    return life_unlock(life, agent, name, &stake, error, "to rotate %s", name);
}

static int unlock_to_prove(struct life *life, struct agent *agent, const char *name,
                           struct error *error)
{
    static struct stake stake; /* too large for the stack, with the other */

    stake_line(&stake, "Prove the new access key of %s: %s", name, in_use(life));
    stake_line(&stake, "%s", life_key(life)->arn);
    return life_unlock(life, agent, name, &stake, error,
                       "once more: the new access key of %s is to be proven", name);
}

/* A touch that opened the new record, and a session from it, are the proof. */
static int prove(struct life *life, struct agent *agent, const char *name, struct error *error)
{
    static struct task task; /* too large for the stack, with the others */

    find_task(life, &task);
    if (task.phase >= PHASE_PROVEN)
        return 0;
    if (strcmp(life->authority->signed_by, task.new_id) != 0 &&
        unlock_to_prove(life, agent, name, error) < 0)
        return -1;
    return rotate_proven(life, TASK_ROTATE, error);
}

/* Off, and deleted where nothing is to be waited for. */
static int retire_old(struct life *life, struct error *error)
{
    if (rotate_disable_old(life, TASK_ROTATE, error) < 0)
        return -1;
    return life_key(life)->policy.grace ? 0 : rotate_delete_old(life, TASK_ROTATE, error);
}

/* What the person has now. before: the access key that was in use. */
static int tell(const struct life *life, const char *before, char **done, struct error *error)
{
    char text[TASK_TEXT_SIZE];

    task_say(life->vault, life_key(life), now(), text);
    if (text[0])
        return errand_done(done, error, "%s now uses the access key %s; %s", life_key(life)->name,
                           in_use(life), text);
    return errand_done(done, error, "%s now uses the access key %s; %s is deleted",
                       life_key(life)->name, in_use(life), before);
}

/* A rotation whose old access key is off already needs no touch, only time, or its name. 1: said so
 * in *done. */
static int is_over(const struct life *life, const char *discard, char **done, struct error *error)
{
    char left[TASK_TEXT_SIZE];
    struct task task;

    find_task(life, &task);
    if (task.phase != PHASE_INACTIVE || discard[0] ||
        now() >= task.moved + life_key(life)->policy.grace)
        return 0;
    task_say(life->vault, life_key(life), now(), left);
    return errand_done(done, error,
                       "%s was rotated already: it uses %s, and %s; to rotate it again before: "
                       "awstap key rotate %s --discard %s",
                       life_key(life)->name, in_use(life), left, life_key(life)->name,
                       task.old_id) < 0
               ? -1
               : 1;
}

static bool is_to_be_deleted(const struct life *life, const struct task *task)
{
    return task->phase == PHASE_DELETING ||
           (task->phase == PHASE_INACTIVE && now() >= task->moved + life_key(life)->policy.grace);
}

/* The grace period of an earlier rotation is over: it makes room for this one, unless that is to
 * give up what the earlier one made. */
static int end_earlier(struct life *life, const char *discard, struct error *error)
{
    struct task task;

    find_task(life, &task);
    return is_to_be_deleted(life, &task) && strcmp(task.new_id, discard) != 0
               ? rotate_delete_old(life, TASK_ROTATE, error)
               : 0;
}

/* With a person there. 0 or -1 with error. */
static int rotate(struct life *life, struct agent *agent, const char *name, const char *discard,
                  char **done, struct error *error)
{
    char before[RECORD_SUBJECT_MAX + 1];
    int over;

    if (rotate_check_discard(discard, error) < 0 || life_read(life, agent, name, error) < 0 ||
        !vault_is_here(life->vault, error))
        return -1;
    if ((over = is_over(life, discard, done, error)) != 0)
        return over < 0 ? -1 : 0;
    snprintf(before, sizeof before, "%s", replaced(life));
    if (unlock_to_rotate(life, agent, name, discard, error) < 0 ||
        end_earlier(life, discard, error) < 0 ||
        rotate_replace(life, TASK_ROTATE, discard, error) < 0 ||
        prove(life, agent, name, error) < 0 || retire_old(life, error) < 0)
        return -1;
    return tell(life, before, done, error);
}

/* What makes room for another access key where a rotation has its own in use already. */
static const char *in_the_way(const struct life *life)
{
    static struct task task; /* its text is handed out */

    find_task(life, &task);
    return task.phase >= PHASE_PROVEN ? task.old_id : "";
}

/* No access key that the vault has now stays in use: where a rotation waits for its proof, that
 * comes first, and the access key that it made is replaced as well. 0 or -1 with error. */
static int rotate_anew(struct life *life, struct agent *agent, const char *name, char **done,
                       struct error *error)
{
    char leaked[RECORD_SUBJECT_MAX + 1], discard[RECORD_SUBJECT_MAX + 1];

    if (life_read(life, agent, name, error) < 0)
        return -1;
    snprintf(leaked, sizeof leaked, "%s", in_use(life));
    snprintf(discard, sizeof discard, "%s", in_the_way(life));
    if (rotate(life, agent, name, discard, done, error) < 0)
        return -1;
    if (strcmp(in_use(life), leaked) != 0)
        return 0;
    agent_progress(agent, PROGRESS_NOTE, "%s was made before; another takes its place", leaked);
    snprintf(discard, sizeof discard, "%s", in_the_way(life));
    arena_free(*done);
    *done = NULL;
    return rotate(life, agent, name, discard, done, error);
}

/* One step after the other, as far as nobody has to touch. 0 or -1 with error. */
static int go_on(struct life *life, struct error *error)
{
    static struct task task; /* too large for the stack, with the others */
    int r;

    find_task(life, &task);
    if (task.phase < PHASE_PROVEN)
        r = task.new_id[0] && strcmp(life->authority->signed_by, task.new_id) == 0
                ? rotate_proven(life, TASK_ROTATE, error)
                : rotate_replace(life, TASK_ROTATE, "", error);
    else
        r = 0;
    find_task(life, &task);
    if (r == 0 && task.phase >= PHASE_PROVEN)
        r = rotate_disable_old(life, TASK_ROTATE, error);
    find_task(life, &task);
    if (r == 0 && is_to_be_deleted(life, &task))
        r = rotate_delete_old(life, TASK_ROTATE, error);
    return r;
}

/* What became of it; waiting for a touch is no failure. */
static void send_outcome(struct agent *agent, const char *name, uint32_t status, const char *text)
{
    const struct msg_outcome outcome = {name, status == EXIT_PERSON ? EXIT_DONE : status, text};

    agent_send(agent, MSG_OUTCOME, &outcome);
}

static void tell_tended(const struct life *life, struct agent *agent, const char *name)
{
    char left[TASK_TEXT_SIZE], text[TASK_TEXT_SIZE + RECORD_SUBJECT_MAX];

    task_say(life->vault, life_key(life), now(), left);
    if (left[0])
        snprintf(text, sizeof text, "%s", left);
    else
        snprintf(text, sizeof text, "%s is in use, and the access key before it is deleted",
                 in_use(life));
    send_outcome(agent, name, EXIT_DONE, text);
}

static void tend(struct agent *agent, const char *name)
{
    struct error error = {0};
    struct life life = {0};
    int r = life_resume(&life, agent, name, &error);

    if (r == 0)
        r = go_on(&life, &error);
    if (r == 0)
        tell_tended(&life, agent, name);
    else if (r > 0)
        send_outcome(agent, name, EXIT_DONE, "waits for the next touch, and rides on it");
    else
        send_outcome(agent, name, error.status, error.text);
    life_end(&life);
}

static void tell_not_due(struct agent *agent, const struct key *key)
{
    char text[160];

    if (key->policy.rotate_every)
        snprintf(text, sizeof text, "not due yet");
    else
        snprintf(text, sizeof text,
                 "not rotated by itself; awstap key set %s rotate_every=90d "
                 "changes that",
                 key->name);
    send_outcome(agent, key->name, EXIT_DONE, text);
}

/* Each key that is due, or the one of this name; nobody is asked. 0 or -1 with error. */
static int rotate_due(struct agent *agent, const char *name, char **done, struct error *error)
{
    struct vault *vault = NULL;
    size_t count = 0;
    int r = -1;

    if (errand_vault(agent, &vault, error) < 0 || !vault_is_here(vault, error) ||
        (name[0] && !vault_key(vault, name, error)))
        goto out;
    for (size_t i = 0; i < vault->key_count; i++) {
        const struct key *key = &vault->keys[i];

        if (name[0] && strcmp(key->name, name) != 0)
            continue;
        if (!rotate_is_due(vault, key, now()) && !name[0])
            continue;
        count++;
        if (rotate_is_due(vault, key, now()))
            tend(agent, key->name);
        else
            tell_not_due(agent, key);
    }
    r = count ? 0 : errand_done(done, error, "no key is due");
out:
    vault_free(vault);
    return r;
}

int errand_key_rotate(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    static struct life life; /* too large for the stack, with the others */
    struct msg_key_rotate request;
    int r;

    (void)fd;
    if (message_get(frame, MSG_KEY_ROTATE, &request) < 0)
        return errand_malformed(error);
    if (request.due)
        return rotate_due(agent, request.name, done, error);
    r = request.anew ? rotate_anew(&life, agent, request.name, done, error)
                     : rotate(&life, agent, request.name, request.discard, done, error);
    life_end(&life);
    return r;
}
