// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CENSUS_H
#define AWSTAP_CENSUS_H

#include "life.h"

#define CENSUS_TEXT_SIZE 512

/*
 * The user's access keys and MFA devices as AWS lists them, held against the vault: what it does
 * not know is noted in the journal for `status`, `key show` and `doctor`, and told to the person.
 * 0 or -1 with error (see denial.h): AWS was not to be asked, or it could not be noted.
 */
int census_take(struct life *life, struct iam_keys *keys, struct error *error);

/* Whether the vault has the secret of this access key, for whichever of its keys. */
bool census_knows_key(const struct vault *vault, const char *access_key_id);

/* This access key was just deleted: AWS may list it for a while, and this operation is to take no
 * notice. */
void census_gone(const char *access_key_id);

/* An access key in a person's words: its id, whose it is, its age, its last use, which AWS is asked
 * for. out. */
const char *census_describe(struct life *life, const struct iam_key *access_key,
                            char out[CENSUS_TEXT_SIZE]);

#endif
