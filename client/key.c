// SPDX-License-Identifier: BSD-2-Clause
// The public facts about a key in the vault.
#include "key.h"

#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "clock.h"
#include "text.h"

static void locks_json(struct json *json, const struct msg_key *key)
{
    json_begin(json, "lock_on", '[');
    json_text(json, NULL, "sleep");
    if (key->lock_on & LOCK_ON_SCREEN)
        json_text(json, NULL, "screen");
    if (key->lock_on & LOCK_ON_REMOVAL)
        json_text(json, NULL, "removal");
    json_end(json, ']');
}

bool key_overdue(const struct msg_key *key)
{
    return key->rotate_every && clock_now_ms() / 1000 >= key->sealed + key->rotate_every;
}

void key_age(const struct msg_key *key, char out[KEY_AGE_SIZE])
{
    uint64_t now = clock_now_ms() / 1000;
    char span[TEXT_SPAN];

    text_span(now > key->sealed ? now - key->sealed : 0, span);
    snprintf(out, KEY_AGE_SIZE, "%s%s", span, key_overdue(key) ? ", overdue" : "");
}

void key_state_json(struct json *json, const struct msg_key *key)
{
    json_time(json, "sealed", key->sealed);
    json_bool(json, "overdue", key_overdue(key));
    json_text(json, "task", key->task);
    json_begin(json, "strangers", '[');
    for (const char *what = NULL; (what = list_next(&key->strangers, what));)
        json_text(json, NULL, what);
    json_end(json, ']');
    json_bool(json, "elsewhere", key->elsewhere);
    json_bool(json, "exposed", key->exposed);
}

int key_notes(const struct msg_key *key, struct buf *out)
{
    const char *what = NULL;
    int r = *key->task ? buf_printf(out, "%s: %s\n", key->name, key->task) : 0;

    while (r == 0 && (what = list_next(&key->strangers, what)))
        r = buf_printf(out, "%s: AWS has %s for this user, which the vault does not know\n",
                       key->name, what);
    return r;
}

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
    json_text(json, "touch", key->touch == TOUCH_USE ? "use" : "session");
    json_text(json, "serve", key->serve == SERVE_ROLES ? "roles" : "any");
    json_number(json, "duration_seconds", key->duration);
    json_number(json, "max_duration_seconds", key->max_duration);
    locks_json(json, key);
    json_number(json, "rotate_every_seconds", key->rotate_every);
    json_number(json, "grace_seconds", key->grace);
    key_state_json(json, key);
    json_end(json, '}');
}

const char *key_mfa(const struct msg_key *key)
{
    if (key->has_seed)
        return "sealed";
    return *key->mfa_serial ? "no seed" : "none";
}

static void add(char out[KEY_POLICY_SIZE], const char *text, const char *span)
{
    size_t used = strlen(out);

    snprintf(out + used, KEY_POLICY_SIZE - used, "%s%s%s", used ? ", " : "", text, span);
}

void key_policy(const struct msg_key *key, char out[KEY_POLICY_SIZE])
{
    char span[TEXT_SPAN];

    *out = '\0';
    if (key->touch == TOUCH_USE)
        add(out, "touch for each use", "");
    if (key->serve == SERVE_ROLES)
        add(out, "roles only", "");
    text_span(key->duration, span);
    if (key->duration != SESSION_SECONDS_DEFAULT)
        add(out, "sessions of ", span);
    text_span(key->max_duration, span);
    if (key->max_duration != SESSION_SECONDS_MAX)
        add(out, "at most ", span);
    if (key->lock_on)
        add(out, "locked on ", key_locks(key));
    text_span(key->rotate_every, span);
    if (key->rotate_every)
        add(out, "rotated every ", span);
}

const char *key_locks(const struct msg_key *key)
{
    if (!(key->lock_on & LOCK_ON_REMOVAL))
        return key->lock_on & LOCK_ON_SCREEN ? "sleep, screen lock" : "sleep";
    return key->lock_on & LOCK_ON_SCREEN ? "sleep, screen lock, removal" : "sleep, removal";
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

static int each_key(bool start, int (*take)(void *context, const struct msg_key *key),
                    void *context)
{
    struct each each = {take, context};
    const struct request request = {.type = MSG_KEY_LIST,
                                    .fd = -1,
                                    .start = start,
                                    .wait_ms = AGENT_PERSON_MS,
                                    .take = take_frame,
                                    .context = &each};

    return agent_request(&request);
}

int key_each(int (*take)(void *context, const struct msg_key *key), void *context)
{
    return each_key(true, take, context);
}

int key_each_running(int (*take)(void *context, const struct msg_key *key), void *context)
{
    return each_key(false, take, context);
}
