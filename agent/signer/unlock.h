// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_UNLOCK_H
#define AWSTAP_UNLOCK_H

#include "agent.h"
#include "prompt.h"
#include "touch.h"
#include "vault.h"

/* Opening the vault by any factor that it has: a touch, a PIN and a touch, a passphrase, the
 * recovery code. */

/* What the vault is to be opened for. It may change while the person is being asked. */
struct purpose {
    char touch[200];               /* completes "touch the security key …": "to open work" */
    char stake[PROMPT_STAKE_SIZE]; /* for a dialog: what is at stake, then who asks; in lines */
    bool confirm;                  /* a dialog is to be answered with yes before anything blinks */
};

/* What to do while the person is awaited. */
struct unlock_idle {
    /* The agent has sent WANTs or RIDERs: take them. The purpose may change by it. */
    void (*wanted)(void *context);
    /* The person has answered, and the vault is unlocked: no more WANTs. */
    void (*answered)(void *context);
    void *context;
};

/*
 * Have the person open the vault. devices: listed before by touch_list(), which saves time, or
 * NULL; idle may be NULL. 0: the vault is unlocked, and *slot is the id of the slot that opened it
 * (NULL: not wanted); or -1 with error.
 */
int unlock(struct agent *agent, struct vault *vault, struct devices *devices,
           const struct purpose *purpose, const struct unlock_idle *idle, uint32_t *slot,
           struct error *error);

#endif
