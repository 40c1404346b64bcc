// SPDX-License-Identifier: BSD-2-Clause
// awstap mfa add: a virtual MFA device for a key's user, made with one touch, its seed sealed; in
// the place of the one before where that is asked for, which goes when the new one is proven.
#include "errand.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "keep.h"
#include "mfa_device.h"
#include "mfa_name.h"
#include "mfa_removal.h"
#include "mfa_session.h"
#include "serial.h"
#include "step.h"
#include "task.h"

struct adding {
    struct life life;
    struct mfa_device device;
    struct mfa_session session;
    struct allowed_serial allowed[MFA_NAMES]; /* whichever it is called in the end */
    bool resumed;                             /* an earlier run has sealed the seed */
};

static struct task *task_of(struct adding *adding)
{
    return &adding->device.task;
}

/* Whether something else is under way about this key. 0, or -1 with error. */
static int check_tasks(const struct adding *adding, struct error *error)
{
    const struct life *life = &adding->life;
    const struct key *key = life_key(life);
    struct task task;

    /* Behind a device that is the user's by now goes the one that it replaces. */
    if (adding->device.task.phase != PHASE_ENABLED &&
        task_find(life->vault, key->id, TASK_MFA_REMOVE, &task))
        return error_set(error, EXIT_FAILED,
                         "the MFA device of %s is being removed; finish that by awstap mfa remove "
                         "%s, and run it again",
                         key->name, key->name);
    if (task_find(life->vault, key->id, TASK_REVOKE, &task))
        return error_set(
            error, EXIT_FAILED,
            "the leak drill of %s is under way; finish it by awstap revoke %s, and run "
            "it again",
            key->name, key->name);
    if (task_find(life->vault, key->id, TASK_ROTATE, &task) && task.phase < PHASE_PROVEN)
        return error_set(error, EXIT_FAILED,
                         "the access key of %s is being replaced; finish that by awstap key rotate "
                         "%s, and run it again",
                         key->name, key->name);
    return 0;
}

/* The task that goes on, or a new one. 0, or -1 with error. */
static int check(struct adding *adding, bool replace, struct error *error)
{
    const struct life *life = &adding->life;
    const struct key *key = life_key(life);
    bool begun = task_find(life->vault, key->id, TASK_MFA_ADD, task_of(adding));

    adding->resumed = task_of(adding)->phase >= PHASE_SEALED;
    if (!vault_is_here(life->vault, error) || check_tasks(adding, error) < 0)
        return -1;
    if (begun || replace == vault_has_seed(life->vault, key))
        return 0;
    if (replace)
        return error_set(error, EXIT_FAILED,
                         "%s has no MFA device whose seed is in the vault, and so none to replace; "
                         "awstap mfa add %s makes one",
                         key->name, key->name);
    return error_set(error, EXIT_FAILED,
                     "%s has an MFA device whose seed is sealed already: %s; awstap mfa add "
                     "--replace %s puts a new one in its place",
                     key->name, key->mfa_serial, key->name);
}

/* The next codes of a device that an earlier run has sealed the seed of. */
static int compute_codes(struct adding *adding, struct error *error)
{
    const struct record *record = vault_record_of(adding->life.vault, life_key(&adding->life),
                                                  RECORD_TOTP_SEED, task_of(adding)->serial);
    struct record_secret *seed;
    int r;

    if (!record) /* somebody took it out: as if it had never come */
        task_of(adding)->phase = PHASE_INTENT;
    if (task_of(adding)->phase != PHASE_SEALED)
        return 0;
    if (vault_open_record(adding->life.vault, record, &seed, error) < 0)
        return -1;
    r = mfa_codes_make((const uint8_t *)seed->data, seed->len, step_now(&adding->session.server),
                       &adding->device.codes, error);
    arena_free(seed);
    return r;
}

/* The seed that is to be replaced may be another key's only one. Once the key goes by the new
 * device that has been seen to. */
static int share_seed(struct adding *adding, struct error *error)
{
    const struct life *life = &adding->life;
    const struct key *key = life_key(life);
    int r = task_of(adding)->phase == PHASE_ENABLED
                ? 0
                : vault_share_seed(life->vault, key, key->mfa_serial, error);

    return r == 1 ? errand_write(life->agent, life->vault, error) : r;
}

/* What needs the open vault: the serial to come, what signs the first session, the codes. */
static int opened(struct life *life, void *context, struct error *error)
{
    struct adding *adding = context;
    struct key *key = life_key(life);
    char serial[KEY_SERIAL_MAX + 1];

    for (unsigned nth = 0; nth < MFA_NAMES; nth++)
        if (serial_allow(life->vault, key, mfa_name_serial(key, nth, serial), &adding->allowed[nth],
                         error) < 0)
            return -1;
    if (share_seed(adding, error) < 0 ||
        mfa_session_prepare(&adding->session, life->vault, key, error) < 0)
        return -1;
    return task_of(adding)->phase == PHASE_SEALED ? compute_codes(adding, error) : 0;
}

static void say_replaced(const struct life *life, struct stake *stake)
{
    const char *serial = life_key(life)->mfa_serial, *other = mfa_removal_other(life, serial);

    if (other)
        stake_line(stake, "in the place of %s, which stays: %s goes by it too", serial, other);
    else
        stake_line(stake, "in the place of %s, which is deleted then", serial);
}

static int unlock_for_it(struct adding *adding, struct agent *agent, const char *name,
                         struct error *error)
{
    const struct key *key = life_key(&adding->life);
    struct stake stake = {0};
    char serial[KEY_SERIAL_MAX + 1];

    stake_line(&stake, "Make an MFA device for %s at AWS", key->name);
    if (vault_has_seed(adding->life.vault, key) && task_of(adding)->phase != PHASE_ENABLED)
        say_replaced(&adding->life, &stake);
    else
        stake_line(&stake, "MFA device %s",
                   task_of(adding)->serial[0] ? task_of(adding)->serial
                                              : mfa_name_serial(key, 0, serial));
    adding->life.opened = opened;
    adding->life.context = adding;
    return life_unlock(&adding->life, agent, name, &stake, error, "to give %s an MFA device", name);
}

/* What the user has already, and why that is not enough. */
static void say_those(const struct adding *adding)
{
    const struct iam_devices *those = &adding->device.those;
    struct agent *agent = adding->life.agent;

    for (size_t i = 0; i < those->count; i++) {
        const char *serial = those->devices[i].serial;

        if (vault_record_of(adding->life.vault, life_key(&adding->life), RECORD_TOTP_SEED, serial))
            continue; /* the one that is to be replaced */
        if (strstr(serial, ":u2f/"))
            agent_progress(agent, PROGRESS_NOTE,
                           "%s serves the AWS console only, as AWS STS takes TOTP codes alone: a "
                           "virtual MFA device is added beside it",
                           serial);
        else
            agent_progress(agent, PROGRESS_NOTE, "%s stays: another MFA device is added beside it",
                           serial);
    }
}

/* From the moment on in which the key goes by the new device, the one before is to be removed. */
static int set_enabled(struct journal *journal, const struct vault *vault, const struct key *key,
                       const struct task *enabled, struct error *error)
{
    static struct task removing; /* too large for the stack, with the others */

    if (vault_has_seed(vault, key) && strcmp(key->mfa_serial, enabled->serial) != 0) {
        removing = (struct task){.key = key->id,
                                 .kind = TASK_MFA_REMOVE,
                                 .phase = PHASE_DELETING,
                                 .begun = enabled->moved,
                                 .moved = enabled->moved};
        snprintf(removing.serial, sizeof removing.serial, "%s", key->mfa_serial);
        if (journal_set(journal, &removing, error) < 0)
            return -1;
    }
    return journal_set(journal, enabled, error);
}

static int apply_enabled(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct adding *adding = context;
    const struct task *task = &adding->device.task;
    struct key *key = vault_key_by_id(vault, task->key);
    unsigned nth = 0;

    if (!key)
        return error_set(error, EXIT_FAILED, "the key has been removed meanwhile");
    while (nth < MFA_NAMES && strcmp(adding->allowed[nth].serial, task->serial) != 0)
        nth++;
    if (nth == MFA_NAMES)
        return error_set(error, EXIT_FAILED, "the MFA device %s is not called as it should be",
                         task->serial);
    if (journal_read(vault, &journal, error) < 0 ||
        set_enabled(&journal, vault, key, task, error) < 0 ||
        serial_put(vault, key, &adding->allowed[nth], error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

/* The device is the user's: from here on sessions have MFA. */
static int note_enabled(struct adding *adding, struct error *error)
{
    struct life *life = &adding->life;
    struct error why = {0};

    task_of(adding)->phase = PHASE_ENABLED;
    task_of(adding)->moved = clock_now_ms() / 1000;
    if (vault_change(life->vault, apply_enabled, adding, &why) < 0)
        return error_set(error, why.status,
                         "the MFA device %s is made, but that could not be noted (%.200s); run it "
                         "again to go on with it",
                         task_of(adding)->serial, why.text);
    keep(life->agent, life->vault);
    return 0;
}

/* The first session with the device. 0 or -1 with error. */
static int get_session(struct adding *adding, struct error *error)
{
    struct life *life = &adding->life;
    struct key key = *life_key(life);

    snprintf(key.mfa_serial, sizeof key.mfa_serial, "%s", task_of(adding)->serial);
    return mfa_session_get(&adding->session, life->vault->state, &key, adding->device.codes, error);
}

/* It is the user's: noted, and proven. 0 or -1 with error. */
static int prove(struct adding *adding, struct error *error)
{
    struct error why = {0};

    if (note_enabled(adding, error) < 0)
        return -1;
    agent_progress(adding->life.agent, PROGRESS_NOTE,
                   "the MFA device is %s's now; the first session comes with its next code",
                   iam_user_name(life_key(&adding->life)));
    if (get_session(adding, &why) == 0)
        return 0;
    return error_set(error, why.status,
                     "the MFA device %s is made, but AWS gave no session with it yet; run it again "
                     "to try it (%.250s)",
                     task_of(adding)->serial, why.text);
}

/* An answer of AWS's is missing, maybe in an earlier run: the session tells whether it is the
 * user's. error says what else is wrong. */
static int try_session(struct adding *adding, struct error *error)
{
    struct error unsaid = {0};

    adding->session.tries = 1;
    return get_session(adding, &unsaid) < 0 ? -1 : note_enabled(adding, error);
}

static int enable(struct adding *adding, struct error *error)
{
    int r = mfa_device_enable(&adding->device, error);

    if (r < 0)
        return -1;
    return r == 1 ? try_session(adding, error) : prove(adding, error);
}

/* From what there is up to a device that is the user's, with its first session. */
static int make(struct adding *adding, struct error *error)
{
    struct mfa_device *device = &adding->device;
    int r = mfa_device_look(device, error);

    if (r < 0)
        return -1;
    if (device->task.phase == PHASE_SEALED)
        return r == 1 ? prove(adding, error) : enable(adding, error);
    say_those(adding);
    if (mfa_device_make(device, error) < 0)
        return -1;
    agent_progress(adding->life.agent, PROGRESS_NOTE,
                   "the MFA device %s is made; AWS wants two codes of it, one after the other",
                   device->task.serial);
    return enable(adding, error);
}

/* An earlier run came as far as that: the session that this touch was for is the proof. */
static int check_session(const struct life *life, struct error *error)
{
    if (life->authority && life->authority->mfa)
        return 0;
    return error_set(error, EXIT_AWS,
                     "AWS gave %s a session without its new MFA device; look at the device there",
                     life_key(life)->name);
}

/* The device before, where there is one to be removed. 0 or -1 with error. */
static int remove_before(struct life *life, const struct task *before, struct error *error)
{
    struct mfa_removal removal = {.life = life, .serial = before->serial};
    struct error why = {0};

    if (before->phase == PHASE_NONE || mfa_removal_run(&removal, &why) == 0)
        return 0;
    return error_set(error, why.status, "%s goes by its new MFA device, but %.400s",
                     life_key(life)->name, why.text);
}

struct ending {
    struct task added, removed;
};

static int apply_end(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct ending *ending = context;
    const struct key *key = vault_key_by_id(vault, ending->added.key);

    if (!key)
        return error_set(error, EXIT_FAILED, "the key has been removed meanwhile");
    if (journal_read(vault, &journal, error) < 0 ||
        (ending->removed.serial[0] &&
         mfa_removal_drop_seed(vault, key, ending->removed.serial, error) < 0) ||
        journal_set(&journal, &ending->added, error) < 0 ||
        journal_set(&journal, &ending->removed, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

/* What became of the device before; "": there was none. */
static void say_before(const struct life *life, const char *serial, char *out, size_t size)
{
    const char *other = mfa_removal_other(life, serial);

    if (!*serial)
        out[0] = '\0';
    else if (other)
        snprintf(out, size, "; %s stays, as %s goes by it too: awstap mfa add --replace %s", serial,
                 other, other);
    else
        snprintf(out, size, "; %s is deleted, and its seed", serial);
}

/* All is over, but for the device before. */
static int finish(struct adding *adding, char **done, struct error *error)
{
    static struct ending ending; /* too large for the stack */
    char before[512];
    struct life *life = &adding->life;

    task_find(life->vault, life->key, TASK_MFA_REMOVE, &ending.removed);
    if (remove_before(life, &ending.removed, error) < 0)
        return -1;
    ending.added = *task_of(adding);
    ending.added.phase = ending.removed.phase = PHASE_NONE;
    if (vault_change(life->vault, apply_end, &ending, error) < 0)
        return -1;
    say_before(life, ending.removed.serial, before, sizeof before);
    return errand_done(done, error,
                       "%s has the MFA device %s; its seed is sealed, and sessions have MFA from "
                       "now on%s",
                       life_key(life)->name, ending.added.serial, before);
}

static int run(struct adding *adding, struct agent *agent, const struct msg_mfa_add *request,
               char **done, struct error *error)
{
    struct life *life = &adding->life;

    adding->device.life = life;
    if (life_read(life, agent, request->key, error) < 0 ||
        check(adding, request->replace, error) < 0 ||
        mfa_session_open(&adding->session, agent, life_key(life), error) < 0 ||
        unlock_for_it(adding, agent, request->key, error) < 0)
        return -1;
    if (task_of(adding)->phase == PHASE_ENABLED ? check_session(life, error) < 0
                                                : make(adding, error) < 0)
        return -1;
    return finish(adding, done, error);
}

/* 0; 1: the seed of the new device was in the vault before; -1 with error. */
static int run_once(struct agent *agent, const struct msg_mfa_add *request, char **done,
                    struct error *error)
{
    static struct adding adding; /* too large for the stack */
    int r = run(&adding, agent, request, done, error);

    if (r == 0 && adding.resumed)
        r = 1;
    mfa_device_free(&adding.device);
    mfa_session_close(&adding.session);
    life_end(&adding.life);
    adding = (struct adding){0};
    return r;
}

int errand_mfa_add(struct agent *agent, const struct frame *frame, int fd, char **done,
                   struct error *error)
{
    struct msg_mfa_add request;
    int r;

    (void)fd;
    if (message_get(frame, MSG_MFA_ADD, &request) < 0)
        return errand_malformed(error);
    if ((r = run_once(agent, &request, done, error)) == 1 && request.anew) {
        agent_progress(agent, PROGRESS_NOTE,
                       "that device was made before; another takes its place");
        arena_free(*done);
        *done = NULL;
        r = run_once(agent, &request, done, error);
    }
    return r < 0 ? -1 : 0;
}
