// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MFA_REMOVAL_H
#define AWSTAP_MFA_REMOVAL_H

#include "life.h"

/*
 * The end of an MFA device: its user has it no more, AWS has deleted it, the vault forgets its
 * seed. What the journal says of it is the caller's.
 */
struct mfa_removal {
    struct life *life; /* with authority */
    const char *serial;
    bool loose;     /* it has no user yet, or no more, most likely */
    bool untouched; /* out: AWS has refused before anything was changed there */
};

/* The name of another key that goes by the device of this one, which is left at AWS then: the last
 * one that lets go of it has it deleted. NULL: there is none. */
const char *mfa_removal_other(const struct life *life, const char *serial);

/*
 * The serial of the device before, where the key goes by its new one already, and that one is not
 * gone, nor its seed: there is a way back, once AWS must know the new one. "": there is none. out.
 */
const char *mfa_removal_before(const struct vault *vault, const struct key *key,
                               char out[KEY_SERIAL_MAX + 1]);

/* At AWS. A device that another key goes by stays there; one that is gone already is fine. 0 or -1
 * with error. */
int mfa_removal_run(struct mfa_removal *removal, struct error *error);

/* In the vault, which is then to be written: the seed of this key's device. 0 or -1 with error. */
int mfa_removal_drop_seed(struct vault *vault, const struct key *key, const char *serial,
                          struct error *error);

#endif
