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
 * what the agent still has; from there on both are the same. Zeroed to begin with; life_end() is
 * due whatever came.
 */
struct life {
    struct agent *agent;
    struct vault *vault; /* narrowed: records and journal may be changed, by vault_change() */
    uint32_t key;        /* its id; see life_key() */
    struct authority *authority;
    struct iam iam;
    /* The caller's, or NULL: what else is done while life_unlock() has the vault open, before the
     * session is signed for, such as signing what is sent later. 0 or -1 with error. */
    int (*opened)(struct life *life, void *context, struct error *error);
    void *context;
    bool confirm; /* the caller's: a dialog is to be answered with yes before anything blinks */
    bool device_unknown; /* out: life_unlock() failed as AWS knows no MFA device of this serial */
    bool fresh, holding; /* the vault has just been read; see life_hold() */
};

/*
 * Read the vault and find the key, for what is to be known before anyone touches;
 * life_unlock() and life_resume() do it where it has not been done. 0 or -1 with error.
 */
int life_read(struct life *life, struct agent *agent, const char *key, struct error *error);

/*
 * Have a person open the vault for a session of this key, which becomes the operation's authority
 * (for a key without MFA: SigV4's signing key of the day); the vault is narrowed then. stake and
 * touch as for errand_unlock(). It may be called again in the same operation: the touch that proves
 * a new access key; the vault is then as it is on the disk. 0 or -1 with error.
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

/*
 * Something at AWS is about to be changed, and its answer must reach the vault: until false is
 * given, the agent does not end this operation, and TERM does not end this process.
 */
void life_hold(struct life *life, bool on);

/* The journal's entry of this key and kind, changed or made (phase 0: taken out), and written. 0 or
 * -1 with error. */
int life_note(struct life *life, const struct task *task, struct error *error);

/* Let go of all of it; what is held is let go of, too. Harmless on one that is zeroed. */
void life_end(struct life *life);

#endif
