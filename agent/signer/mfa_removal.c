// SPDX-License-Identifier: BSD-2-Clause
// The end of an MFA device: deactivated, deleted, its seed forgotten.
#include "mfa_removal.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "task.h"

#define SETTLED_S      300 /* by then AWS knows a device everywhere */
#define CONFLICT_TRIES 10
#define CONFLICT_MS    3000

static const char *user_of(const struct mfa_removal *removal)
{
    return iam_user_name(life_key(removal->life));
}

/* One call more where no answer came: it changes nothing that was done already. */
static enum iam_verdict insist(struct mfa_removal *removal,
                               enum iam_verdict call(struct iam *, const char *, struct error *),
                               struct error *error)
{
    enum iam_verdict verdict = call(&removal->life->iam, removal->serial, error);

    return verdict == IAM_UNKNOWN ? call(&removal->life->iam, removal->serial, error) : verdict;
}

static int explain(const struct mfa_removal *removal, const char *what, enum iam_verdict verdict,
                   struct error *error)
{
    const struct error why = *error;

    if (verdict == IAM_DENIED)
        return error_set(error, EXIT_AWS,
                         "AWS does not let %s %s the MFA device %s (AccessDenied); give the user "
                         "the policy that awstap iam-policy%s prints, and run it again",
                         user_of(removal), what, removal->serial,
                         removal->life->authority->mfa ? "" : " --bootstrap");
    return error_set(error, why.status, "the MFA device %s is not removed yet: %.300s",
                     removal->serial, why.text);
}

/* It is the user's no more. 0 or -1 with error. */
static int deactivate(struct mfa_removal *removal, struct error *error)
{
    enum iam_verdict verdict = insist(removal, iam_deactivate_device, error);

    if (verdict == IAM_OK || verdict == IAM_GONE)
        return 0;
    removal->untouched = verdict == IAM_DENIED;
    return explain(removal, "deactivate", verdict, error);
}

/* AWS takes seconds to see that a device has no user any more. */
static enum iam_verdict delete_patiently(struct mfa_removal *removal, struct error *error)
{
    struct agent *agent = removal->life->agent;
    enum iam_verdict verdict = insist(removal, iam_delete_device, error);

    if (verdict == IAM_CONFLICT)
        agent_progress(agent, PROGRESS_AWS,
                       "the device is off; waiting until AWS lets it be deleted");
    for (unsigned tries = 1; verdict == IAM_CONFLICT && tries < CONFLICT_TRIES; tries++) {
        agent_wait(agent, clock_boot_ms() + CONFLICT_MS);
        verdict = insist(removal, iam_delete_device, error);
    }
    return verdict;
}

const char *mfa_removal_other(const struct life *life, const char *serial)
{
    const struct key *other = vault_other_key(life->vault, life_key(life), serial);

    return other ? other->name : NULL;
}

const char *mfa_removal_before(const struct vault *vault, const struct key *key,
                               char out[KEY_SERIAL_MAX + 1])
{
    static struct task adding, removing; /* too large for the stack, with the others */

    out[0] = '\0';
    if (task_find(vault, key->id, TASK_MFA_ADD, &adding) && adding.phase == PHASE_ENABLED &&
        task_find(vault, key->id, TASK_MFA_REMOVE, &removing) &&
        clock_now_ms() / 1000 >= adding.moved + SETTLED_S &&
        strcmp(adding.serial, key->mfa_serial) == 0 &&
        strcmp(removing.serial, key->mfa_serial) != 0 &&
        vault_record_of(vault, key, RECORD_TOTP_SEED, removing.serial))
        snprintf(out, KEY_SERIAL_MAX + 1, "%s", removing.serial);
    return out;
}

int mfa_removal_run(struct mfa_removal *removal, struct error *error)
{
    enum iam_verdict verdict = IAM_CONFLICT;

    if (mfa_removal_other(removal->life, removal->serial))
        return 0;
    if (removal->loose)
        verdict = insist(removal, iam_delete_device, error);
    if (verdict == IAM_CONFLICT) {
        if (deactivate(removal, error) < 0)
            return -1;
        verdict = delete_patiently(removal, error);
    }
    return verdict == IAM_OK || verdict == IAM_GONE ? 0
                                                    : explain(removal, "delete", verdict, error);
}

int mfa_removal_drop_seed(struct vault *vault, const struct key *key, const char *serial,
                          struct error *error)
{
    return vault_record_of(vault, key, RECORD_TOTP_SEED, serial)
               ? vault_drop_record(vault, key, RECORD_TOTP_SEED, serial, error)
               : 0;
}
