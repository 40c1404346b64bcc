// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOCK_H
#define AWSTAP_LOCK_H

#include "message.h"

/* Locking: what is cached is forgotten, what is under way is ended. */

/* Forget all, and end whatever could bring it back. what is for the log, why for those who wait. */
void lock_all(const char *what, const char *why);

#define LOCK_KEY_PULLED "the security key was pulled meanwhile; plug it in and run it again"

/* Forget the sessions of those keys whose policy has this trigger, and end what is under way with
 * them; where the vault has such a key, K_rec too, and what is kept and under way for keys whose
 * policy is not known. */
void lock_on(enum lock_trigger trigger, const char *what, const char *why);

#endif
