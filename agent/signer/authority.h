// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AUTHORITY_H
#define AWSTAP_AUTHORITY_H

#include <stdbool.h>
#include <stdint.h>

#include "agent.h"
#include "sigv4.h"
#include "vault.h"

/*
 * What calls to IAM about one key are signed with: a session of the key that the agent keeps, or,
 * for a key without MFA, SigV4's signing key of one day; never the long-lived secret. With it comes
 * K_rec, by which a secret that AWS issues is sealed without a touch. In the arena, wiped by
 * authority_free().
 */
struct authority {
    char access_key_id[129], secret[129]; /* empty: there is nothing to sign with */
    char *session_token;                  /* in the arena, or NULL */
    uint64_t issued, expiration;          /* of the session */
    bool mfa;                             /* it is MFA-authenticated */
    char signed_by[129];                  /* the long-lived access key id that it was got with */
    struct sigv4_day day;                 /* for IAM, in the place of secret where it is of a day */
    bool kept;                            /* the agent has K_rec: */
    uint8_t record_key[VAULT_KEY_BYTES], head[VAULT_KEY_BYTES];
};

/* Ask the agent for what it has about this key. *authority is the caller's to authority_free(). 0,
 * with empty fields where it has nothing; or -1 with error. */
int authority_ask(struct agent *agent, const char *key, struct authority **authority,
                  struct error *error);

/* Whether there is something to sign with, good for another two minutes by this clock (seconds
 * since 1970). */
bool authority_signs(const struct authority *authority, uint64_t now);

/* What sigv4 takes. The texts are the authority's. */
struct sigv4_key authority_key(const struct authority *authority);

/*
 * For a key without MFA, whose sessions IAM does not take: what signs for IAM on the day of now (by
 * AWS's clock), derived at an open vault from each access key that it has; *days is in the arena
 * and the caller's to authority_days_free(). 0 or -1 with error.
 */
struct authority_days;
int authority_make_days(const struct vault *vault, const struct key *key, uint64_t now,
                        struct authority_days **days, struct error *error);

/* Give the agent the one of the access key that gave a session, for authority_ask(); it takes the
 * place of that. days may be NULL. */
void authority_give_day(struct agent *agent, const struct key *key,
                        const struct authority_days *days, const char *access_key_id);
void authority_days_free(struct authority_days *days);

/* Wipe and release. NULL is allowed. */
void authority_free(struct authority *authority);

#endif
