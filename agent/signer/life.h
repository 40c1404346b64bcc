// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LIFE_H
#define AWSTAP_LIFE_H

#include "authority.h"
#include "iam.h"
#include "journal.h"
#include "stake.h"

/*
 * What an operation on the life of a key (rotation, MFA device, leak drill) has in hand: the vault,
 * believed and narrowed to K_rec, and authority at IAM. It begins with a person's touch or with
 * what the agent still has; from there on both are the same.
 */
struct life {
    struct agent *agent;
    struct vault *vault; /* narrowed: records and journal may be changed, by vault_change() */
    uint32_t key;        /* its id; see life_key() */
    struct authority *authority;
    struct iam iam;
};

/*
 * Have a person open the vault for a session of this key, which becomes the operation's authority;
 * the vault is narrowed then. stake and touch as for errand_unlock(). It may be called again in the
 * same operation: the touch that proves a new access key. 0 or -1 with error.
 */
int life_unlock(struct life *life, struct agent *agent, const char *key, struct stake *stake,
                struct error *error, const char *touch, ...) __attribute__((format(printf, 6, 7)));

/*
 * Begin with what the agent has. 1: it has nothing that signs, or no K_rec, or not for this head:
 * the next touch brings it; error says so. 0, or -1 with error.
 */
int life_resume(struct life *life, struct agent *agent, const char *key, struct error *error);

/* The key, wherever it stands by now; never NULL. Good until the next vault_change(). */
struct key *life_key(const struct life *life);

/* The journal's entry of this key and kind, changed or made (phase 0: taken out), and written. 0 or
 * -1 with error. */
int life_note(struct life *life, const struct task *task, struct error *error);

void life_end(struct life *life);

#endif
