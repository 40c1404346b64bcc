// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_IAM_H
#define AWSTAP_IAM_H

#include <stdbool.h>
#include <stdint.h>

#include "access_key.h"
#include "authority.h"
#include "seed.h"
#include "server.h"

/*
 * What is asked of AWS IAM about one user (IAM API reference, version 2010-05-08), and what may be
 * believed of its answers. UserName is always sent. Calls that AWS may carry out twice without harm
 * are repeated while AWS is busy; one that creates something is sent
 * again only where AWS says that it was too busy to look at it.
 */

#define IAM_KEYS_MAX    4  /* AWS has 2 per user */
#define IAM_DEVICES_MAX 16 /* AWS has 8 per user */

enum iam_verdict {
    IAM_OK,
    IAM_GONE,        /* NoSuchEntity */
    IAM_LIMIT,       /* LimitExceeded: two keys there already, eight devices */
    IAM_EXISTS,      /* EntityAlreadyExists */
    IAM_CONFLICT,    /* DeleteConflict */
    IAM_CODE,        /* InvalidAuthenticationCode */
    IAM_DENIED,      /* AccessDenied: the user's policy wants fresh MFA, or does not allow it */
    IAM_KEY_REFUSED, /* what signed it is unknown, inactive, expired, or has no MFA */
    IAM_UNKNOWN,     /* sent, and no answer came: what AWS did is not known */
    IAM_FAILED,      /* anything else, and whatever failed before it was sent */
};

/* A user of AWS, as one operation talks about it. */
struct iam {
    struct agent *agent;
    struct key *key;                   /* whose user: a copy, as a vault_change() moves the keys */
    const struct authority *authority; /* the caller's, must stay */
    struct server server;
    struct server creator; /* see iam_prepare() */
};

struct iam_key {
    char id[129];
    bool active;
    uint64_t created; /* seconds since 1970 */
};
struct iam_keys {
    size_t count;
    struct iam_key keys[IAM_KEYS_MAX];
};
struct iam_last_used {
    uint64_t when; /* 0: never */
    char service[65], region[65];
};
struct iam_device {
    char serial[257];
    uint64_t enabled; /* seconds since 1970 */
};
struct iam_devices {
    size_t count;
    struct iam_device devices[IAM_DEVICES_MAX];
};

/* Connect. 0 or -1 with error; iam_close() is due in either case, and harmless on a zeroed one. */
int iam_open(struct iam *iam, struct agent *agent, const struct key *key,
             const struct authority *authority, struct error *error);
void iam_close(struct iam *iam);

/*
 * What creates something has a conversation of its own with AWS, as its answer holds a secret: the
 * helper ends with it. Connect it ahead, so that nothing else may fail between the decision and the
 * request. Harmless where it is connected; without it the first iam_create_… does it. 0 or -1 with
 * error.
 */
int iam_prepare(struct iam *iam, struct error *error);

/* From here on *error is filled in for every verdict but IAM_OK: a line for the person. */

/*
 * Access keys. What iam_create_key() gives is the caller's to access_key_free(). Where a deletion
 * was repeated, as no answer came, IAM_GONE may be our own doing.
 */
enum iam_verdict iam_list_keys(struct iam *iam, struct iam_keys *keys, struct error *error);
enum iam_verdict iam_create_key(struct iam *iam, struct access_key *created, struct error *error);
enum iam_verdict iam_set_key_active(struct iam *iam, const char *id, bool active,
                                    struct error *error);
enum iam_verdict iam_delete_key(struct iam *iam, const char *id, struct error *error);
enum iam_verdict iam_key_last_used(struct iam *iam, const char *id, struct iam_last_used *used,
                                   struct error *error);

/*
 * MFA devices. What iam_create_device() gives: the serial, arn:…:mfa/NAME, and the seed, which is
 * the caller's to seed_free(). iam_enable_device() is sent once, as its codes are used up.
 * iam_device_exists() says IAM_EXISTS, IAM_GONE, or what kept it from knowing; it uses up no code.
 */
enum iam_verdict iam_list_devices(struct iam *iam, struct iam_devices *devices,
                                  struct error *error);
enum iam_verdict iam_device_exists(struct iam *iam, const char *serial, struct error *error);
enum iam_verdict iam_create_device(struct iam *iam, const char *name, char serial[257],
                                   struct seed *seed, struct error *error);
enum iam_verdict iam_enable_device(struct iam *iam, const char *serial, const char *code,
                                   const char *next_code, struct error *error);
enum iam_verdict iam_deactivate_device(struct iam *iam, const char *serial, struct error *error);
enum iam_verdict iam_delete_device(struct iam *iam, const char *serial, struct error *error);

/* The user's name: the last part of its ARN. The text is the key's. */
const char *iam_user_name(const struct key *key);

#endif
