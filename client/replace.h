// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REPLACE_H
#define AWSTAP_REPLACE_H

#include <stdbool.h>

/* What is replaced at AWS in the course of another command. Each returns an exit status, and why it
 * failed is said with the command that goes on with it. */

/* The access key of this key, as by `awstap key rotate`; anew: none that the vault has now stays in
 * use, not even one that a rotation under way has made. command: what we are otherwise. */
int replace_access_key(const char *command, const char *key, bool anew);

/* The MFA device of this key, as by `awstap mfa add --replace`; anew as above. */
int replace_mfa_device(const char *command, const char *key);

#endif
