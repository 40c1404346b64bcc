// SPDX-License-Identifier: BSD-2-Clause
// Keys: the public facts and the policy of one IAM user's access key.
#include "key.h"

#include <string.h>

#include "message.h"
#include "printable.h"

const struct key_policy key_policy_default = {
    .touch = TOUCH_SESSION,
    .serve = SERVE_ANY,
    .duration = SESSION_SECONDS_DEFAULT,
    .max_duration = SESSION_SECONDS_MAX,
    .grace = 86400,
};

static int put_text(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    int r = buf_put_u32(out, (uint32_t)len);

    return r < 0 ? r : buf_put(out, text, len);
}

static int put_policy(struct buf *out, const struct key_policy *policy)
{
    int r;

    if ((r = buf_put_u32(out, policy->touch)) < 0 || (r = buf_put_u32(out, policy->serve)) < 0 ||
        (r = buf_put_u32(out, policy->duration)) < 0 ||
        (r = buf_put_u32(out, policy->max_duration)) < 0 ||
        (r = buf_put_u32(out, policy->lock_on)) < 0 ||
        (r = buf_put_u32(out, policy->rotate_every)) < 0 ||
        (r = buf_put_u32(out, policy->grace)) < 0)
        return r;
    return 0;
}

int key_put(struct buf *out, const struct key *key)
{
    int r;

    if ((r = buf_put_u32(out, key->id)) < 0 || (r = buf_put_u64(out, key->created)) < 0 ||
        (r = put_text(out, key->name)) < 0 || (r = put_text(out, key->arn)) < 0 ||
        (r = put_text(out, key->account)) < 0 || (r = put_text(out, key->partition)) < 0 ||
        (r = put_text(out, key->region)) < 0 || (r = put_text(out, key->mfa_serial)) < 0 ||
        (r = put_text(out, key->sts_url)) < 0 || (r = put_text(out, key->iam_url)) < 0 ||
        (r = put_text(out, key->ca_bundle)) < 0)
        return r;
    return put_policy(out, &key->policy);
}

static void get_policy(struct reader *reader, struct key_policy *policy)
{
    policy->touch = reader_u32(reader);
    policy->serve = reader_u32(reader);
    policy->duration = reader_u32(reader);
    policy->max_duration = reader_u32(reader);
    policy->lock_on = reader_u32(reader);
    policy->rotate_every = reader_u32(reader);
    policy->grace = reader_u32(reader);
}

void key_get(struct reader *reader, struct key *key)
{
    key->id = reader_u32(reader);
    key->created = reader_u64(reader);
    reader_text(reader, key->name, sizeof(key->name));
    reader_text(reader, key->arn, sizeof(key->arn));
    reader_text(reader, key->account, sizeof(key->account));
    reader_text(reader, key->partition, sizeof(key->partition));
    reader_text(reader, key->region, sizeof(key->region));
    reader_text(reader, key->mfa_serial, sizeof(key->mfa_serial));
    reader_text(reader, key->sts_url, sizeof(key->sts_url));
    reader_text(reader, key->iam_url, sizeof(key->iam_url));
    reader_text(reader, key->ca_bundle, sizeof(key->ca_bundle));
    get_policy(reader, &key->policy);
}

static bool duration_valid(uint32_t duration)
{
    return duration >= SESSION_SECONDS_MIN && duration <= SESSION_SECONDS_MAX;
}

static bool policy_valid(const struct key_policy *policy)
{
    uint32_t triggers = LOCK_ON_SCREEN | LOCK_ON_REMOVAL;
    bool rotate = policy->rotate_every == 0 || (policy->rotate_every >= KEY_ROTATE_MIN &&
                                                policy->rotate_every <= KEY_ROTATE_MAX);

    return (policy->touch == TOUCH_SESSION || policy->touch == TOUCH_USE) &&
           (policy->serve == SERVE_ANY || policy->serve == SERVE_ROLES) &&
           duration_valid(policy->duration) && duration_valid(policy->max_duration) &&
           policy->duration <= policy->max_duration && !(policy->lock_on & ~triggers) && rotate &&
           policy->grace <= KEY_GRACE_MAX;
}

bool key_valid(const struct key *key)
{
    const char *texts[] = {key->name,       key->arn,     key->account, key->partition, key->region,
                           key->mfa_serial, key->sts_url, key->iam_url, key->ca_bundle};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!printable_valid(texts[i], strlen(texts[i])))
            return false;
    }
    return key->id != 0 && key->name[0] != '\0' && policy_valid(&key->policy);
}
