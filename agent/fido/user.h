// SPDX-License-Identifier: BSD-2-Clause
// The user that a security key verifies: by a PIN, which the signer has the person asked for, or by
// the key's own sensor. All return FIDO_OK or a FIDO_ERR_ that failure.c knows.
#ifndef AWSTAP_FIDO_USER_H
#define AWSTAP_FIDO_USER_H

#include "token.h"

/* One user over all calls of a request: who has typed the PIN is not asked for it again. */
struct user {
    enum verification how;
    const char *problem; /* why the PIN is asked for (again); empty: no reason but that it is due */
    bool wrong;          /* the last PIN was: the person is told how many tries are left */
    char *pin;           /* in the arena, or NULL */
};

/*
 * A user to be verified as the flags (enum fido_flag) of a credential say: FIDO_PIN only by the
 * PIN; FIDO_UV without it by the sensor, and by the PIN where there is none. FIDO_ERR_PIN_NOT_SET.
 */
int user_of(struct user *user, const struct token *token, uint32_t flags);

/* Wipe the PIN. Harmless where there is none. */
void user_forget(struct user *user);

/* A call on the key that user->how and user->pin are handed to. */
typedef int user_call(struct token *token, const struct user *user, void *what);

/*
 * Do the call, as often as it takes to have the user verified: a wrong PIN is asked for anew, what
 * the sensor does not know is asked for its PIN.
 */
int user_verified(struct user *user, struct token *token, user_call *call, void *what);

#endif
