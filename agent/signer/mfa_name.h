// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_MFA_NAME_H
#define AWSTAP_MFA_NAME_H

#include "key.h"

/*
 * What the virtual MFA devices that awstap makes are called. Policies let a user make the device
 * that is called like the user (arn:…:mfa/${aws:username}), so that name is the first one; where
 * there is such a device already, USERNAME-awstap and then USERNAME-awstap-2 and so on, which
 * policies with a wildcard behind the name allow.
 */

#define MFA_NAMES     9   /* AWS lets a user have 8 devices */
#define MFA_NAME_SIZE 128 /* a user's name has at most 64 characters */

/* The nth name, from 0. out. */
const char *mfa_name(const struct key *key, unsigned nth, char out[MFA_NAME_SIZE]);

/* The serial of the device of that name. out. */
const char *mfa_name_serial(const struct key *key, unsigned nth, char out[KEY_SERIAL_MAX + 1]);

#endif
