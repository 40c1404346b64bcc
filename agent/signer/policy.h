// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_POLICY_H
#define AWSTAP_POLICY_H

#include "error.h"
#include "key.h"
#include "stake.h"

/* The policy of a key as people write it: texts option=value. */

#define POLICY_TEXT_SIZE 256

/*
 * Change the policy as options say. Options that are unknown, given twice or out of bounds change
 * nothing. A max_duration below the duration takes the duration with it, unless both are given. 0,
 * or -1 with error (EXIT_USAGE).
 */
int policy_change(struct key_policy *policy, const struct list *options, struct error *error);

/* All of it, as "touch=session serve=any …". out. */
const char *policy_text(const struct key_policy *policy, char out[POLICY_TEXT_SIZE]);

/* Say what differs, a line for each option, as "touch=use instead of session". */
void policy_say(const struct key_policy *before, const struct key_policy *after,
                struct stake *stake);

#endif
