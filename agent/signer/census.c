// SPDX-License-Identifier: BSD-2-Clause
// The census: what AWS lists of a user, held against what the vault knows.
#include "census.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "denial.h"
#include "duration.h"

#define STRANGERS_MAX (IAM_KEYS_MAX + IAM_DEVICES_MAX)

#define GONE_MAX 8 /* the last ones: AWS may list them for some seconds more */

static char gone[GONE_MAX][129];
static size_t gone_count;

struct strangers {
    uint32_t key;
    size_t count;
    struct stranger list[STRANGERS_MAX];
};

static bool has_record(const struct vault *vault, enum record_type type, const char *subject)
{
    for (size_t i = 0; i < vault->record_count; i++)
        if (vault->records[i].type == type && strcmp(vault->records[i].subject, subject) == 0)
            return true;
    return false;
}

bool census_knows_key(const struct vault *vault, const char *access_key_id)
{
    return has_record(vault, RECORD_ACCESS_KEY, access_key_id);
}

/* A device whose codes a person types is known by its serial alone. */
static bool knows_device(const struct vault *vault, const char *serial)
{
    if (has_record(vault, RECORD_TOTP_SEED, serial))
        return true;
    for (size_t i = 0; i < vault->key_count; i++)
        if (strcmp(vault->keys[i].mfa_serial, serial) == 0)
            return true;
    return false;
}

void census_gone(const char *access_key_id)
{
    snprintf(gone[gone_count++ % GONE_MAX], sizeof gone[0], "%s", access_key_id);
}

static bool is_gone(const char *access_key_id)
{
    for (size_t i = 0; i < GONE_MAX; i++)
        if (strcmp(gone[i], access_key_id) == 0)
            return true;
    return false;
}

static void leave_out_gone(struct iam_keys *keys)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++)
        if (!is_gone(keys->keys[i].id))
            keys->keys[kept++] = keys->keys[i];
    keys->count = kept;
}

static void add(struct strangers *strangers, const char *what)
{
    struct stranger *stranger = &strangers->list[strangers->count++];

    *stranger = (struct stranger){.key = strangers->key, .seen = clock_now_ms() / 1000};
    snprintf(stranger->what, sizeof stranger->what, "%s", what);
}

static int apply(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct strangers *strangers = context;

    if (journal_read(vault, &journal, error) < 0)
        return -1;
    journal_set_strangers(&journal, strangers->key, strangers->list, strangers->count);
    return journal_put(vault, &journal, error);
}

/* Write them down, where that is news. 0 or -1 with error. */
static int note(struct life *life, struct strangers *strangers, struct error *error)
{
    static struct journal journal; /* too large for the stack */

    if (journal_read(life->vault, &journal, error) < 0)
        return -1;
    if (!journal_set_strangers(&journal, life->key, strangers->list, strangers->count))
        return 0;
    for (size_t i = 0; i < strangers->count; i++)
        agent_progress(life->agent, PROGRESS_NOTE,
                       "AWS has for %s what this vault does not know: %s",
                       iam_user_name(life_key(life)), strangers->list[i].what);
    return vault_change(life->vault, apply, strangers, error);
}

int census_take(struct life *life, struct iam_keys *keys, struct error *error)
{
    static struct strangers strangers; /* too large for the stack */
    static struct iam_devices devices;
    enum iam_verdict verdict;

    strangers = (struct strangers){.key = life->key};
    if ((verdict = iam_list_keys(&life->iam, keys, error)) != IAM_OK ||
        (verdict = iam_list_devices(&life->iam, &devices, error)) != IAM_OK)
        return denial_explain(life, verdict, error);
    leave_out_gone(keys);
    for (size_t i = 0; i < keys->count; i++)
        if (!census_knows_key(life->vault, keys->keys[i].id))
            add(&strangers, keys->keys[i].id);
    for (size_t i = 0; i < devices.count; i++)
        if (!knows_device(life->vault, devices.devices[i].serial))
            add(&strangers, devices.devices[i].serial);
    return note(life, &strangers, error);
}

static const char *whose(const struct life *life, const char *access_key_id)
{
    if (!census_knows_key(life->vault, access_key_id))
        return "unknown to this vault";
    if (vault_record_of(life->vault, life_key(life), RECORD_ACCESS_KEY, access_key_id))
        return "in this vault";
    return "in this vault by another name";
}

static const char *ago(uint64_t then, char out[DURATION_SIZE])
{
    uint64_t now = clock_now_ms() / 1000;

    return duration_about(now > then ? now - then : 0, out);
}

const char *census_describe(struct life *life, const struct iam_key *access_key,
                            char out[CENSUS_TEXT_SIZE])
{
    char age[DURATION_SIZE], since[DURATION_SIZE], use[160] = "last use unknown";
    struct iam_last_used used;
    struct error error = {0};

    if (iam_key_last_used(&life->iam, access_key->id, &used, &error) == IAM_OK)
        snprintf(use, sizeof use, used.when ? "last used %s ago for %.64s" : "never used",
                 ago(used.when, since), used.service);
    snprintf(out, CENSUS_TEXT_SIZE, "%.128s (%s%s, made %.40s ago, %.159s)", access_key->id,
             whose(life, access_key->id), access_key->active ? "" : ", inactive",
             ago(access_key->created, age), use);
    return out;
}
