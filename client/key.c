// SPDX-License-Identifier: BSD-2-Clause
// The public facts about a key in the vault.
#include "key.h"

#include "agent.h"

void key_json(struct json *json, const struct msg_key *key)
{
    json_begin(json, NULL, '{');
    json_text(json, "name", key->name);
    json_text(json, "access_key_id", key->access_key_id);
    json_text(json, "arn", key->arn);
    json_text(json, "account", key->account);
    json_text(json, "partition", key->partition);
    json_text(json, "region", key->region);
    json_text(json, "mfa_serial", key->mfa_serial);
    json_bool(json, "has_seed", key->has_seed);
    json_text(json, "sts_endpoint_url", key->sts_url);
    json_text(json, "iam_endpoint_url", key->iam_url);
    json_text(json, "ca_bundle", key->ca_bundle);
    json_time(json, "created", key->created);
    json_end(json, '}');
}

const char *key_mfa(const struct msg_key *key)
{
    if (key->has_seed)
        return "sealed";
    return *key->mfa_serial ? "no seed" : "none";
}

struct each {
    int (*take)(void *context, const struct msg_key *key);
    void *context;
};

static int take_frame(void *context, const struct frame *frame)
{
    const struct each *each = context;
    struct msg_key key;

    return message_get(frame, MSG_KEY, &key) < 0 ? agent_unexpected()
                                                 : each->take(each->context, &key);
}

int key_each(int (*take)(void *context, const struct msg_key *key), void *context)
{
    struct each each = {take, context};
    const struct request request = {.type = MSG_KEY_LIST,
                                    .fd = -1,
                                    .start = true,
                                    .wait_ms = AGENT_PERSON_MS,
                                    .take = take_frame,
                                    .context = &each};

    return agent_request(&request);
}
