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
    "(0: off), grace_seconds, sealed (when the access key came in), overdue, task (what\n"         \
    "is unfinished; \"\": nothing), strangers (an array: access keys and MFA devices that\n"       \
    "AWS has for the user, and the vault does not know), elsewhere (whether the vault came\n"      \
    "from another machine, and rotates nothing here), exposed (whether it lay in a plain\n"        \
    "file, and was not replaced since)"

/* What `elsewhere` means, of the vault. */
#define KEY_ELSEWHERE "came from another machine, and rotates no key here until: awstap vault adopt"

/* What a key without an MFA device lacks, by its name, twice. */
#define KEY_NO_MFA "%s has no MFA device: AWS refuses its sessions at IAM until `awstap mfa add %s`"

#define KEY_POLICY_SIZE 192
#define KEY_AGE_SIZE    64

/* The key as an object, the next value of json. */
void key_json(struct json *json, const struct msg_key *key);

/* What its MFA device is to us, in words. */
const char *key_mfa(const struct msg_key *key);

/* Whether it should have been rotated by now. */
bool key_overdue(const struct msg_key *key);

/* How old its access key is, and whether that is too old, in words. */
void key_age(const struct msg_key *key, char out[KEY_AGE_SIZE]);

/* What of it is a member of its object in `status` as well. */
void key_state_json(struct json *json, const struct msg_key *key);

/* Append a line for each thing that a person should know of it. 0 or a negative errno. */
int key_notes(const struct msg_key *key, struct buf *out);

/* What of its policy is not as for every new key, in words; "": nothing. */
void key_policy(const struct msg_key *key, char out[KEY_POLICY_SIZE]);

/* What makes the agent forget its sessions, in words. */
const char *key_locks(const struct msg_key *key);

/* Ask the agent for all keys. take gets each; an exit status, and why on stderr. */
int key_each(int (*take)(void *context, const struct msg_key *key), void *context);

/* The same of an agent that runs already: none is started. */
int key_each_running(int (*take)(void *context, const struct msg_key *key), void *context);

#endif
