// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TOUCH_H
#define AWSTAP_TOUCH_H

#include "agent.h"
#include "vault.h"

/* Asking the person for a touch: one awstap-fido for each security key that is plugged in. */

/* What to do while a touch is awaited. */
struct touch_idle {
    void (*wanted)(void *context); /* the agent has sent WANTs: take them */
    void (*touched)(
        void *context); /* the touch has come, the vault is about to be opened: no more WANTs */
    void *context;
};

/* The security keys that are plugged in, in the arena. */
struct devices;

/* List them ahead of touch_unlock(), which saves the person the wait for it. NULL with error: there
 * is none, too. */
struct devices *touch_list(struct agent *agent, const struct vault *vault, struct error *error);

/* Let go of them all: none blinks any more. NULL is allowed. */
void touch_release(struct devices *devices);

/*
 * Have the vault opened by the first enrolled security key that is touched. purpose completes
 * "touch the security key …" for the person; idle may be NULL; devices, NULL if they were not
 * listed yet, are still the caller's to release. 0, and the vault is unlocked; or -1 with error.
 */
int touch_unlock(struct agent *agent, struct vault *vault, struct devices *devices,
                 const char *purpose, const struct touch_idle *idle, struct error *error);

/*
 * Enrol a security key: the one at device, or, where that is empty, the one plugged in, or the one
 * of several that is touched. The keys of the vault's slots are refused. *slot gets the facts,
 * secret (32 bytes, in the arena) the factor's secret. 0 or -1 with error.
 */
int touch_enrol(struct agent *agent, const struct vault *vault, const char *device,
                struct slot *slot, uint8_t *secret, struct error *error);

#endif
