// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LEDGER_H
#define AWSTAP_LEDGER_H

#include <stdint.h>

#include "error.h"

/*
 * The ledger of TOTP steps: AWS takes a code once, so the last step used per MFA serial stands in
 * the file `totp` of the state folder, lines of `step serial`. It is no secret, and nothing is lost
 * with it: a ledger that is damaged, or that speaks of steps further ahead than a code is ever sent
 * (a clock was wrong), is believed in nothing but this: the current step counts as used, for every
 * serial.
 *
 * now is the current step by AWS's clock (totp_step()), step the one whose code is meant.
 */

/*
 * *last is the last step used for this serial, 0 for none: a code is good from *last + 1 on.
 * 0, or -1 and error.
 */
int ledger_last(const char *state_dir, const char *serial, uint64_t now, uint64_t *last,
                struct error *error);

/*
 * Mark step as used, before its code leaves, so that no other signer sends it.
 * 1: it is ours; 0: another was faster, take a later one; -1 and error.
 */
int ledger_use(const char *state_dir, const char *serial, uint64_t now, uint64_t step,
               struct error *error);

#endif
