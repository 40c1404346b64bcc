// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_STS_H
#define AWSTAP_STS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "message.h"
#include "role.h"

/*
 * What is asked of AWS STS, and what may be believed of its answers. Nothing here touches the
 * network.
 */

#define STS_VERSION  "2011-06-15"
#define STS_ARN_MAX  640 /* arn:…:user, a path of 512 and a name of 64 characters */
#define STS_USER_MAX 64

enum sts_verdict {
    STS_OK,
    STS_CODE_REFUSED,   /* wrong or already used MFA code: the next one, once */
    STS_SERIAL_REFUSED, /* the user has no such MFA device: never again as it is */
    STS_THROTTLED,      /* back off and ask again */
    STS_BUSY,           /* AWS's own failure (5xx): back off and ask again */
    STS_CLOCK,          /* our time is too far from AWS's: sign anew with reply->date */
    STS_KEY_REFUSED,    /* the access key is unknown, deleted or inactive */
    STS_EXPIRED,        /* the session that signed it has expired, or was revoked */
    STS_SECRET_WRONG,   /* the secret does not belong to the access key id */
    STS_REFUSED,        /* anything else */
};

/* Whose request was answered; for error texts. NULL or "" for what is not known. */
struct sts_context {
    const char *access_key_id, *mfa_serial, *region;
    bool typed_code; /* the MFA code was typed by a person */
    bool of_session; /* it was signed with a session, not with a long-lived key */
};

struct sts_session {
    char *access_key_id, *secret_access_key, *session_token; /* in the arena */
    uint64_t expiration;                                     /* seconds since 1970 */
};

struct sts_identity {
    char account[13];
    char partition[17];
    char arn[STS_ARN_MAX + 1];
    char user[STS_USER_MAX + 1];
};

/* Whether serial can be an MFA device of any kind: 9 to 256 characters of AWS's. */
bool mfa_serial_valid(const char *serial);

/*
 * Whether serial can be an MFA device that STS takes codes of: 9 to 256 characters, an ARN or a
 * hardware serial number, and no FIDO device. 0, or -1 and error.
 */
int mfa_serial_check(const char *serial, struct error *error);

/*
 * Append the body of GetSessionToken; serial and code are both NULL for a session without MFA. The
 * body is a secret while its code is unused. 0 or a negative errno of buf.h; -EINVAL: arguments
 * that AWS would refuse.
 */
int sts_session_body(struct buf *body, uint32_t duration, const char *serial, const char *code);

/* The same of AssumeRole, which may be signed with a session or, with MFA, with a long-lived key.
 */
int sts_role_body(struct buf *body, const struct role *role, const char *serial, const char *code);

/* Append the MFA parameters to such a body; nothing where both are NULL. Errors as above. */
int sts_mfa_put(struct buf *body, const char *serial, const char *code);

/* Append the body of GetCallerIdentity. 0 or a negative errno of buf.h. */
int sts_identity_body(struct buf *body);

/* What AWS's answer means, before any of its fields is believed. */
enum sts_verdict sts_verdict(const struct msg_net_reply *reply);

/*
 * Say for a person why AWS refused (sts_verdict() is not STS_OK) and what to do. Always -1, with
 * error.
 */
int sts_explain(const struct msg_net_reply *reply, const struct sts_context *context,
                struct error *error);

/*
 * Read and check the session of an answer to GetSessionToken that was STS_OK. duration is what was
 * asked for, now the time in seconds since 1970 where the reply has no date. 0, and the caller
 * calls sts_session_free(); or -1 and error, and there is nothing to free.
 */
int sts_session_read(const struct msg_net_reply *reply, uint32_t duration, uint64_t now,
                     struct sts_session *session, struct error *error);

/* The same of AssumeRole: whose session it is must be this role's, too. */
int sts_role_read(const struct msg_net_reply *reply, const struct role *role, uint64_t now,
                  struct sts_session *session, struct error *error);

/* The same of any action that answers with Credentials. */
int sts_credentials_read(const struct msg_net_reply *reply, const char *action, uint32_t duration,
                         uint64_t now, struct sts_session *session, struct error *error);

/* Fill in what ISSUED says of the session itself; now is AWS's time, in seconds since 1970. */
void sts_session_tell(const struct sts_session *session, uint64_t now, struct msg_issued *issued);

/* Wipe and release. Harmless on a zeroed struct. */
void sts_session_free(struct sts_session *session);

/*
 * Read and check the answer to GetCallerIdentity that was STS_OK. Only IAM users are let in: the
 * root user and roles are refused, with the reason. 0, or -1 and error.
 */
int sts_identity_read(const struct msg_net_reply *reply, struct sts_identity *identity,
                      struct error *error);

#endif
