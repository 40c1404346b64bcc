// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_THROTTLE_H
#define AWSTAP_THROTTLE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/*
 * The throttle on guessing: after 5 wrong answers in a row a factor takes none for 30 s, and with
 * each further one for twice as long, up to an hour. The wrong answers are counted per factor in
 * the file `throttle` of the state folder, by this computer's clock; where that file is damaged, or
 * has a time that is more than five minutes ahead, every factor takes none for 30 s. name is
 * printable ASCII without blanks, at most 256 bytes.
 */

#define THROTTLE_WAIT_TEXT 48 /* bytes of a wait in words */

/* *wait gets the seconds for which the factor takes no answer, 0: it takes one now. 0 or -1 with
 * error. */
int throttle_left(const char *state_dir, const char *name, uint64_t *wait, struct error *error);

/* A wrong answer was given: to be called before the person learns so. As throttle_left(). */
int throttle_failed(const char *state_dir, const char *name, uint64_t *wait, struct error *error);

/* The factor has opened the vault: its wrong answers are forgotten. 0 or -1 with error. */
int throttle_passed(const char *state_dir, const char *name, struct error *error);

/* The wait for a person: "30 seconds", "2 minutes". */
void throttle_words(uint64_t wait, char text[THROTTLE_WAIT_TEXT]);

#endif
