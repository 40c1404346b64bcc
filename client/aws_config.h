// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AWS_CONFIG_H
#define AWSTAP_AWS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define AWS_CONFIG_MAX ((size_t)1024 * 1024) /* bytes of the file; a larger one is no config */

/* The AWS config file, as botocore reads it (Python's configparser): what awstap needs of it. */
struct aws_config {
    char *text; /* lines, each ended by a NUL */
    size_t len;
};

/* The values of one profile, into the config's text; NULL where it has none. */
struct aws_profile {
    const char *role_arn, *source_profile, *credential_source, *web_identity_token_file;
    const char *external_id, *role_session_name, *duration_seconds;
    const char *credential_process, *region, *sso_session, *sso_start_url;
};

/*
 * Read the file at path; one that does not exist reads as empty. 0 or a negative errno as of
 * file_read(), and then there is nothing to free.
 */
int aws_config_read(struct aws_config *config, const char *path);

/* Take over text, of len bytes and a NUL behind them, allocated with malloc(). */
void aws_config_parse(struct aws_config *config, char *text, size_t len);
void aws_config_free(struct aws_config *config);

/* The profile called name, from `[profile NAME]` or `[default]`. False when there is none. */
bool aws_config_profile(const struct aws_config *config, const char *name,
                        struct aws_profile *profile);

#endif
