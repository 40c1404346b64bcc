// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TOUCH_H
#define AWSTAP_TOUCH_H

#include "agent.h"
#include "vault.h"

/* The security keys that are plugged in, ahead of unlock(), and enrolling one of them. */

/* In the arena; see devices.h. */
struct devices;

/*
 * List those that may open the vault ahead of unlock(), which saves the person the wait for it;
 * there may be none. NULL with error.
 */
struct devices *touch_list(struct agent *agent, const struct vault *vault, struct error *error);

/* Let go of them all: none blinks any more. NULL is allowed. */
void touch_release(struct devices *devices);

/*
 * Enrol a security key: the one at device, or, where that is empty, the one plugged in, or the one
 * of several that is touched; its PIN is asked for where it has one. The keys of the vault's slots
 * are refused. *slot gets the facts, secret (32 bytes, in the arena) the factor's secret. 0 or -1
 * with error.
 */
int touch_enrol(struct agent *agent, const struct vault *vault, const char *device,
                struct slot *slot, uint8_t *secret, struct error *error);

#endif
