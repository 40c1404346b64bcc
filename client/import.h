// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_IMPORT_H
#define AWSTAP_IMPORT_H

#include "aws_config.h"
#include "credentials.h"
#include "key_name.h"
#include "message.h"
#include "table.h"

/* What of a credentials file may go into the vault, and under which names. */

#define IMPORT_PATH 1024

/* How a profile's access key stands to the vault. */
enum import_state {
    IMPORT_NEW,
    IMPORT_SEALED, /* it is in the vault already */
    IMPORT_OLD,    /* it was, and its key has another one by now */
    IMPORT_TAKEN,  /* there is another access key of that name */
    IMPORT_HIDDEN, /* `awstap get` would take a profile of that name for it */
};

struct import_item {
    struct credentials_profile *profile;
    char key[KEY_NAME_MAX + 1]; /* what it is to be called; empty: the profile's name does not do */
    enum import_state state;
    bool chosen;
    const struct import_item *twin; /* another chosen one of the same access key, sealed for both */
    bool proven;                    /* it is sealed, and gave a session */
    bool replaced;                  /* its key in the vault has another access key by now */
    bool settled;                   /* no file that we know of has it any more */
};

struct import {
    struct credentials credentials;
    struct aws_config config;
    char file[IMPORT_PATH], config_file[IMPORT_PATH];
    bool missing; /* there is no credentials file */
    size_t count;
    struct import_item items[CREDENTIALS_PROFILES];
    size_t known_count; /* keys in the vault */
    struct import_known {
        char name[KEY_NAME_MAX + 1], id[129];
        char older_id[129]; /* that is being rotated out; empty: none */
        bool exposed;       /* it lay in a plain file, and was not replaced since */
    } known[CREDENTIALS_PROFILES];
};

/*
 * Read the credentials file (NULL: where AWS tools find it), the AWS config file, and ask the agent
 * for the keys in the vault. No usual credentials file is as an empty one where a key in the vault
 * is exposed. import_close() is due whatever comes. An exit status, and why on stderr.
 */
int import_open(struct import *import, const char *file);
void import_close(struct import *import);

/* Fill in the rows of a table of four columns. */
void import_rows(const struct import *import, struct table *table);

/* The key in the vault that the word, PROFILE or PROFILE=NAME, stands for where the profile is not
 * in the file any more: an earlier import took it over. Else NULL. */
const struct import_known *import_over(struct import *import, const char *word);

/* Whether there is a key in the vault that lay in a plain file, and was not replaced since. */
bool import_exposed(const struct import *import);

/* Choose by word, PROFILE or PROFILE=NAME. An exit status, and why on stderr. */
int import_choose(struct import *import, const char *word);

/* Choose all that can go into the vault as they are. How many that were. */
size_t import_choose_all(struct import *import);

/* Whether both are the same access key, which can be imported. */
bool import_same(const struct import_item *a, const struct import_item *b);

/* How the key is called in the vault that has this access key in use, or NULL. */
const struct import_known *import_known(const struct import *import, const char *name);

/* Append what KEY_IMPORT says of the item, and its access key as JSON. 0 or a negative errno. */
int import_put(const struct import *import, const struct import_item *item, struct buf *list,
               struct buf *secrets);

#endif
