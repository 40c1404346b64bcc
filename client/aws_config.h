// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_AWS_CONFIG_H
#define AWSTAP_AWS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "ini.h"

#define AWS_CONFIG_MAX ((size_t)1024 * 1024) /* bytes of the file; a larger one is no config */

#define AWS_CONFIG_HEADING 320 /* of `[profile NAME]` */

/* The AWS config file, as botocore reads it (ini.h): what awstap needs of it. */
struct aws_config {
    char *text; /* lines, each ended by a NUL */
    size_t len;
};

/* The values of one profile, into the config's text; NULL where it has none. */
struct aws_profile {
    const char *role_arn, *source_profile, *credential_source, *web_identity_token_file;
    const char *external_id, *role_session_name, *duration_seconds;
    const char *credential_process, *region, *sso_session, *sso_start_url, *login_session;
    const char *aws_access_key_id, *mfa_serial, *ca_bundle, *endpoint_url, *services;
};

/*
 * Read the file at path; one that does not exist reads as empty. 0 or a negative errno as of
 * file_read(), and then there is nothing to free.
 */
int aws_config_read(struct aws_config *config, const char *path);

/* Take over text, of len bytes and a NUL behind them, allocated with malloc(). */
void aws_config_parse(struct aws_config *config, char *text, size_t len);

/* Wipe and release: there may be static keys in it. */
void aws_config_free(struct aws_config *config);

/* Where AWS tools find the file: AWS_CONFIG_FILE, or ~/.aws/config. Errors as of file_path(). */
int aws_config_path(char *path, size_t size);

/* The profile called name, from `[profile NAME]` or `[default]`, all of its sections as one. False
 * when there is none. */
bool aws_config_profile(const struct aws_config *config, const char *name,
                        struct aws_profile *profile);

/*
 * The names of all profiles in their order, each once, one at each call; *at begins as NULL. False
 * at the end; a name that name, of size bytes, is too small for, is passed over.
 */
bool aws_config_next(const struct aws_config *config, const char **at, char *name, size_t size);

/* The endpoint_url of the service in `[services NAME]`; NULL where there is none. Into the config's
 * text. */
const char *aws_config_service_url(const struct aws_config *config, const char *services,
                                   const char *service);

/* What a section's name is in the config file: the profile's name, into name; false where it is no
 * profile's, or does not fit size. */
bool aws_config_heading(struct span heading, char *name, size_t size);

#define AWS_CONFIG_PIECES 12

/*
 * The text of a config file with `credential_process = PROCESS` in this profile, in the place of
 * any other; the section is added where there is none. The pieces lead into text, process, and
 * heading. How many they are; 0: the profile's name can't stand in a config file.
 */
size_t aws_config_set_process(struct span text, const char *profile, const char *process,
                              char heading[AWS_CONFIG_HEADING],
                              struct span pieces[AWS_CONFIG_PIECES]);

/*
 * Whether AWS tools read the config now as the text before, with just this process in the one
 * section of this profile: NULL, or in words why not, and what to do.
 */
const char *aws_config_check_process(struct span before, const struct aws_config *now,
                                     const char *profile, const char *process);

#endif
