// SPDX-License-Identifier: BSD-2-Clause
// What STS's refusals mean, and what a person is told of them.
#include "sts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ascii.h"

#define QUOTE_SIZE 321 /* as much of AWS's own message as fits an error text */

/* A refusal as it may stand before a person. */
struct refusal {
    const struct msg_net_reply *reply;
    char key[65], serial[161], region[33], code[65];
    char id[96]; /* " (request …)", or nothing */
};

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

static bool is_throttling(const struct msg_net_reply *reply)
{
    static const char *const codes[] = {"Throttling",
                                        "ThrottlingException",
                                        "ThrottledException",
                                        "RequestThrottled",
                                        "RequestThrottledException",
                                        "RequestLimitExceeded",
                                        "TooManyRequestsException",
                                        "SlowDown",
                                        NULL};

    return reply->http_status == 429 || is_one_of(reply->code, codes);
}

static bool is_busy(const struct msg_net_reply *reply)
{
    static const char *const codes[] = {"InternalFailure", "InternalError", "InternalServerError",
                                        "ServiceUnavailable", NULL};

    return reply->http_status >= 500 || is_one_of(reply->code, codes);
}

/* AWS says both by one code (facts in its text), and by codes of their own in some services. */
static enum sts_verdict signature_verdict(const struct msg_net_reply *reply)
{
    if (strcmp(reply->code, "SignatureDoesNotMatch") != 0)
        return STS_CLOCK;
    return strstr(reply->message, "Signature expired") ||
                   strstr(reply->message, "Signature not yet current")
               ? STS_CLOCK
               : STS_SECRET_WRONG;
}

enum sts_verdict sts_verdict(const struct msg_net_reply *reply)
{
    static const char *const signature[] = {"SignatureDoesNotMatch", "RequestExpired",
                                            "RequestTimeTooSkewed", NULL};
    static const char *const expired[] = {"ExpiredToken", "ExpiredTokenException", NULL};

    if (!*reply->code && reply->http_status == 200)
        return STS_OK;
    if (is_throttling(reply))
        return STS_THROTTLED;
    if (is_busy(reply))
        return STS_BUSY;
    if (is_one_of(reply->code, signature))
        return signature_verdict(reply);
    if (strcmp(reply->code, "InvalidClientTokenId") == 0)
        return STS_KEY_REFUSED;
    if (is_one_of(reply->code, expired))
        return STS_EXPIRED;
    if (strcmp(reply->code, "AccessDenied") != 0)
        return STS_REFUSED;
    if (strstr(reply->message, "invalid MFA one time pass code"))
        return STS_CODE_REFUSED;
    if (strstr(reply->message, "unable to validate MFA code"))
        return STS_SERIAL_REFUSED;
    return STS_REFUSED;
}

static void make_printable(struct refusal *refusal, const struct msg_net_reply *reply,
                           const struct sts_context *context)
{
    char request[81];

    refusal->reply = reply;
    refusal->id[0] = '\0';
    ascii_printable(refusal->key, sizeof refusal->key,
                    context->access_key_id ? context->access_key_id : "");
    ascii_printable(refusal->serial, sizeof refusal->serial,
                    context->mfa_serial ? context->mfa_serial : "");
    ascii_printable(refusal->region, sizeof refusal->region,
                    context->region ? context->region : "");
    ascii_printable(refusal->code, sizeof refusal->code, reply->code);
    if (*ascii_printable(request, sizeof request, reply->request_id))
        snprintf(refusal->id, sizeof refusal->id, " (request %s)", request);
}

static int explain_code(const struct refusal *refusal, bool typed, struct error *error)
{
    if (typed)
        return error_set(error, EXIT_AWS,
                         "AWS refused the MFA code of %s: it was mistyped, too old, or used "
                         "before; run it again and type the next one%s",
                         refusal->serial, refusal->id);
    return error_set(error, EXIT_AWS,
                     "AWS refused the MFA code of %s: its seed is not the one in the vault, or "
                     "the code was used elsewhere; try again, then import the seed anew%s",
                     refusal->serial, refusal->id);
}

static int explain_key(const struct refusal *refusal, bool of_session, struct error *error)
{
    if (of_session)
        return error_set(error, EXIT_AWS,
                         "AWS no longer takes the session %s that the role is assumed with (%s); "
                         "forget it with awstap lock and run it again%s",
                         refusal->key, refusal->code, refusal->id);
    return error_set(error, EXIT_AWS,
                     "AWS refused the access key %s (%s): it was deleted or is inactive; look "
                     "at it in the IAM console and add a key that is active%s",
                     refusal->key, refusal->code, refusal->id);
}

static int explain_secret(const struct refusal *refusal, bool of_session, struct error *error)
{
    if (of_session)
        return explain_key(refusal, true, error);
    return error_set(error, EXIT_AWS,
                     "AWS refused the signature of access key %s (%s): the secret does "
                     "not belong to it; add the key again with the right secret%s",
                     refusal->key, refusal->code, refusal->id);
}

static int explain_other(const struct refusal *refusal, struct error *error)
{
    char quote[QUOTE_SIZE];

    if (strcmp(refusal->reply->code, "RegionDisabledException") == 0)
        return error_set(error, EXIT_AWS,
                         "STS is switched off in region %s for this account; switch it on in the "
                         "IAM console (Account settings) or choose another region%s",
                         refusal->region, refusal->id);
    if (!*refusal->code)
        return error_set(error, EXIT_AWS,
                         "AWS answered with HTTP status %u and no reason; check the endpoint and "
                         "any proxy between%s",
                         refusal->reply->http_status, refusal->id);
    return error_set(error, EXIT_AWS, "AWS refused: %s (%s)%s",
                     ascii_printable(quote, sizeof quote, refusal->reply->message), refusal->code,
                     refusal->id);
}

/*
 * AWS's text is not quoted where its code says enough: for a wrong signature it may repeat what was
 * signed.
 */
int sts_explain(const struct msg_net_reply *reply, const struct sts_context *context,
                struct error *error)
{
    struct refusal refusal;
    const char *code = refusal.code, *id = refusal.id;

    make_printable(&refusal, reply, context);
    switch (sts_verdict(reply)) {
    case STS_CODE_REFUSED:
        return explain_code(&refusal, context->typed_code, error);
    case STS_SERIAL_REFUSED:
        return error_set(error, EXIT_AWS,
                         "AWS knows no MFA device %s of this user; import the seed anew with the "
                         "right --mfa-serial%s",
                         refusal.serial, id);
    case STS_THROTTLED:
        return error_set(error, EXIT_AWS, "AWS asks to slow down (%s); try again in a minute%s",
                         *code ? code : "HTTP 429", id);
    case STS_BUSY:
        return error_set(error, EXIT_AWS,
                         "AWS failed on its side (HTTP %u %s); try again in a minute%s",
                         reply->http_status, code, id);
    case STS_CLOCK:
        return error_set(error, EXIT_AWS,
                         "AWS refused the time of the request (%s): the clock here is wrong, or a "
                         "proxy changed the Date; set the clock and try again%s",
                         code, id);
    case STS_EXPIRED:
    case STS_KEY_REFUSED:
        return explain_key(&refusal, context->of_session, error);
    case STS_SECRET_WRONG:
        return explain_secret(&refusal, context->of_session, error);
    default:
        return explain_other(&refusal, error);
    }
}
