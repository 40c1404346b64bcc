// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_POLICY_H
#define AWSTAP_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "message.h"

/*
 * What the keys may be used for, as far as an opened vault has told: believed, since the signer has
 * checked the vault's MAC before. Not known yet reads as the default, and is enforced once the
 * session is there; what locks is not taken to be none (lock.h).
 */
struct policy {
    uint32_t duration;     /* of a session, where nothing else is asked for; 0: not known */
    uint32_t max_duration; /* of any session; 0: not known */
    uint32_t touch, serve, lock_on;
};

/* Take the policy from what the signer issued for this key. */
void policy_learn(const char *key, const struct msg_issued *issued);

struct policy policy_of(const char *key);
bool policy_is_known(const char *key);

/* Forget one key's (NULL: everyone's). */
void policy_forget(const char *key);

/* Call visit with the name of each key that has this trigger. */
void policy_each_locked_on(enum lock_trigger trigger, void (*visit)(const char *key));

#endif
