// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_GRANT_H
#define AWSTAP_GRANT_H

#include <stdbool.h>

#include "message.h"

/*
 * What a remote host may ask for: a few NAMEs, each with the key and the roles that it stood for at
 * this end when the person allowed it, and how long a session may last. The list is that of
 * SOCKET_ADD in PROTOCOL.md.
 */

#define GRANT_HOST_MAX    64 /* characters of a host's name, which names its socket */
#define GRANT_ENTRIES_MAX 32
#define GRANT_WHY         256

struct grant {
    const char *host;
    uint32_t max_duration;
    struct list allow;
};

struct grant_entry {
    const char *name, *key;
    uint32_t duration; /* of the key's own session; 0: the key's default */
    struct list hops;
};

/* NULL, or why a person can't allow this, or a file can't say so. */
const char *grant_check(const struct grant *grant);

/* The first entry (*after NULL), or the one behind that which *after was left at. False at the end.
 * The list must have been checked. */
bool grant_next(const struct list *allow, const char **after, struct grant_entry *entry);

/* The names, as "admin, work", cut to size. */
void grant_names(const struct list *allow, char *text, size_t size);

/*
 * What the far end asks for, as this end puts it: *get leads into the grant and into hops, which
 * gets the roles with their duration. 0, or -1 with why, for the far end.
 */
int grant_get(const struct grant *grant, const struct msg_get *asked, struct buf *hops,
              struct msg_get *get, char why[GRANT_WHY]);

/* What is at stake, for the dialog: "The remote host build asks for admin: …, for 1 hour". */
void grant_stake(const struct grant *grant, const char *name, const struct msg_get *get, char *text,
                 size_t size);

#endif
