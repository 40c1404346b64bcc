// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_KEY_H
#define AWSTAP_KEY_H

#include "json.h"
#include "message.h"

/* The public facts about a key in the vault. */

#define KEY_JSON_MEMBERS                                                                           \
    "name, access_key_id, arn, account, partition, region, mfa_serial, has_seed,\n"                \
    "sts_endpoint_url, iam_endpoint_url, ca_bundle, created, touch, serve,\n"                      \
    "duration_seconds, max_duration_seconds, lock_on (an array), rotate_every_seconds\n"           \
    "(0: off), grace_seconds"

#define KEY_POLICY_SIZE 192

/* The key as an object, the next value of json. */
void key_json(struct json *json, const struct msg_key *key);

/* What its MFA device is to us, in words. */
const char *key_mfa(const struct msg_key *key);

/* What of its policy is not as for every new key, in words; "": nothing. */
void key_policy(const struct msg_key *key, char out[KEY_POLICY_SIZE]);

/* What makes the agent forget its sessions, in words. */
const char *key_locks(const struct msg_key *key);

/* Ask the agent for all keys. take gets each; an exit status, and why on stderr. */
int key_each(int (*take)(void *context, const struct msg_key *key), void *context);

#endif
