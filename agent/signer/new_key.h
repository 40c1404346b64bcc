// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_NEW_KEY_H
#define AWSTAP_NEW_KEY_H

#include "access_key.h"
#include "key.h"
#include "server.h"

/*
 * A key on its way into the vault: what the person says of it, and what AWS says whose it is, which
 * proves that it works. Zeroed to begin with, but for server_init() by new_key_init().
 */
struct new_key {
    struct key key;
    struct access_key access_key;
    struct server server; /* STS */
    struct request identity;
};

void new_key_init(struct new_key *new_key);

/* Wipe and release. */
void new_key_close(struct new_key *new_key);

/* What the person said, checked as far as it can be without AWS. 0 or -1 with error. */
int new_key_facts(struct new_key *new_key, const struct msg_key_add *facts, struct error *error);

/* Begin to connect; have AWS asked; wait for its answer, which completes the facts. Each 0 or -1
 * with error. */
int new_key_connect(struct new_key *new_key, struct agent *agent, struct error *error);
int new_key_ask(struct new_key *new_key, struct error *error);
int new_key_learn(struct new_key *new_key, struct agent *agent, struct error *error);

#endif
