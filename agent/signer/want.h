// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WANT_H
#define AWSTAP_WANT_H

#include "server.h"
#include "vault.h"

#define WANT_REQUESTS 2 /* signed for the TOTP step at hand and for the next */

/*
 * A session that a flight wants. Before the touch it has a connection to AWS; at the touch its
 * requests are signed; after it they are sent. The vault must outlive it.
 */
struct want {
    uint32_t flight, duration;
    bool open; /* it has had no answer yet */
    const struct key *key;
    struct server server;
    bool has_seed;
    unsigned turn; /* how many others use a TOTP code of the same MFA device before it */
    uint64_t steps[WANT_REQUESTS]; /* the TOTP steps of the requests */
    struct request requests[WANT_REQUESTS];
    size_t signed_count, sent;
};

/* Find the key, and begin to connect. 0, or -1 with error; want_close() is due in either case. */
int want_begin(struct want *want, struct agent *agent, struct vault *vault,
               const struct msg_want *asked, struct error *error);

/* Wait until AWS is connected. 0 or -1 with error. */
int want_await(struct want *want, struct error *error);

/* The same without waiting: 1; 0: not yet; -1 with error. */
int want_is_connected(struct want *want, struct error *error);

/* It has had its answer. Harmless on one that is closed. */
void want_close(struct want *want);

/* Sign the requests: GetSessionToken with the vault open. 0 or -1 with error. */
int want_sign(struct want *want, const struct vault *vault, struct error *error);

/* Send the first request. 0 or -1 with error. */
int want_send(struct want *want, struct agent *agent, const struct vault *vault,
              struct error *error);

/*
 * Wait for the answer, with the next TOTP code or another try where that can help, and hand the
 * session to the agent. 0 or -1 with error.
 */
int want_settle(struct want *want, struct agent *agent, const struct vault *vault,
                struct error *error);

/* Wait until there is a TOTP step by the server's clock that has not been used, and tell the
 * person. 0 or -1 with error. */
int want_await_step(struct agent *agent, const struct vault *vault, const struct key *key,
                    const struct server *server, struct error *error);

#endif
