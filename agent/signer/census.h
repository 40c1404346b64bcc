// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CENSUS_H
#define AWSTAP_CENSUS_H

#include "life.h"

/*
 * The user's access keys and MFA devices as AWS lists them, held against the vault: what it does
 * not know is noted in the journal for `status`, `key show` and `doctor`, and told to the person.
 * 0 or -1 with error: AWS was not to be asked.
 */
int census_take(struct life *life, struct iam_keys *keys, struct error *error);

#endif
