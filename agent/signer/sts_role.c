// SPDX-License-Identifier: BSD-2-Clause
// AssumeRole: its body, and whose session the answer brings.
#include "sts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "form.h"
#include "sts_reply.h"

#define ACTION    "AssumeRole"
#define NAME_SIZE 48 /* TransitiveTagKeys.member.50 and the like */

static int put_given(struct buf *body, const char *name, const char *value)
{
    return *value ? form_put(body, name, value) : 0;
}

static int put_policy_arns(struct buf *body, const struct role *role)
{
    char name[NAME_SIZE];
    int r = 0;

    for (size_t i = 0; i < role->policy_arn_count && r == 0; i++) {
        snprintf(name, sizeof name, "PolicyArns.member.%zu.arn", i + 1);
        r = form_put(body, name, role->policy_arns[i]);
    }
    return r;
}

static int put_tags(struct buf *body, const struct role *role)
{
    char name[NAME_SIZE];
    int r = 0;

    for (size_t i = 0; i < role->tag_count && r == 0; i++) {
        snprintf(name, sizeof name, "Tags.member.%zu.Key", i + 1);
        if ((r = form_put(body, name, role->tags[i].key)) < 0)
            break;
        snprintf(name, sizeof name, "Tags.member.%zu.Value", i + 1);
        r = form_put(body, name, role->tags[i].value);
    }
    return r;
}

static int put_transitive(struct buf *body, const struct role *role)
{
    char name[NAME_SIZE];
    int r = 0;

    for (size_t i = 0; i < role->transitive_count && r == 0; i++) {
        snprintf(name, sizeof name, "TransitiveTagKeys.member.%zu", i + 1);
        r = form_put(body, name, role->transitive[i]);
    }
    return r;
}

int sts_role_body(struct buf *body, const struct role *role, const char *serial, const char *code)
{
    int r;

    if ((r = buf_put_text(body, "Action=" ACTION "&Version=" STS_VERSION)) < 0 ||
        (r = form_put(body, "RoleArn", role->arn_text)) < 0 ||
        (r = form_put(body, "RoleSessionName", role->session_name)) < 0 ||
        (r = form_put_number(body, "DurationSeconds", role->duration)) < 0 ||
        (r = put_given(body, "ExternalId", role->external_id)) < 0 ||
        (r = put_given(body, "SourceIdentity", role->source_identity)) < 0 ||
        (r = put_given(body, "Policy", role->policy)) < 0 ||
        (r = put_policy_arns(body, role)) < 0 || (r = put_tags(body, role)) < 0 ||
        (r = put_transitive(body, role)) < 0)
        return r;
    return sts_mfa_put(body, serial, code);
}

/* assumed-role/ROLE/SESSION of STS in the role's account. IAM takes a role's name in any case. */
static bool is_of_role(const char *text, const struct role *role)
{
    char resource[2 * ROLE_NAME_MAX + 16];
    struct arn arn;

    snprintf(resource, sizeof resource, "assumed-role/%s/%s", role_name(role), role->session_name);
    return arn_read(text, &arn) && strcmp(arn.service, "sts") == 0 &&
           strcmp(arn.partition, role->arn.partition) == 0 &&
           strcmp(arn.account, role->arn.account) == 0 && strcasecmp(arn.resource, resource) == 0;
}

int sts_role_read(const struct msg_net_reply *reply, const struct role *role, uint64_t now,
                  struct sts_session *session, struct error *error)
{
    *session = (struct sts_session){0};
    if (!is_of_role(sts_field(reply, ACTION, "AssumedRoleUser/Arn"), role))
        return sts_not_believed(reply, "AssumedRoleUser", error);
    return sts_credentials_read(reply, ACTION, role->duration, now, session, error);
}
