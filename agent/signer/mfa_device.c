// SPDX-License-Identifier: BSD-2-Clause
// A virtual MFA device that is being made for a key's user.
#include "mfa_device.h"

#include <string.h>

#include "arena.h"
#include "clock.h"
#include "mfa_name.h"
#include "step.h"

#define DEVICES_PER_USER 8    /* at AWS */
#define PAIRS_MAX        2    /* of codes that AWS is asked with */
#define CREATE_TRIES     4    /* no answer; it is there; deleted; made anew */
#define UNKNOWN_MS       3000 /* between two questions about a device that AWS does not know yet */

static const struct key *key_of(const struct mfa_device *device)
{
    return life_key(device->life);
}

static const char *user_of(const struct mfa_device *device)
{
    return iam_user_name(key_of(device));
}

static int note(struct mfa_device *device, uint32_t phase, struct error *error)
{
    device->task.phase = phase;
    device->task.moved = clock_now_ms() / 1000;
    return life_note(device->life, &device->task, error);
}

static bool is_the_users(const struct mfa_device *device, const char *serial)
{
    for (size_t i = 0; i < device->those.count; i++)
        if (strcmp(device->those.devices[i].serial, serial) == 0)
            return true;
    return false;
}

int mfa_device_look(struct mfa_device *device, struct error *error)
{
    enum iam_verdict verdict = iam_list_devices(&device->life->iam, &device->those, error);

    if (verdict == IAM_DENIED) {
        device->those.count = 0;
        *error = (struct error){0};
        return 0;
    }
    if (verdict != IAM_OK)
        return -1;
    if (device->task.serial[0] && is_the_users(device, device->task.serial))
        return 1;
    if (device->those.count >= DEVICES_PER_USER)
        return error_set(error, EXIT_AWS,
                         "%s has %zu MFA devices at AWS, and no room for another; remove one there "
                         "and run it again",
                         user_of(device), device->those.count);
    return 0;
}

struct sealing {
    const struct task *task;
    const struct seed *seed;
};

static int apply_seal(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct sealing *sealing = context;
    const struct key *key = vault_key_by_id(vault, sealing->task->key);

    if (!key)
        return error_set(error, EXIT_FAILED, "the key has been removed meanwhile");
    if (journal_read(vault, &journal, error) < 0 ||
        vault_put_record(vault, key, RECORD_TOTP_SEED, sealing->task->serial, sealing->seed->data,
                         sealing->seed->len, error) < 0 ||
        journal_set(&journal, sealing->task, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

/* The task is over, and of its device's seed nothing is left. */
static int apply_forget(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    struct task *task = context;
    const struct key *key = vault_key_by_id(vault, task->key);

    if (!key)
        return 0;
    if (vault_record_of(vault, key, RECORD_TOTP_SEED, task->serial) &&
        vault_drop_record(vault, key, RECORD_TOTP_SEED, task->serial, error) < 0)
        return -1;
    if (journal_read(vault, &journal, error) < 0 || journal_set(&journal, task, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

static int forget(struct mfa_device *device, struct error *error)
{
    device->task.phase = PHASE_NONE;
    return vault_change(device->life->vault, apply_forget, &device->task, error);
}

/*
 * The seed could not be sealed: AWS is not left with a device whose seed nobody has. A write that
 * failed late may have left the seed in the vault all the same. Always -1.
 */
static int take_back(struct mfa_device *device, struct error *error)
{
    const struct error why = *error;
    struct error failed = {0};

    if (iam_delete_device(&device->life->iam, device->task.serial, &failed) != IAM_OK)
        return error_set(error, why.status,
                         "the seed of the new MFA device could not be sealed (%.160s), and the "
                         "device %s could not be deleted at AWS again (%.160s); awstap mfa add %s "
                         "deletes it",
                         why.text, device->task.serial, failed.text, key_of(device)->name);
    (void)forget(device, &failed);
    return error_set(error, why.status,
                     "the seed of the new MFA device could not be sealed, so it was deleted at AWS "
                     "again: %s",
                     why.text);
}

/* The seed goes into the vault; then only the next codes are left of it. 0 or -1 with error. */
static int seal(struct mfa_device *device, const struct seed *seed, struct error *error)
{
    struct sealing sealing = {&device->task, seed};

    device->task.phase = PHASE_SEALED;
    device->task.moved = clock_now_ms() / 1000;
    if (vault_change(device->life->vault, apply_seal, &sealing, error) < 0) {
        device->task.phase = PHASE_INTENT;
        return take_back(device, error);
    }
    return mfa_codes_make(seed->data, seed->len, step_now(&device->life->iam.server),
                          &device->codes, error);
}

/* Ask AWS for the device of the task, once, and seal its seed. *r is what came of that. */
static enum iam_verdict create(struct mfa_device *device, unsigned nth, int *r, struct error *error)
{
    char name[MFA_NAME_SIZE], serial[KEY_SERIAL_MAX + 1];
    struct seed seed = {0};
    enum iam_verdict verdict;

    *r = -1;
    if (iam_prepare(&device->life->iam, error) < 0)
        return IAM_FAILED;
    life_hold(device->life, true);
    verdict = iam_create_device(&device->life->iam, mfa_name(key_of(device), nth, name), serial,
                                &seed, error);
    if (verdict == IAM_OK)
        *r = seal(device, &seed, error);
    life_hold(device->life, false);
    seed_free(&seed);
    return verdict;
}

/*
 * There is a device that an intent of ours speaks of, and nobody has its seed. 0: it is deleted; 1:
 * it has an owner, so it is not ours; -1 with error.
 */
static int clear_away(struct mfa_device *device, struct error *error)
{
    struct error why = {0};

    switch (iam_delete_device(&device->life->iam, device->task.serial, &why)) {
    case IAM_OK:
    case IAM_GONE:
        return 0;
    case IAM_CONFLICT:
        return 1;
    case IAM_DENIED:
        return error_set(error, EXIT_AWS,
                         "the MFA device %s is left of an attempt before, and AWS does not let %s "
                         "delete it; have it deleted (aws iam delete-virtual-mfa-device "
                         "--serial-number %s), and run it again",
                         device->task.serial, user_of(device), device->task.serial);
    default:
        *error = why;
        return -1;
    }
}

/* Who has MFA must not get the bootstrap: with it the access key alone could add a device. */
static const char *bootstrap(const struct mfa_device *device)
{
    return device->life->authority->mfa ? "" : " --bootstrap";
}

static int refused(struct mfa_device *device, unsigned nth, struct error *error)
{
    char first[KEY_SERIAL_MAX + 1];
    bool further = is_the_users(device, mfa_name_serial(key_of(device), 0, first));

    if (nth == 0 || further)
        return error_set(error, EXIT_AWS,
                         "AWS does not let %s make the MFA device %s (AccessDenied); give the user "
                         "the policy that awstap iam-policy%s prints, and run it again",
                         user_of(device), device->task.serial, further ? "" : bootstrap(device));
    return error_set(error, EXIT_AWS,
                     "AWS has an MFA device %s that is not %s's, and does not let %s make %s; have "
                     "the first one deleted if nobody uses it, or the second one allowed",
                     first, user_of(device), user_of(device), device->task.serial);
}

static int enabling_refused(const struct mfa_device *device, struct error *error)
{
    return error_set(error, EXIT_AWS,
                     "AWS does not let %s enable the MFA device %s (AccessDenied); give the user "
                     "the policy that awstap iam-policy%s prints, and run it again",
                     user_of(device), device->task.serial, bootstrap(device));
}

/* Somebody else may have made one that has no user yet, which must never pass for ours. 0: AWS has
 * none of this serial; 1: it has; -1 with error. */
static int check_free(struct mfa_device *device, struct error *error)
{
    struct error why = {0};

    switch (iam_device_exists(&device->life->iam, device->task.serial, &why)) {
    case IAM_GONE:
        return 0;
    case IAM_EXISTS:
        return 1;
    case IAM_DENIED: /* as it would be once the device is made */
        return enabling_refused(device, error);
    default:
        *error = why;
        return -1;
    }
}

/*
 * Ask for it. AWS had none of this name when the intent was noted, so where an answer is missing,
 * *ours: what is there by then is what we asked for; it is deleted, and asked for again.
 */
static enum iam_verdict create_or_clear(struct mfa_device *device, unsigned nth, bool *ours, int *r,
                                        struct error *error)
{
    enum iam_verdict verdict = IAM_UNKNOWN;

    for (unsigned tries = 0; tries < CREATE_TRIES; tries++) {
        verdict = create(device, nth, r, error);
        if (verdict == IAM_UNKNOWN) {
            *ours = true;
        } else if (verdict == IAM_EXISTS && *ours) {
            if ((*r = clear_away(device, error)) < 0)
                return IAM_FAILED;
            *ours = false;
            if (*r == 1)
                return IAM_EXISTS;
        } else {
            return verdict;
        }
    }
    return verdict;
}

/*
 * Make the device of this name; ours: an earlier run has noted the intent. 0; 1: the name is taken;
 * -1 with error. An intent stays noted only where what AWS may have of this name is ours.
 */
static int make_named(struct mfa_device *device, unsigned nth, bool ours, struct error *error)
{
    struct error why = {0}, unsaid = {0};
    enum iam_verdict verdict;
    int r = -1;

    mfa_name_serial(key_of(device), nth, device->task.serial);
    if (!ours && (r = check_free(device, error)) != 0)
        return r;
    if (note(device, PHASE_INTENT, error) < 0)
        return -1;
    verdict = create_or_clear(device, nth, &ours, &r, &why);
    if (verdict == IAM_EXISTS)
        return note(device, PHASE_NONE, error) < 0 ? -1 : 1;
    if (verdict != IAM_OK && !ours)
        (void)note(device, PHASE_NONE, &unsaid);
    if (verdict == IAM_DENIED)
        return refused(device, nth, error);
    *error = why;
    return verdict == IAM_OK ? r : -1;
}

int mfa_device_make(struct mfa_device *device, struct error *error)
{
    char serial[KEY_SERIAL_MAX + 1], before[KEY_SERIAL_MAX + 1] = "";
    struct error unsaid = {0};
    int r = 1;

    if (device->task.phase == PHASE_NONE)
        device->task.begun = clock_now_ms() / 1000;
    else
        strcpy(before, device->task.serial);
    for (unsigned nth = 0; r == 1 && nth < MFA_NAMES; nth++) {
        mfa_name_serial(key_of(device), nth, serial);
        if (is_the_users(device, serial))
            continue;
        r = make_named(device, nth, strcmp(serial, before) == 0, error);
        if (r == 1)
            agent_progress(
                device->life->agent, PROGRESS_NOTE,
                "AWS has an MFA device %s already, which is not this user's; trying another name",
                serial);
    }
    if (r != 1)
        return r;
    (void)note(device, PHASE_NONE, &unsaid);
    return error_set(error, EXIT_AWS,
                     "AWS has MFA devices of all the names that awstap gives (%s, %s-awstap, …); "
                     "delete those without a user, and run it again",
                     user_of(device), user_of(device));
}

/* Ask with these two codes; a device that is so new that AWS does not know it yet is asked for
 * again, as long as they are good. */
static enum iam_verdict ask(struct mfa_device *device, uint64_t step, struct error *error)
{
    const char *code = mfa_codes_of(device->codes, step),
               *next = mfa_codes_of(device->codes, step + 1);
    struct iam *iam = &device->life->iam;
    enum iam_verdict verdict;
    bool said = false;

    while ((verdict = iam_enable_device(iam, device->task.serial, code, next, error)) == IAM_GONE) {
        if (!said)
            agent_progress(iam->agent, PROGRESS_AWS,
                           "AWS does not know the new MFA device everywhere yet; asking again");
        said = true;
        agent_wait(iam->agent, clock_boot_ms() + UNKNOWN_MS);
        server_look(&iam->server);
        if (step_now(&iam->server) > step + 1)
            break;
    }
    return verdict;
}

enum state { IS_USERS, MAY_BE, NOT_YET, NEVER };

/*
 * What is known by then. Without an answer AWS has done it or not; and once it has, the user's
 * policy may want MFA for whatever is asked, which there is none of yet.
 */
static enum state judge(struct mfa_device *device, enum iam_verdict verdict)
{
    struct error unsaid = {0};

    switch (verdict) {
    case IAM_OK:
    case IAM_EXISTS: /* nobody else has the seed, so an answer was lost before */
        return IS_USERS;
    case IAM_UNKNOWN:
        return mfa_device_look(device, &unsaid) == 1 ? IS_USERS : NOT_YET;
    case IAM_CODE:
    case IAM_GONE:
        return NOT_YET;
    case IAM_DENIED:
        return MAY_BE;
    default:
        return NEVER;
    }
}

/* It was deleted at AWS by somebody else: nothing is left of it here either. That it is not known
 * there by mistake is made sure of by deleting it. Always -1. */
static int lost(struct mfa_device *device, struct error *error)
{
    enum iam_verdict verdict = iam_delete_device(&device->life->iam, device->task.serial, error);

    if ((verdict != IAM_OK && verdict != IAM_GONE) || forget(device, error) < 0)
        return -1;
    return error_set(error, EXIT_AWS,
                     "AWS does not know the MFA device %s any more, so its seed was dropped; run "
                     "it again for a new one",
                     device->task.serial);
}

static int explain(const struct mfa_device *device, enum iam_verdict verdict,
                   const struct error *why, struct error *error)
{
    if (verdict == IAM_DENIED)
        return enabling_refused(device, error);
    return error_set(error, EXIT_AWS, "AWS did not give %s the MFA device %s: %.300s",
                     user_of(device), device->task.serial, why->text);
}

int mfa_device_enable(struct mfa_device *device, struct error *error)
{
    enum iam_verdict verdict = IAM_FAILED;
    enum state state = NOT_YET;
    struct life *life = device->life;
    struct error why = {0};
    uint64_t step;

    for (unsigned pairs = 0; state == NOT_YET && pairs < PAIRS_MAX; pairs++) {
        if (pairs > 0)
            agent_progress(life->agent, PROGRESS_NOTE, "AWS did not %s; trying the next two codes",
                           verdict == IAM_UNKNOWN ? "answer" : "take the codes");
        if (mfa_codes_take(device->codes, life->agent, &life->iam.server, life->vault->state,
                           device->task.serial, 2, &step, error) < 0)
            return -1;
        verdict = ask(device, step, &why);
        state = judge(device, verdict);
    }
    if (state == IS_USERS)
        return 0;
    if (verdict == IAM_GONE)
        return lost(device, error);
    explain(device, verdict, &why, error);
    return state == MAY_BE ? 1 : -1;
}

void mfa_device_free(struct mfa_device *device)
{
    arena_free(device->codes);
    device->codes = NULL;
}
