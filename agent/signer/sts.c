// SPDX-License-Identifier: BSD-2-Clause
// STS: the bodies of its requests, and the checks that its answers pass before a field is believed.
// awstap-net parsed them; a net that was taken over must gain nothing by what it sends here.
#include "sts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access_key.h"
#include "arena.h"
#include "ascii.h"
#include "endpoint.h"

#define VERSION    "2011-06-15"
#define SERIAL_MIN 9u
#define SERIAL_MAX 256u
#define TOKEN_MIN  16u
#define TOKEN_MAX  16384u
#define EXPIRY_LATE                                                                                \
    300u /* seconds by which a session may outlast what was asked: two clocks, and the way */
#define QUOTE_SIZE 321 /* as much of AWS's own message as fits an error text */

int mfa_serial_check(const char *serial, struct error *error)
{
    if (!ascii_consists_of(serial, ASCII_WORD "_+=/:,.@-", SERIAL_MIN, SERIAL_MAX))
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

static int put_form_value(struct buf *body, const char *value)
{
    int r = 0;

    for (; *value && r == 0; value++)
        r = strchr(ASCII_WORD "-._~", *value) ? buf_put_u8(body, (uint8_t)*value)
                                              : buf_printf(body, "%%%02X", (unsigned char)*value);
    return r;
}

int sts_session_body(struct buf *body, uint32_t duration, const char *serial, const char *code)
{
    int r;

    if (duration < SESSION_SECONDS_MIN || duration > SESSION_SECONDS_MAX || !serial != !code)
        return -EINVAL;
    r = buf_printf(body, "Action=GetSessionToken&Version=" VERSION "&DurationSeconds=%u", duration);
    if (r < 0 || !serial)
        return r;
    if (!ascii_consists_of(code, ASCII_DIGITS, 6, 6))
        return -EINVAL;
    if ((r = buf_put_text(body, "&SerialNumber=")) < 0 || (r = put_form_value(body, serial)) < 0 ||
        (r = buf_put_text(body, "&TokenCode=")) < 0)
        return r;
    return buf_put_text(body, code);
}

int sts_identity_body(struct buf *body)
{
    return buf_put_text(body, "Action=GetCallerIdentity&Version=" VERSION);
}

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
    if (strcmp(reply->code, "AccessDenied") != 0)
        return STS_REFUSED;
    if (strstr(reply->message, "invalid MFA one time pass code"))
        return STS_CODE_REFUSED;
    if (strstr(reply->message, "unable to validate MFA code"))
        return STS_SERIAL_REFUSED;
    return STS_REFUSED;
}

static int explain_other(const struct msg_net_reply *reply, const char *region, const char *code,
                         const char *id, struct error *error)
{
    char quote[QUOTE_SIZE];

    if (strcmp(reply->code, "RegionDisabledException") == 0)
        return error_set(error, EXIT_AWS,
                         "STS is switched off in region %s for this account; switch it on in the "
                         "IAM console (Account settings) or give the key another region%s",
                         region, id);
    if (!*reply->code)
        return error_set(error, EXIT_AWS,
                         "AWS answered with HTTP status %u and no reason; check the endpoint and "
                         "any proxy between%s",
                         reply->http_status, id);
    return error_set(error, EXIT_AWS, "AWS refused: %s (%s)%s",
                     ascii_printable(quote, sizeof quote, reply->message), code, id);
}

/*
 * AWS's text is not quoted where its code says enough: for a wrong signature it may repeat what was
 * signed.
 */
int sts_explain(const struct msg_net_reply *reply, const struct sts_context *context,
                struct error *error)
{
    char key[65], serial[161], region[33], code[65], request[81], id[96] = "";

    ascii_printable(key, sizeof key, context->access_key_id ? context->access_key_id : "");
    ascii_printable(serial, sizeof serial, context->mfa_serial ? context->mfa_serial : "");
    ascii_printable(region, sizeof region, context->region ? context->region : "");
    ascii_printable(code, sizeof code, reply->code);
    if (*ascii_printable(request, sizeof request, reply->request_id))
        snprintf(id, sizeof id, " (request %s)", request);
    switch (sts_verdict(reply)) {
    case STS_CODE_REFUSED:
        return error_set(error, EXIT_AWS,
                         "AWS refused the MFA code of %s: its seed is not the one in the vault, or "
                         "the code was used elsewhere; try again, then import the seed anew%s",
                         serial, id);
    case STS_SERIAL_REFUSED:
        return error_set(error, EXIT_AWS,
                         "AWS knows no MFA device %s of this user; import the seed anew with the "
                         "right --mfa-serial%s",
                         serial, id);
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
    case STS_KEY_REFUSED:
        return error_set(error, EXIT_AWS,
                         "AWS refused the access key %s (%s): it was deleted or is inactive; look "
                         "at it in the IAM console and add a key that is active%s",
                         key, code, id);
    case STS_SECRET_WRONG:
        return error_set(error, EXIT_AWS,
                         "AWS refused the signature of access key %s (%s): the secret does "
                         "not belong to it; add the key again with the right secret%s",
                         key, code, id);
    default:
        return explain_other(reply, region, code, id, error);
    }
}

/* The value at path; "" when it is missing, or is there twice. */
static const char *field(const struct msg_net_reply *reply, const char *path)
{
    const char *value = list_find(&reply->fields, path, NULL);

    return value && !list_find(&reply->fields, path, value) ? value : "";
}

static unsigned two_digits(const char *at)
{
    return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

/*
 * YYYY-MM-DDTHH:MM:SS[.fraction]Z as seconds since 1970; false for any other text, and for 30
 * February.
 */
static bool read_time(const char *text, uint64_t *time)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    struct tm tm = {0}, back;
    time_t seconds;
    size_t i;

    for (i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return false;
    if (text[i] == '.') {
        size_t n = strspn(text + i + 1, ASCII_DIGITS);

        if (n == 0 || n > 9)
            return false;
        i += 1 + n;
    }
    if (strcmp(text + i, "Z") != 0)
        return false;
    tm.tm_year = (int)(two_digits(text) * 100 + two_digits(text + 2)) - 1900;
    tm.tm_mon = (int)two_digits(text + 5) - 1;
    tm.tm_mday = (int)two_digits(text + 8);
    tm.tm_hour = (int)two_digits(text + 11);
    tm.tm_min = (int)two_digits(text + 14);
    tm.tm_sec = (int)two_digits(text + 17);
    back = tm;
    seconds = timegm(&back);
    if (seconds < 0 || back.tm_year != tm.tm_year || back.tm_mon != tm.tm_mon ||
        back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min ||
        back.tm_sec != tm.tm_sec)
        return false;
    *time = (uint64_t)seconds;
    return true;
}

static int not_believed(const struct msg_net_reply *reply, const char *what, struct error *error)
{
    char request[81];

    return error_set(
        error, EXIT_AWS,
        "the answer of AWS is not as it should be (%s); check the endpoint URL and any "
        "proxy (request %s)",
        what, ascii_printable(request, sizeof request, reply->request_id));
}

int sts_session_read(const struct msg_net_reply *reply, uint32_t duration, uint64_t now,
                     struct sts_session *session, struct error *error)
{
#define PATH "GetSessionTokenResult/Credentials/"
    const char *id = field(reply, PATH "AccessKeyId");
    const char *secret = field(reply, PATH "SecretAccessKey");
    const char *token = field(reply, PATH "SessionToken");
    const char *expiration = field(reply, PATH "Expiration");
#undef PATH
    uint64_t server = reply->date ? reply->date : now;

    *session = (struct sts_session){0};
    if (!access_key_id_valid(id))
        return not_believed(reply, "AccessKeyId", error);
    if (!access_key_secret_valid(secret))
        return not_believed(reply, "SecretAccessKey", error);
    if (!ascii_consists_of(token, ASCII_WORD "+/=", TOKEN_MIN, TOKEN_MAX))
        return not_believed(reply, "SessionToken", error);
    if (!read_time(expiration, &session->expiration) || session->expiration <= server ||
        session->expiration - server > (uint64_t)duration + EXPIRY_LATE)
        return not_believed(reply, "Expiration", error);
    session->access_key_id = arena_strdup(id);
    session->secret_access_key = arena_strdup(secret);
    session->session_token = arena_strdup(token);
    if (session->access_key_id && session->secret_access_key && session->session_token)
        return 0;
    sts_session_free(session);
    return error_set(error, EXIT_FAILED, "out of memory for a session");
}

void sts_session_free(struct sts_session *session)
{
    arena_free(session->access_key_id);
    arena_free(session->secret_access_key);
    arena_free(session->session_token);
    *session = (struct sts_session){0};
}

/* Copy what stands before the next colon; the text after it, or NULL when it does not fit. */
static const char *split_arn(const char *at, char *part, size_t size)
{
    size_t n = strcspn(at, ":");

    if (at[n] != ':' || n >= size)
        return NULL;
    memcpy(part, at, n);
    part[n] = '\0';
    return at + n + 1;
}

/* arn:PARTITION:iam|sts::ACCOUNT:RESOURCE; *resource leads into arn. */
static bool read_arn(const char *arn, struct sts_identity *identity, bool *of_iam,
                     const char **resource)
{
    char prefix[4], service[4], region[1], account[13];
    const char *at = arn;

    if (strlen(arn) > STS_ARN_MAX || !(at = split_arn(at, prefix, sizeof prefix)) ||
        !(at = split_arn(at, identity->partition, sizeof identity->partition)) ||
        !(at = split_arn(at, service, sizeof service)) ||
        !(at = split_arn(at, region, sizeof region)) ||
        !(at = split_arn(at, account, sizeof account)))
        return false;
    *of_iam = strcmp(service, "iam") == 0;
    *resource = at;
    return strcmp(prefix, "arn") == 0 && (*of_iam || strcmp(service, "sts") == 0) &&
           endpoint_default_region(identity->partition) && strcmp(account, identity->account) == 0;
}

static bool read_user(const char *resource, char user[STS_USER_MAX + 1])
{
    const char *name = strrchr(resource, '/');

    if (strncmp(resource, "user/", 5) != 0)
        return false;
    for (const char *c = resource; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    if (!ascii_consists_of(name + 1, ASCII_WORD "_+=,.@-", 1, STS_USER_MAX))
        return false;
    strcpy(user, name + 1);
    return true;
}

int sts_identity_read(const struct msg_net_reply *reply, struct sts_identity *identity,
                      struct error *error)
{
    const char *account = field(reply, "GetCallerIdentityResult/Account");
    const char *arn = field(reply, "GetCallerIdentityResult/Arn");
    const char *resource;
    bool of_iam;

    *identity = (struct sts_identity){0};
    if (!ascii_consists_of(account, ASCII_DIGITS, 12, 12))
        return not_believed(reply, "Account", error);
    strcpy(identity->account, account);
    if (!read_arn(arn, identity, &of_iam, &resource))
        return not_believed(reply, "Arn", error);
    strcpy(identity->arn, arn);
    if (of_iam && strcmp(resource, "root") == 0)
        return error_set(error, EXIT_FAILED,
                         "this is an access key of the root user of account %s, which AWS advises "
                         "against; delete it, create an IAM user and add a key of that user",
                         account);
    if (!of_iam)
        return error_set(error, EXIT_FAILED,
                         "this access key is temporary (a role or a federated user); awstap keeps "
                         "long-lived keys: add an access key of an IAM user");
    if (!read_user(resource, identity->user))
        return not_believed(reply, "Arn", error);
    return 0;
}
