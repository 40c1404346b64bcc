// SPDX-License-Identifier: BSD-2-Clause
// Cancelling: the thread that stops what a security key is doing when nobody waits for it any more.
#ifndef AWSTAP_FIDO_CANCEL_H
#define AWSTAP_FIDO_CANCEL_H

#include <fido.h>
#include <stdbool.h>

/*
 * Start the thread, before any other; SIGTERM is blocked in this process from here on. When the
 * conversation (a descriptor, which stays the caller's) is closed by the other end, or on SIGTERM,
 * it cancels the armed device, shuts the conversation down, so that who reads it sees its end, and
 * ends the process if that takes more than a second. 0 or a negative errno.
 */
int cancel_start(int conversation);

/*
 * From now to cancel_disarm(), the device is cancelled at the end of the conversation and once
 * timeout_ms have passed. False: all is over already, do not begin.
 */
bool cancel_arm(fido_dev_t *dev, int timeout_ms);

/* The device is done; it may be closed now. True: it was cancelled because its time was up. */
bool cancel_disarm(void);

#endif
