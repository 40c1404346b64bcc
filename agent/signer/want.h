// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WANT_H
#define AWSTAP_WANT_H

#include "prompt.h"
#include "role.h"
#include "server.h"
#include "stake.h"
#include "sts.h"
#include "vault.h"

#define WANT_STEPS 2 /* of TOTP: the one at hand, and the next */
#define WANT_KEYS  2 /* the access key in use, and in a rotation the one that it replaces */
/* Besides, without MFA, while a key's MFA device is being removed. */
#define WANT_ATTEMPTS (WANT_KEYS * (WANT_STEPS + 1))

/* Where the code of the key's MFA device comes from. */
enum want_mfa {
    WANT_NO_MFA,
    WANT_SEED,  /* its seed is in the vault */
    WANT_TYPED, /* it is a phone or a hardware token: a person types what it shows */
};

/* One request that is signed, and of which no more may be known at the touch than that it might
 * help. */
struct attempt {
    const char *access_key_id; /* the vault's */
    bool mfa;                  /* it has a code */
    uint64_t step;             /* of that code; 0: a person typed it, or there is none */
    struct request request;
};

/*
 * A session that is wanted by a flight (0: by an operation that signs IAM calls with it): of a key,
 * or of a role that is assumed with the key itself. Before the touch it has a connection to AWS; at
 * the touch its attempts are signed; after it they are sent, until one is good. The vault must
 * outlive it.
 */
struct want {
    uint32_t flight, duration;
    bool open; /* it has had no answer yet */
    const struct key *key;
    char *hops; /* of the role, in the arena; NULL: a session of the key */
    struct role role;
    struct server server;
    enum want_mfa mfa;
    struct answer *code; /* that was typed */
    unsigned turn;       /* how many others use a TOTP code of the same MFA device before it */
    struct attempt attempts[WANT_ATTEMPTS];
    size_t attempt_count, at;    /* how many there are; the one that is sent, or is next */
    enum sts_verdict verdict;    /* of the last attempt */
    uint64_t step_taken;         /* the last TOTP step that is used up for us; 0: none */
    struct authority_days *days; /* where a session without MFA may come of it: what IAM is asked
                                    with in its place; or NULL */
};

/* Whether sessions of this key have MFA, by what its vault and the journal in it say. */
enum want_mfa want_mfa_of(const struct vault *vault, const struct key *key);

/*
 * Find the key, hold what is asked against its policy, and begin to connect. 0, or -1 with error;
 * want_close() is due in either case.
 */
int want_begin(struct want *want, struct agent *agent, struct vault *vault,
               const struct msg_want *asked, struct error *error);

/* Say what a person is asked to open. */
void want_say(const struct want *want, struct stake *stake);

/* Wait until AWS is connected. 0 or -1 with error. */
int want_await(struct want *want, struct error *error);

/* The same without waiting: 1; 0: not yet; -1 with error. */
int want_is_connected(struct want *want, struct error *error);

/* Ask the person for the code of the MFA device; stake as for a dialog. 0 or -1 with error. */
int want_ask_code(struct want *want, struct agent *agent, const char *stake, struct error *error);

/* It has had its answer. Harmless on one that is closed. */
void want_close(struct want *want);

/* Sign the attempts, GetSessionToken or AssumeRole, with the vault open. 0 or -1 with error. */
int want_sign(struct want *want, const struct vault *vault, struct error *error);

/* Send the first one. 0 or -1 with error. */
int want_send(struct want *want, struct agent *agent, const struct vault *vault,
              struct error *error);

/*
 * Wait for the answer, with another attempt (the next TOTP code; the access key that is being
 * replaced) or another try where that can help, and hand the session to the agent; opener is the
 * slot that opened the vault. 0 or -1 with error.
 */
int want_settle(struct want *want, struct agent *agent, const struct vault *vault,
                const struct slot *opener, struct error *error);

#endif
