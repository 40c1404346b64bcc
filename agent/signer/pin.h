// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PIN_H
#define AWSTAP_PIN_H

#include "devices.h"

/* The PIN of a security key: asked for in a dialog, handed to the awstap-fido of that key alone. */

/*
 * Ask for the PIN of a device that wants it. name: what the person calls the key; stake as for any
 * dialog. 0 or -1 with error.
 */
int pin_ask(struct prompt *prompt, struct agent *agent, const struct device *device,
            const char *name, const char *stake, struct error *error);

/* Hand over what was typed, and wipe it. 0, or -1: the device can't be talked to. */
int pin_give(struct device *device, struct answer *answer);

#endif
