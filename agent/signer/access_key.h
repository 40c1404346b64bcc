// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ACCESS_KEY_H
#define AWSTAP_ACCESS_KEY_H

#include <stdbool.h>

#include "buf.h"
#include "error.h"

/* A long-lived AWS access key, as a person hands it over. */

#define ACCESS_KEY_INPUT_MAX 4096 /* bytes of JSON */

/*
 * Whether a text has the form of an access key id (long-lived or temporary), or of a secret access
 * key.
 */
bool access_key_id_valid(const char *id);
bool access_key_secret_valid(const char *secret);

struct access_key {
    char *id, *secret; /* in the arena */
};

/*
 * Read {"AccessKeyId": …, "SecretAccessKey": …}, or the {"AccessKey": {…}} that `aws iam
 * create-access-key` prints. Strict JSON in ASCII; temporary keys are refused. The input stays as
 * it is, the caller wipes it. 0, and the caller calls access_key_free(); or -1 and error, and there
 * is nothing to free.
 */
int access_key_read(const struct buf *text, struct access_key *key, struct error *error);

/*
 * The same of one document of several that stand one behind the other: it is taken off text, but
 * for white space behind it. 1: it is a document, and no long-lived access key, as error says; -1:
 * what is left is nothing to be read.
 */
int access_key_next(struct buf *text, struct access_key *key, struct error *error);

/* Wipe and release. Harmless on a zeroed struct. */
void access_key_free(struct access_key *key);

#endif
