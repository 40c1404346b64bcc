// SPDX-License-Identifier: BSD-2-Clause
// Refusals of IAM's that a touch would help against.
#include "denial.h"

#include "clock.h"

/* A policy that wants MFA fresher than this gets none from anybody (seconds). */
#define FRESH 300u

static bool is_fresh(const struct authority *authority)
{
    return clock_now_ms() / 1000 < authority->issued + FRESH;
}

int denial_explain(const struct life *life, enum iam_verdict verdict, struct error *error)
{
    const struct authority *authority = life->authority;

    if (!authority->session_token || is_fresh(authority))
        return -1;
    if (verdict == IAM_DENIED && authority->mfa)
        error_set(error, EXIT_PERSON,
                  "the policy of the user asks for fresh MFA: this waits for the next touch, and "
                  "rides on it");
    else if (verdict == IAM_KEY_REFUSED)
        error_set(error, EXIT_PERSON,
                  "AWS no longer takes the session at hand: this waits for the next touch, and "
                  "rides on it");
    return -1;
}
