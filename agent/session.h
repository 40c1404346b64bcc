// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_SESSION_H
#define AWSTAP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"
#include "spec.h"

/* A cached session. All of it, the texts too, is one block of the arena. Times of clock_boot_ms().
 */
struct session {
    struct session *next; /* in its bucket */
    struct spec spec;
    const char *access_key_id, *secret_access_key, *session_token, *account;
    const char *partition, *region, *sts_url,
        *ca_bundle;        /* the key's: where its roles are asked for */
    const char *how;       /* the factor that confirmed it, for the log */
    const char *signed_by; /* the long-lived access key that it was got with; empty for a role */
    uint32_t mfa;          /* it is MFA-authenticated */
    uint64_t issued;       /* seconds since 1970 */
    uint64_t order;        /* see session_order() */
    uint64_t expiration;   /* as AWS said, seconds since 1970 */
    uint64_t renew_ms;     /* from here on it counts as missing, but is served if nobody touches */
    uint64_t end_ms;       /* from here on it is gone */
    uint64_t quiet_ms;     /* nobody touched when it was to be renewed: no new prompt before this */
};

/* Make the cache ready; from here on what expires is wiped by a timer of the loop. 0 or a negative
 * errno. */
int session_open(void);

/* Keep what STS issued, in place of what was there for this spec; how it was confirmed is for the
 * log. NULL when the arena is full. Owned by the cache. */
struct session *session_store(const struct spec *spec, const struct msg_issued *issued,
                              const char *how);

/* A number above all those before, for what is issued now: which is younger no clock tells that may
 * be set back. */
uint64_t session_order(void);

/* The session for this spec, still valid, or NULL. It may be gone after the next call of any
 * session_ function. */
struct session *session_find(const struct spec *spec);

/* The youngest session of the key itself, still valid for a while; one that is MFA-authenticated
 * goes first. NULL: there is none. */
const struct session *session_youngest(const char *key);

/* Whether it may be served without trying to renew it first. */
bool session_is_fresh(const struct session *session);

/* Whether another session may be assumed with it: it lives for another minute. */
bool session_can_assume(const struct session *session);

/* Wipe this one. */
void session_drop(const struct session *session);

/* Nobody touched: serve it as it is, and leave the person in peace for a while. */
void session_keep_quiet(struct session *session);

/* Wipe one key's sessions (NULL: everyone's). */
void session_forget(const char *key);

/* Call visit for each valid session. It must not change the cache. */
void session_each(void (*visit)(const struct session *session, void *context), void *context);

#endif
