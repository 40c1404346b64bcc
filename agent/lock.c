// SPDX-License-Identifier: BSD-2-Clause
// Locking, by command and by what awstap-watch sees.
#include "lock.h"

#include "authority.h"
#include "errand.h"
#include "flight.h"
#include "log.h"
#include "policy.h"
#include "tending.h"

static void note(const char *what, const char *key)
{
    const struct log_event event = {.what = what, .key = key};

    log_event(&event);
}

void lock_all(const char *what, const char *why)
{
    session_forget(NULL);
    authority_forget(NULL);
    policy_forget(NULL);
    flight_cancel_all(EXIT_PERSON, why);
    tending_forget(NULL);
    note(what, "");
    errand_lock(NULL, why);
}

static const char *reason, *told; /* for the log, and for those who wait */

static void lock_key(const char *key)
{
    session_forget(key);
    authority_forget(key);
    authority_forget_record_key();
    flight_forget(key, EXIT_PERSON, told);
    tending_forget(key);
    note(reason, key);
    errand_lock(key, told);
}

/* One of the vault's keys has the trigger: it may be this one. */
static void lock_unknown(const char *key)
{
    if (key[0] && !policy_is_known(key))
        lock_key(key);
}

void lock_on(enum lock_trigger trigger, const char *what, const char *why)
{
    reason = what;
    told = why;
    policy_each_locked_on(trigger, lock_key);
    if (!authority_locks_on(trigger))
        return;
    authority_each(lock_unknown);
    errand_visit_opened(lock_unknown);
    authority_forget_record_key();
}
