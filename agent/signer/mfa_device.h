// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MFA_DEVICE_H
#define AWSTAP_MFA_DEVICE_H

#include "life.h"
#include "mfa_codes.h"

/*
 * A virtual MFA device that is being made for a key's user. Zeroed to begin with, but for life and
 * task; mfa_device_free() is due whatever came.
 */
struct mfa_device {
    struct life *life;        /* with authority */
    struct task task;         /* MFA_ADD, as the journal has it */
    struct mfa_codes *codes;  /* from PHASE_SEALED on; in the arena */
    struct iam_devices those; /* that the user has at AWS */
};

/*
 * Look what AWS has. 1: the device of the task is the user's; 0; or -1 with error: the user has
 * eight, or AWS could not be asked. That the user may not list them is no error.
 */
int mfa_device_look(struct mfa_device *device, struct error *error);

/*
 * Make it, from PHASE_NONE or PHASE_INTENT to PHASE_SEALED: its seed is in the vault before
 * anything else is done, and wiped once the next codes are computed. A device that an earlier run
 * made, and whose seed nobody has, is deleted first. 0 or -1 with error; nothing is left at AWS
 * then but what the task or the error says.
 */
int mfa_device_make(struct mfa_device *device, struct error *error);

/*
 * Make it the user's by two consecutive codes. 0: it is; 1: only a session can tell, as AWS lets
 * the user ask for nothing more, and error is what to say where it does not; or -1 with error.
 */
int mfa_device_enable(struct mfa_device *device, struct error *error);

void mfa_device_free(struct mfa_device *device);

#endif
