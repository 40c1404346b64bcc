// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_CREDENTIALS_H
#define AWSTAP_CREDENTIALS_H

#include <stdbool.h>

#include "ini.h"

/* The AWS credentials file, as botocore reads it: the long-lived keys in it, and what is left of it
 * without them. */

#define CREDENTIALS_MAX      ((size_t)128 * 1024 - 1) /* bytes of the file */
#define CREDENTIALS_PROFILES 64                       /* with keys */
#define CREDENTIALS_PIECES   (4 * CREDENTIALS_PROFILES)

enum credentials_problem {
    CREDENTIALS_GOOD,
    CREDENTIALS_TEMPORARY, /* a session token stands with it */
    CREDENTIALS_NO_ID,
    CREDENTIALS_NO_SECRET,
    CREDENTIALS_TWICE,   /* the section, or one of its keys: nobody can tell which one is meant */
    CREDENTIALS_LONG,    /* a value longer than any, or of several lines */
    CREDENTIALS_DEFAULT, /* [DEFAULT], which botocore takes for a part of every section */
};

/* A section in which there is an access key, or a part of one. Public facts but for the secret. */
struct credentials_profile {
    char name[257], id[129], region[65], mfa_serial[257];
    char *secret; /* in the arena */
    enum credentials_problem problem;
    struct span section;              /* from its heading to the next one */
    struct span id_line, secret_line; /* as they stand in the file */
    bool bare;                        /* nothing else is said in it */
};

struct credentials {
    char *text; /* in the arena */
    size_t len;
    bool stream;         /* it came from a pipe, and is nothing to rewrite */
    size_t comment_line; /* number of the first comment with a secret in it; 0: none */
    bool left_out;       /* there are further profiles, for which there was no room */
    size_t count;
    struct credentials_profile profiles[CREDENTIALS_PROFILES];
};

/* Where AWS tools find the file: AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/credentials. Errors as of
 * file_path(). */
int credentials_path(char *path, size_t size);

/*
 * Read the file at path, or a pipe ("-": stdin). credentials_free() is due whatever comes. 0, or a
 * negative errno; -EFBIG: more than CREDENTIALS_MAX; -EINVAL: a NUL is in it, or it is no file,
 * pipe or /dev/null.
 */
int credentials_read(struct credentials *credentials, const char *path);

/* Take over text, of len bytes, in the arena. -EINVAL: a NUL is in it; -ENOMEM. */
int credentials_parse(struct credentials *credentials, char *text, size_t len);

/* Wipe and release. Harmless on a zeroed struct. */
void credentials_free(struct credentials *credentials);

/* The first setting in the sections of this name that AWS tools take before they ask the
 * credential_process of the config file, or NULL. */
const char *credentials_overriding(const struct credentials *credentials, const char *name);

/* The first such setting, or access key, that is in [DEFAULT] and by that in the section of this
 * name, as botocore reads it. NULL: none, or no such section. */
const char *credentials_inherited(const struct credentials *credentials, const char *name);

/* The profile of this name, or NULL. */
struct credentials_profile *credentials_find(struct credentials *credentials, const char *name);

/*
 * The file without the access keys of those profiles that leaves_out() says yes to: their two lines
 * go, and the whole section where nothing else is said in it. The pieces lead into the text. How
 * many they are.
 */
size_t credentials_without(const struct credentials *credentials,
                           bool (*leaves_out)(const struct credentials_profile *profile,
                                              const void *context),
                           const void *context, struct span pieces[CREDENTIALS_PIECES]);

#endif
