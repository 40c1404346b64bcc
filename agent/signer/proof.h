// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PROOF_H
#define AWSTAP_PROOF_H

#include <stdbool.h>

#include "key.h"
#include "server.h"

/*
 * The proof that an access key works: GetCallerIdentity, which needs no permission and changes
 * nothing, signed while the secret is at hand and sent when it is long wiped, as often as wanted.
 * AWS takes a signed request for 15 minutes.
 */
struct proof {
    bool is_open; /* see proof_close() */
    struct agent *agent;
    char access_key_id[129];
    char account[13], arn[KEY_ARN_MAX + 1]; /* whose the access key has to be */
    struct server server;
    struct request request;
};

enum proof_verdict {
    PROOF_OK,     /* AWS takes the access key, and it is the user's */
    PROOF_NOT,    /* AWS does not know it (yet), or it is inactive: InvalidClientTokenId */
    PROOF_FAILED, /* anything else; nothing is known */
};

/*
 * Connect to STS in the key's region, before there is a secret. 0 or -1 with error; proof_close()
 * is due in either case. key is copied from.
 */
int proof_open(struct proof *proof, struct agent *agent, const struct key *key,
               struct error *error);

/* Sign with the access key of this id, whose secret may be wiped then. 0 or -1 with error. */
int proof_sign(struct proof *proof, const char *access_key_id, const char *secret,
               struct error *error);

/* From here on *error is filled in for every verdict but PROOF_OK. Only after proof_sign(). */

/* Ask once (again where AWS is busy). */
enum proof_verdict proof_ask(struct proof *proof, struct error *error);

/*
 * Ask until it is certain, as IAM is eventually consistent: PROOF_OK three times in a row, about a
 * second apart. An access key that AWS does not know is asked for again for a minute, and the
 * person is told; PROOF_NOT is the end of that.
 */
enum proof_verdict proof_run(struct proof *proof, struct error *error);

/* The opposite, of an access key that was switched off: until PROOF_NOT came three times in a row.
 * PROOF_OK: after a minute AWS still takes it. */
enum proof_verdict proof_run_off(struct proof *proof, struct error *error);

/* Wipe and release. Harmless on a zeroed one. */
void proof_close(struct proof *proof);

#endif
