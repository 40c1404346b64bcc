// SPDX-License-Identifier: BSD-2-Clause
// A user's access keys at IAM.
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ascii.h"
#include "iam_call.h"
#include "sts_reply.h"

#define LIST    "ListAccessKeys"
#define CREATE  "CreateAccessKey"
#define USED    "GetAccessKeyLastUsed"
#define MEMBERS LIST "Result/AccessKeyMetadata/member/"

/* A long-lived one: a list with any other is none of a user's keys. */
static bool is_key_id(const char *id)
{
    return access_key_id_valid(id) && strncmp(id, "AKIA", 4) == 0;
}

static int read_key(const struct msg_net_reply *reply, const char *user, size_t nth,
                    struct iam_key *key, struct error *error)
{
    const char *owner = iam_member(reply, MEMBERS "UserName", nth);
    const char *id = iam_member(reply, MEMBERS "AccessKeyId", nth);
    const char *status = iam_member(reply, MEMBERS "Status", nth);
    const char *created = iam_member(reply, MEMBERS "CreateDate", nth);

    if (!owner || strcmp(owner, user) != 0)
        return sts_not_believed(reply, "UserName", error);
    if (!id || !is_key_id(id))
        return sts_not_believed(reply, "AccessKeyId", error);
    if (!status || !ascii_consists_of(status, ASCII_LETTERS, 1, 32))
        return sts_not_believed(reply, "Status", error);
    if (!created || !sts_time(created, &key->created))
        return sts_not_believed(reply, "CreateDate", error);
    strcpy(key->id, id);
    key->active = strcmp(status, "Active") == 0;
    return 0;
}

static bool is_listed(const struct iam_keys *keys, const char *id)
{
    for (size_t i = 0; i < keys->count; i++)
        if (strcmp(keys->keys[i].id, id) == 0)
            return true;
    return false;
}

int iam_keys_read(const struct msg_net_reply *reply, const char *user, void *list,
                  struct error *error)
{
    struct iam_keys *keys = list;
    size_t nth;

    for (nth = 0; iam_member(reply, MEMBERS "AccessKeyId", nth); nth++) {
        struct iam_key key;

        if (keys->count == IAM_KEYS_MAX)
            return sts_not_believed(reply, "more access keys than a user can have", error);
        if (read_key(reply, user, nth, &key, error) < 0)
            return -1;
        if (is_listed(keys, key.id))
            return sts_not_believed(reply, "AccessKeyId", error);
        keys->keys[keys->count++] = key;
    }
    if (iam_member(reply, MEMBERS "UserName", nth) || iam_member(reply, MEMBERS "Status", nth) ||
        iam_member(reply, MEMBERS "CreateDate", nth))
        return sts_not_believed(reply, "AccessKeyId", error);
    return 0;
}

enum iam_verdict iam_list_keys(struct iam *iam, struct iam_keys *keys, struct error *error)
{
    keys->count = 0;
    return iam_list(iam, LIST, iam_keys_read, keys, error);
}

enum iam_verdict iam_confirm_gone(struct iam *iam, enum iam_verdict verdict, struct error *error)
{
    enum iam_verdict listed;
    struct error why = {0};
    struct iam_keys keys;

    if (verdict != IAM_GONE)
        return verdict;
    listed = iam_list_keys(iam, &keys, &why);
    if (listed == IAM_OK || listed == IAM_DENIED)
        return IAM_GONE; /* a key that was just deleted may still be listed */
    *error = why;
    if (listed == IAM_GONE)
        error_set(error, EXIT_AWS,
                  "AWS knows no user %s any more, who was renamed or deleted: what was to be "
                  "switched off may still work; look at it in the IAM console, and seal the access "
                  "key anew (awstap key remove %s, then key add)",
                  iam_user_name(iam->key), iam->key->name);
    return listed == IAM_GONE ? IAM_FAILED : listed;
}

int iam_created_key_read(const struct msg_net_reply *reply, const char *user,
                         struct access_key *created, struct error *error)
{
    const char *id = sts_field(reply, CREATE, "AccessKey/AccessKeyId");
    const char *secret = sts_field(reply, CREATE, "AccessKey/SecretAccessKey");

    *created = (struct access_key){0};
    if (strcmp(sts_field(reply, CREATE, "AccessKey/UserName"), user) != 0)
        return sts_not_believed(reply, "UserName", error);
    if (!is_key_id(id))
        return sts_not_believed(reply, "AccessKeyId", error);
    if (strcmp(sts_field(reply, CREATE, "AccessKey/Status"), "Active") != 0)
        return sts_not_believed(reply, "Status", error);
    if (!access_key_secret_valid(secret))
        return sts_not_believed(reply, "SecretAccessKey", error);
    created->id = arena_strdup(id);
    created->secret = arena_strdup(secret);
    if (created->id && created->secret)
        return 0;
    access_key_free(created);
    return error_set(error, EXIT_FAILED, "out of memory for an access key");
}

enum iam_verdict iam_create_key(struct iam *iam, struct access_key *created, struct error *error)
{
    const char *user = iam_user_name(iam->key);
    const struct iam_parameter parameters[] = {{"UserName", user}, {0}};
    struct msg_net_reply reply;
    enum iam_verdict verdict = iam_create(iam, CREATE, parameters, &reply, error);

    *created = (struct access_key){0};
    if (verdict == IAM_OK && iam_created_key_read(&reply, user, created, error) < 0)
        verdict = IAM_UNKNOWN;
    iam_created(iam);
    return verdict;
}

enum iam_verdict iam_set_key_active(struct iam *iam, const char *id, bool active,
                                    struct error *error)
{
    const struct iam_parameter parameters[] = {{"UserName", iam_user_name(iam->key)},
                                               {"AccessKeyId", id},
                                               {"Status", active ? "Active" : "Inactive"},
                                               {0}};
    struct msg_net_reply reply;

    return iam_confirm_gone(iam, iam_ask(iam, "UpdateAccessKey", parameters, &reply, error), error);
}

enum iam_verdict iam_delete_key(struct iam *iam, const char *id, struct error *error)
{
    const struct iam_parameter parameters[] = {
        {"UserName", iam_user_name(iam->key)}, {"AccessKeyId", id}, {0}};
    struct msg_net_reply reply;

    return iam_confirm_gone(iam, iam_ask(iam, "DeleteAccessKey", parameters, &reply, error), error);
}

int iam_last_used_read(const struct msg_net_reply *reply, const char *user,
                       struct iam_last_used *used, struct error *error)
{
    const char *date = sts_field(reply, USED, "AccessKeyLastUsed/LastUsedDate");
    const char *service = sts_field(reply, USED, "AccessKeyLastUsed/ServiceName");
    const char *region = sts_field(reply, USED, "AccessKeyLastUsed/Region");

    *used = (struct iam_last_used){0};
    if (strcmp(sts_field(reply, USED, "UserName"), user) != 0)
        return sts_not_believed(reply, "UserName", error);
    if (*date && !sts_time(date, &used->when))
        return sts_not_believed(reply, "LastUsedDate", error);
    ascii_printable(used->service, sizeof used->service, service);
    ascii_printable(used->region, sizeof used->region, region);
    return 0;
}

enum iam_verdict iam_key_last_used(struct iam *iam, const char *id, struct iam_last_used *used,
                                   struct error *error)
{
    const struct iam_parameter parameters[] = {{"AccessKeyId", id}, {0}};
    struct msg_net_reply reply;
    enum iam_verdict verdict = iam_ask(iam, USED, parameters, &reply, error);

    if (verdict == IAM_OK && iam_last_used_read(&reply, iam_user_name(iam->key), used, error) < 0)
        verdict = IAM_FAILED;
    return verdict;
}
