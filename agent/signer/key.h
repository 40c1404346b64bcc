// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_KEY_H
#define AWSTAP_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "key_name.h"
#include "message.h"
#include "reader.h"

/* A key: what is public about one IAM user's access key, and what may be done with it. */

#define KEY_ARN_MAX    640
#define KEY_SERIAL_MAX 256
#define KEY_URL_MAX    255
#define KEY_PATH_MAX   1023

#define KEY_ROTATE_MIN 3600u
#define KEY_ROTATE_MAX (366u * 86400u)
#define KEY_GRACE_MAX  (30u * 86400u)

/* Durations are seconds. */
struct key_policy {
    uint32_t touch, serve;
    uint32_t duration, max_duration; /* of a session, SESSION_SECONDS_MIN to _MAX */
    uint32_t lock_on;                /* bits of enum lock_trigger */
    uint32_t rotate_every;           /* 0: never; else an hour to a year */
    uint32_t grace;                  /* of the old key in a rotation, up to 30 days */
};

extern const struct key_policy key_policy_default;

/* Empty texts stand for "not given". */
struct key {
    uint32_t id; /* 1, 2, …, never reused */
    uint64_t created;
    char name[KEY_NAME_MAX + 1];
    char arn[KEY_ARN_MAX + 1];
    char account[13];
    char partition[17];
    char region[33];
    char mfa_serial[KEY_SERIAL_MAX + 1];
    char sts_url[KEY_URL_MAX + 1], iam_url[KEY_URL_MAX + 1];
    char ca_bundle[KEY_PATH_MAX + 1];
    struct key_policy policy;
};

/* Append the key. 0 or a negative errno. */
int key_put(struct buf *out, const struct key *key);

/* Read what key_put() wrote; what is wrong with it shows in reader->bad and in key_valid(). */
void key_get(struct reader *reader, struct key *key);

/* Whether every field is one that this version allows. */
bool key_valid(const struct key *key);

#endif
