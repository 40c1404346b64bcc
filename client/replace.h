// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REPLACE_H
#define AWSTAP_REPLACE_H

/* What is replaced at AWS in the course of another command. Each returns an exit status, and why it
 * failed is said with the command that goes on with it. */

/* The access key of this key, as by `awstap key rotate`. command: what we are otherwise. */
int replace_access_key(const char *command, const char *key);

/* The MFA device of this key, as by `awstap mfa add --replace`. */
int replace_mfa_device(const char *command, const char *key);

#endif
