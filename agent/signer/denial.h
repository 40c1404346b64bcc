// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_DENIAL_H
#define AWSTAP_DENIAL_H

#include "life.h"

/*
 * What a refusal of IAM's means to an operation; *error is what iam.h said of it. EXIT_PERSON where
 * a touch is all that is missing: what signed it is an MFA session of a while ago, and the user's
 * policy wants a fresh one, or AWS no longer takes this one. Always -1, to be returned.
 */
int denial_explain(const struct life *life, enum iam_verdict verdict, struct error *error);

#endif
