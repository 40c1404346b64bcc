// SPDX-License-Identifier: BSD-2-Clause
// Keys: prove one and seal it, list them, remove one.
#include "errand.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "input.h"
#include "new_key.h"
#include "remains.h"
#include "task.h"
#include "unlock.h"

/* Before AWS or anyone is asked: is there a vault, and is there room for this name? */
static int check_free(struct vault *vault, const char *name, struct error *error)
{
    struct error unknown = {0};

    if (vault_key(vault, name, &unknown))
        return error_set(error, EXIT_FAILED,
                         "there is a key %s already; remove it first, or choose another name",
                         name);
    return 0;
}

/* Ask AWS whose key this is, which proves that it works. 0 or -1 with error. */
static int prove(struct agent *agent, struct new_key *new_key, struct error *error)
{
    if (new_key_connect(new_key, agent, error) < 0 || new_key_ask(new_key, error) < 0 ||
        new_key_learn(new_key, agent, error) < 0)
        return -1;
    server_close(&new_key->server);
    return 0;
}

static int seal(struct agent *agent, struct vault *vault, const struct key *key,
                const struct access_key *access_key, char **done, struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Seal the key %s: access key %s", key->name, access_key->id);
    stake_line(&stake, "%s", key->arn);
    if (errand_unlock(agent, vault, &stake, false, error, "to seal the key %s", key->name) < 0 ||
        vault_add_key(vault, key, access_key->id, access_key->secret, error) < 0 ||
        errand_write(agent, vault, error) < 0)
        return -1;
    return errand_done(done, error,
                       "%s is sealed: %s of %s. Its sessions are MFA-authenticated once it has an "
                       "MFA device: awstap mfa add %s, or mfa import for one that it has",
                       key->name, access_key->id, key->arn, key->name);
}

static int read_access_key(struct agent *agent, int fd, struct access_key *access_key,
                           struct error *error)
{
    struct buf input;
    int r;

    buf_init(&input);
    r = input_read(agent, fd, ACCESS_KEY_INPUT_MAX, &input, error);
    if (r == 0)
        r = access_key_read(&input, access_key, error);
    buf_free(&input);
    return r;
}

int errand_key_add(struct agent *agent, const struct frame *frame, int fd, char **done,
                   struct error *error)
{
    static struct new_key new_key; /* too large for the stack */
    struct vault *vault = NULL;
    struct msg_key_add request;
    int r = -1;

    if (message_get(frame, MSG_KEY_ADD, &request) < 0)
        return errand_malformed(error);
    new_key_init(&new_key);
    if (new_key_facts(&new_key, &request, error) == 0 && errand_vault(agent, &vault, error) == 0 &&
        check_free(vault, new_key.key.name, error) == 0 &&
        read_access_key(agent, fd, &new_key.access_key, error) == 0 &&
        prove(agent, &new_key, error) == 0)
        r = seal(agent, vault, &new_key.key, &new_key.access_key, done, error);
    new_key_close(&new_key);
    vault_free(vault);
    return r;
}

_Static_assert(VAULT_JOURNAL_MAX <= STRANGERS_BYTES_MAX,
               "KEY has room for all strangers there are");

/* The strangers of this key, as texts, into the buffer. A journal that can't be read has none. */
static struct list list_strangers(const struct vault *vault, const struct key *key, struct buf *out)
{
    static struct journal journal; /* too large for the stack */
    struct error unreadable = {0};

    if (journal_read(vault, &journal, &unreadable) < 0)
        return (struct list){0};
    for (size_t i = 0; i < journal.stranger_count; i++) {
        const char *what = journal.strangers[i].what;

        if (journal.strangers[i].key == key->id && buf_put(out, what, strlen(what) + 1) < 0)
            return (struct list){0};
    }
    return (struct list){(const char *)buf_data(out), buf_len(out)};
}

static void tell_key(struct agent *agent, const struct vault *vault, const struct key *key)
{
    const struct record *record = vault_record(vault, key, RECORD_ACCESS_KEY, 0);
    const struct record *old = vault_record(vault, key, RECORD_ACCESS_KEY, 1);
    struct task exposed;
    char task[TASK_TEXT_SIZE];
    struct buf strangers;

    buf_init(&strangers);
    const struct msg_key answer = {
        .name = key->name,
        .access_key_id = vault_access_key_id(vault, key),
        .arn = key->arn,
        .account = key->account,
        .partition = key->partition,
        .region = key->region,
        .mfa_serial = key->mfa_serial,
        .sts_url = key->sts_url,
        .iam_url = key->iam_url,
        .ca_bundle = key->ca_bundle,
        .has_seed = vault_has_seed(vault, key),
        .created = key->created,
        .touch = key->policy.touch,
        .serve = key->policy.serve,
        .duration = key->policy.duration,
        .max_duration = key->policy.max_duration,
        .lock_on = key->policy.lock_on,
        .rotate_every = key->policy.rotate_every,
        .grace = key->policy.grace,
        .sealed = record ? record->created : 0,
        .task = task_say(vault, key, clock_now_ms() / 1000, task),
        .strangers = list_strangers(vault, key, &strangers),
        .elsewhere = vault_is_elsewhere(vault),
        .exposed = task_find(vault, key->id, TASK_EXPOSED, &exposed),
        .older_id = old ? old->subject : "",
    };

    agent_send(agent, MSG_KEY, &answer);
    buf_free(&strangers);
}

int errand_key_list(struct agent *agent, const struct frame *frame, int fd, char **done,
                    struct error *error)
{
    struct vault *vault = NULL;

    (void)fd;
    (void)done;
    if (message_get(frame, MSG_KEY_LIST, NULL) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    for (size_t i = 0; i < vault->key_count; i++)
        tell_key(agent, vault, &vault->keys[i]);
    vault_free(vault);
    return 0;
}

/* What is unfinished, and what AWS keeps of it, a person should know before. */
static int unlock_to_remove(struct agent *agent, struct vault *vault, const struct key *key,
                            const struct remains *remains, struct error *error)
{
    const char *id = vault_access_key_id(vault, key);
    char task[TASK_TEXT_SIZE];
    struct stake stake = {0};

    stake_line(&stake, "Remove the key %s: access key %s", key->name, id);
    stake_line(&stake, "%s", key->arn);
    for (size_t i = 0; i < remains->own_count; i++)
        if (strcmp(remains->own[i], id) != 0)
            stake_line(&stake, "With it stays at AWS: %s", remains->own[i]);
    for (size_t i = 0; i < remains->stranger_count; i++)
        stake_line(&stake, "AWS has besides: %s", remains->strangers[i]);
    if (*task_say(vault, key, clock_now_ms() / 1000, task))
        agent_progress(agent, PROGRESS_NOTE, "unfinished about %s: %s", key->name, task);
    return errand_unlock(agent, vault, &stake, false, error, "to remove the key %s", key->name);
}

/* Its seeds may be the only ones of devices that other keys go by. */
static int share_seeds(struct vault *vault, const struct key *key, struct error *error)
{
    const struct record *record;
    int r = 0;

    for (unsigned nth = 0; r >= 0 && (record = vault_record(vault, key, RECORD_TOTP_SEED, nth));
         nth++) {
        char serial[RECORD_SUBJECT_MAX + 1]; /* records move */

        strcpy(serial, record->subject);
        r = vault_share_seed(vault, key, serial, error);
    }
    return r < 0 ? -1 : 0;
}

static int remove_key(struct agent *agent, struct vault *vault, const char *name, char **done,
                      struct error *error)
{
    const struct key *key = vault_key(vault, name, error);
    char own[REMAINS_TEXT_SIZE], strangers[REMAINS_TEXT_SIZE];
    struct remains remains;

    if (!key)
        return -1;
    remains_find(vault, key, &remains);
    if (unlock_to_remove(agent, vault, key, &remains, error) < 0)
        return -1;
    remains_list(remains.own, remains.own_count, own);
    remains_list(remains.strangers, remains.stranger_count, strangers);
    if (share_seeds(vault, key, error) < 0 || vault_remove_key(vault, name, error) < 0 ||
        errand_write(agent, vault, error) < 0)
        return -1;
    return errand_done(done, error,
                       "%s is removed from the vault; at AWS nothing was changed%s%s%s%s%s", name,
                       *own ? ": delete there " : "", own,
                       *strangers ? "; AWS has besides, unknown to the vault, " : "", strangers,
                       *strangers ? ": look whose they are" : "");
}

int errand_key_remove(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    struct msg_key_remove request;
    struct vault *vault = NULL;
    int r = -1;

    (void)fd;
    if (message_get(frame, MSG_KEY_REMOVE, &request) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) == 0)
        r = remove_key(agent, vault, request.name, done, error);
    vault_free(vault);
    return r;
}
