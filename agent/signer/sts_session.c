// SPDX-License-Identifier: BSD-2-Clause
// Sessions of STS: the body of GetSessionToken, and the checks that credentials pass before they
// are believed.
#include "sts.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "access_key.h"
#include "arena.h"
#include "ascii.h"
#include "form.h"
#include "sts_reply.h"

#define SERIAL_MIN 9u
#define SERIAL_MAX 256u
#define TOKEN_MIN  16u
#define TOKEN_MAX  16384u
#define EXPIRY_LATE                                                                                \
    300u /* seconds by which a session may outlast what was asked: two clocks, and the way */

bool mfa_serial_valid(const char *serial)
{
    return ascii_consists_of(serial, ASCII_WORD "_+=/:,.@-", SERIAL_MIN, SERIAL_MAX);
}

int mfa_serial_check(const char *serial, struct error *error)
{
    if (!mfa_serial_valid(serial))
        return error_set(error, EXIT_USAGE,
                         "that is no MFA serial; give the device's ARN, such as "
                         "arn:aws:iam::123456789012:mfa/NAME");
    if (strstr(serial, ":u2f/"))
        return error_set(error, EXIT_USAGE,
                         "%.*s is a FIDO device, which serves the AWS console only: STS takes TOTP "
                         "codes alone; add a virtual MFA device beside it and give that one's ARN",
                         (int)SERIAL_MAX, serial);
    return 0;
}

int sts_mfa_put(struct buf *body, const char *serial, const char *code)
{
    int r;

    if (!serial && !code)
        return 0;
    if (!serial || !code || !ascii_consists_of(code, ASCII_DIGITS, 6, 6))
        return -EINVAL;
    r = form_put(body, "SerialNumber", serial);
    return r < 0 ? r : form_put(body, "TokenCode", code);
}

int sts_session_body(struct buf *body, uint32_t duration, const char *serial, const char *code)
{
    int r;

    if (duration < SESSION_SECONDS_MIN || duration > SESSION_SECONDS_MAX)
        return -EINVAL;
    if ((r = buf_put_text(body, "Action=GetSessionToken&Version=" STS_VERSION)) < 0 ||
        (r = form_put_number(body, "DurationSeconds", duration)) < 0)
        return r;
    return sts_mfa_put(body, serial, code);
}

/* All that is copied has been checked. 0, or -1 with error and nothing to free. */
static int keep(struct sts_session *session, const char *id, const char *secret, const char *token,
                struct error *error)
{
    session->access_key_id = arena_strdup(id);
    session->secret_access_key = arena_strdup(secret);
    session->session_token = arena_strdup(token);
    if (session->access_key_id && session->secret_access_key && session->session_token)
        return 0;
    sts_session_free(session);
    return error_set(error, EXIT_FAILED, "out of memory for a session");
}

int sts_credentials_read(const struct msg_net_reply *reply, const char *action, uint32_t duration,
                         uint64_t now, struct sts_session *session, struct error *error)
{
    const char *id = sts_field(reply, action, "Credentials/AccessKeyId");
    const char *secret = sts_field(reply, action, "Credentials/SecretAccessKey");
    const char *token = sts_field(reply, action, "Credentials/SessionToken");
    const char *expiration = sts_field(reply, action, "Credentials/Expiration");
    uint64_t server = reply->date ? reply->date : now;

    *session = (struct sts_session){0};
    if (!access_key_id_valid(id))
        return sts_not_believed(reply, "AccessKeyId", error);
    if (!access_key_secret_valid(secret))
        return sts_not_believed(reply, "SecretAccessKey", error);
    if (!ascii_consists_of(token, ASCII_WORD "+/=", TOKEN_MIN, TOKEN_MAX))
        return sts_not_believed(reply, "SessionToken", error);
    if (!sts_time(expiration, &session->expiration) || session->expiration <= server ||
        session->expiration - server > (uint64_t)duration + EXPIRY_LATE)
        return sts_not_believed(reply, "Expiration", error);
    return keep(session, id, secret, token, error);
}

int sts_session_read(const struct msg_net_reply *reply, uint32_t duration, uint64_t now,
                     struct sts_session *session, struct error *error)
{
    return sts_credentials_read(reply, "GetSessionToken", duration, now, session, error);
}

void sts_session_free(struct sts_session *session)
{
    arena_free(session->access_key_id);
    arena_free(session->secret_access_key);
    arena_free(session->session_token);
    *session = (struct sts_session){0};
}

void sts_session_tell(const struct sts_session *session, uint64_t now, struct msg_issued *issued)
{
    issued->access_key_id = session->access_key_id;
    issued->secret_access_key = session->secret_access_key;
    issued->session_token = session->session_token;
    issued->expiration = session->expiration;
    issued->lifetime = session->expiration > now ? (uint32_t)(session->expiration - now) : 0;
}
