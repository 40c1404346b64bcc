// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WANT_H
#define AWSTAP_WANT_H

#include "prompt.h"
#include "role.h"
#include "server.h"
#include "stake.h"
#include "vault.h"

#define WANT_REQUESTS 2 /* signed for the TOTP step at hand and for the next */

/* Where the code of the key's MFA device comes from. */
enum want_mfa {
    WANT_NO_MFA,
    WANT_SEED,  /* its seed is in the vault */
    WANT_TYPED, /* it is a phone or a hardware token: a person types what it shows */
};

/*
 * A session that a flight wants: of a key, or of a role that is assumed with the key itself. Before
 * the touch it has a connection to AWS; at the touch its requests are signed; after it they are
 * sent. The vault must outlive it.
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
    uint64_t steps[WANT_REQUESTS]; /* the TOTP steps of the requests */
    struct request requests[WANT_REQUESTS];
    size_t signed_count, sent;
};

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

/* Sign the requests, GetSessionToken or AssumeRole, with the vault open. 0 or -1 with error. */
int want_sign(struct want *want, const struct vault *vault, struct error *error);

/* Send the first request. 0 or -1 with error. */
int want_send(struct want *want, struct agent *agent, const struct vault *vault,
              struct error *error);

/*
 * Wait for the answer, with the next TOTP code or another try where that can help, and hand the
 * session to the agent; opener is the slot that opened the vault. 0 or -1 with error.
 */
int want_settle(struct want *want, struct agent *agent, const struct vault *vault,
                const struct slot *opener, struct error *error);

#endif
