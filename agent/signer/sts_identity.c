// SPDX-License-Identifier: BSD-2-Clause
// GetCallerIdentity: whose access key it is.
#include "sts.h"

#include <stdbool.h>
#include <string.h>

#include "arn.h"
#include "ascii.h"
#include "sts_reply.h"

#define ACTION "GetCallerIdentity"

int sts_identity_body(struct buf *body)
{
    return buf_put_text(body, "Action=" ACTION "&Version=" STS_VERSION);
}

static bool read_user(const char *resource, char user[STS_USER_MAX + 1])
{
    const char *name = strrchr(resource, '/');

    if (strncmp(resource, "user/", 5) != 0)
        return false;
    if (!ascii_consists_of(name + 1, ASCII_WORD "_+=,.@-", 1, STS_USER_MAX))
        return false;
    strcpy(user, name + 1);
    return true;
}

static bool belongs(const struct arn *arn, const struct sts_identity *identity)
{
    return (strcmp(arn->service, "iam") == 0 || strcmp(arn->service, "sts") == 0) &&
           strcmp(arn->account, identity->account) == 0;
}

static int refuse_root(const char *account, struct error *error)
{
    return error_set(error, EXIT_FAILED,
                     "this is an access key of the root user of account %s, which AWS advises "
                     "against; delete it, create an IAM user and add a key of that user",
                     account);
}

static int refuse_temporary(struct error *error)
{
    return error_set(error, EXIT_FAILED,
                     "this access key is temporary (a role or a federated user); awstap keeps "
                     "long-lived keys: add an access key of an IAM user");
}

int sts_identity_read(const struct msg_net_reply *reply, struct sts_identity *identity,
                      struct error *error)
{
    const char *account = sts_field(reply, ACTION, "Account");
    const char *text = sts_field(reply, ACTION, "Arn");
    struct arn arn;
    bool of_iam;

    *identity = (struct sts_identity){0};
    if (!ascii_consists_of(account, ASCII_DIGITS, 12, 12))
        return sts_not_believed(reply, "Account", error);
    strcpy(identity->account, account);
    if (strlen(text) > STS_ARN_MAX || !arn_read(text, &arn) || !belongs(&arn, identity))
        return sts_not_believed(reply, "Arn", error);
    strcpy(identity->arn, text);
    strcpy(identity->partition, arn.partition);
    of_iam = strcmp(arn.service, "iam") == 0;
    if (of_iam && strcmp(arn.resource, "root") == 0)
        return refuse_root(account, error);
    if (!of_iam)
        return refuse_temporary(error);
    if (!read_user(arn.resource, identity->user))
        return sts_not_believed(reply, "Arn", error);
    return 0;
}
