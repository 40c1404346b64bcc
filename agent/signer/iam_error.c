// SPDX-License-Identifier: BSD-2-Clause
// What IAM's answers mean, what a person is told of its refusals, and the fields of its lists.
#include <stdio.h>
#include <string.h>

#include "ascii.h"
#include "iam_call.h"
#include "sts_reply.h"

#define QUOTE_SIZE 241 /* as much of AWS's own message as fits an error text */

static const struct {
    const char *code;
    enum iam_verdict verdict;
} codes[] = {
    {"NoSuchEntity", IAM_GONE},
    {"LimitExceeded", IAM_LIMIT},
    {"EntityAlreadyExists", IAM_EXISTS},
    {"DeleteConflict", IAM_CONFLICT},
    {"InvalidAuthenticationCode", IAM_CODE},
    {"AccessDenied", IAM_DENIED},
    {"AccessDeniedException", IAM_DENIED},
};

enum iam_verdict iam_verdict(const struct msg_net_reply *reply)
{
    switch (sts_verdict(reply)) {
    case STS_OK:
        return IAM_OK;
    case STS_KEY_REFUSED:
    case STS_EXPIRED:
    case STS_SECRET_WRONG:
        return IAM_KEY_REFUSED;
    case STS_THROTTLED:
    case STS_BUSY:
    case STS_CLOCK:
        return IAM_FAILED;
    default:
        break;
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(reply->code, codes[i].code) == 0)
            return codes[i].verdict;
    return IAM_FAILED;
}

/* These two say that somebody else is changing the same at this moment. */
enum sts_verdict iam_patience(const struct msg_net_reply *reply)
{
    if (strcmp(reply->code, "EntityTemporarilyUnmodifiable") == 0 ||
        strcmp(reply->code, "ConcurrentModification") == 0)
        return STS_THROTTLED;
    return sts_verdict(reply);
}

/* A refusal as it may stand before a person. */
struct refusal {
    const char *action, *user, *access_key_id;
    const struct key *key;
    bool of_session, denied; /* denied: a policy forbids it; else none allows it */
    char code[65], quote[QUOTE_SIZE];
    char id[96]; /* " (request …)", or nothing */
};

static int explain_denied(const struct refusal *refusal, struct error *error)
{
    if (refusal->denied && !*refusal->key->mfa_serial)
        return error_set(error, EXIT_AWS,
                         "a policy forbids %s to %s as things stand (%s): it may want MFA, and %s "
                         "has no MFA device here; awstap mfa add %s makes one, awstap mfa import "
                         "%s takes yours over, or compare the policy with awstap iam-policy%s",
                         refusal->action, refusal->user, refusal->code, refusal->key->name,
                         refusal->key->name, refusal->key->name, refusal->id);
    if (refusal->denied)
        return error_set(error, EXIT_AWS,
                         "a policy forbids %s to %s as things stand (%s): it may want an MFA code "
                         "that is fresher than this session's; touch again for it, or compare the "
                         "policy with awstap iam-policy%s",
                         refusal->action, refusal->user, refusal->code, refusal->id);
    return error_set(error, EXIT_AWS,
                     "no policy allows %s to %s (%s); give the user the one that awstap "
                     "iam-policy prints%s",
                     refusal->action, refusal->user, refusal->code, refusal->id);
}

static int explain_key(const struct refusal *refusal, struct error *error)
{
    if (refusal->of_session)
        return error_set(error, EXIT_AWS,
                         "AWS does not take the session %s for %s (%s): its access key was deleted "
                         "or is inactive, or it is over; forget it with awstap lock and run it "
                         "again%s",
                         refusal->access_key_id, refusal->action, refusal->code, refusal->id);
    return error_set(error, EXIT_AWS,
                     "AWS does not take the access key %s for %s (%s): it was deleted or is "
                     "inactive; look at it in the IAM console and add a key that is active%s",
                     refusal->access_key_id, refusal->action, refusal->code, refusal->id);
}

/* Where a few words of ours say more than AWS's. */
static const char *advice_of(enum iam_verdict verdict)
{
    switch (verdict) {
    case IAM_GONE:
        return "it is gone already, or was made elsewhere; look at the user in the IAM console";
    case IAM_LIMIT:
        return "delete one that is not used any more, and run it again";
    case IAM_EXISTS:
        return "look at the user's MFA devices in the IAM console";
    case IAM_CONFLICT:
        return "it is still in use; run it again";
    case IAM_CODE:
        return "the clock here may be wrong, or a code was used before; run it again";
    default:
        return "look at the user in the IAM console";
    }
}

static int explain_other(const struct refusal *refusal, enum iam_verdict verdict,
                         struct error *error)
{
    if (!*refusal->code)
        return error_set(error, EXIT_AWS,
                         "IAM answered %s with an HTTP error and no reason; check the endpoint and "
                         "any proxy between%s",
                         refusal->action, refusal->id);
    return error_set(error, EXIT_AWS, "AWS refused %s for %s: %s (%s); %s%s", refusal->action,
                     refusal->user, refusal->quote, refusal->code, advice_of(verdict), refusal->id);
}

static void make_printable(struct refusal *refusal, const struct msg_net_reply *reply)
{
    char request[81];

    ascii_printable(refusal->code, sizeof refusal->code, reply->code);
    ascii_printable(refusal->quote, sizeof refusal->quote, reply->message);
    refusal->denied = strstr(reply->message, "explicit deny");
    refusal->id[0] = '\0';
    if (*ascii_printable(request, sizeof request, reply->request_id))
        snprintf(refusal->id, sizeof refusal->id, " (request %s)", request);
}

void iam_explain(const struct iam *iam, const char *action, const struct msg_net_reply *reply,
                 struct error *error)
{
    struct refusal refusal = {.action = action,
                              .user = iam_user_name(iam->key),
                              .key = iam->key,
                              .access_key_id = iam->authority->access_key_id,
                              .of_session = !iam->authority->day.date[0]};
    const struct sts_context context = {.access_key_id = refusal.access_key_id,
                                        .of_session = refusal.of_session};
    enum iam_verdict verdict = iam_verdict(reply);
    enum sts_verdict passing = sts_verdict(reply);

    make_printable(&refusal, reply);
    if (passing == STS_THROTTLED || passing == STS_BUSY || passing == STS_CLOCK)
        sts_explain(reply, &context, error);
    else if (verdict == IAM_DENIED)
        explain_denied(&refusal, error);
    else if (verdict == IAM_KEY_REFUSED)
        explain_key(&refusal, error);
    else
        explain_other(&refusal, verdict, error);
}

const char *iam_member(const struct msg_net_reply *reply, const char *path, size_t nth)
{
    const char *value = list_find(&reply->fields, path, NULL);

    while (value && nth-- > 0)
        value = list_find(&reply->fields, path, value);
    return value;
}

int iam_marker_read(const struct msg_net_reply *reply, const char *action,
                    char marker[IAM_MARKER_SIZE], struct error *error)
{
    const char *next = sts_field(reply, action, "Marker");
    const char *truncated = sts_field(reply, action, "IsTruncated");

    if (strcmp(truncated, "true") != 0)
        return *truncated && strcmp(truncated, "false") != 0
                   ? sts_not_believed(reply, "IsTruncated", error)
                   : 0;
    if (!*next || strlen(next) >= IAM_MARKER_SIZE || strcmp(next, marker) == 0)
        return sts_not_believed(reply, "Marker", error);
    strcpy(marker, next);
    return 1;
}
