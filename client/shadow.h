// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SHADOW_H
#define AWSTAP_SHADOW_H

#include "aws_config.h"
#include "credentials.h"

/* Static keys that AWS tools take before they ask awstap: said in a line each, no secret in it. */

#define SHADOW_SIZE 1536

/* Whether one is in our environment. */
bool shadow_environment(char out[SHADOW_SIZE]);

/* Whether one stands in the config file at path, in the profile itself. */
bool shadow_config(const struct aws_profile *profile, const char *name, const char *path,
                   char out[SHADOW_SIZE]);

/* Whether the credentials file at path has, in the section of this name, another way to get
 * credentials that AWS tools take first. */
bool shadow_setting(const struct credentials *credentials, const char *name, const char *path,
                    char out[SHADOW_SIZE]);

/* Whether it has such a way, or a static key, in [DEFAULT], which the AWS CLI takes for a part of
 * the section of this name. */
bool shadow_default(const struct credentials *credentials, const char *name, const char *path,
                    char out[SHADOW_SIZE]);

/* Whether one stands in the credentials file at path, in the section of this name. */
bool shadow_credentials(struct credentials *credentials, const char *name, const char *path,
                        char out[SHADOW_SIZE]);

#endif
