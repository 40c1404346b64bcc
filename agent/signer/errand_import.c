// SPDX-License-Identifier: BSD-2-Clause
// key import: several keys sealed with one touch, each proven by a session that it gives.
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "arena.h"
#include "clock.h"
#include "errand.h"
#include "input.h"
#include "new_key.h"
#include "patience.h"
#include "sts.h"
#include "task.h"

#define INPUT_MAX (IMPORT_KEYS_MAX * 512u) /* bytes: an access key is far shorter */

/* How an access key stands to the vault. */
enum standing {
    STANDING_NEW,      /* it is to be sealed */
    STANDING_IN_USE,   /* it is sealed already */
    STANDING_REPLACED, /* it was, and the key has another one in use by now */
};

/* One of them. Once it has failed, error says so, and nothing more happens to it. */
struct item {
    struct new_key new_key;
    enum standing standing;
    const struct item *twin; /* an earlier one of the same access key, which stands for both */
    struct request session;
    bool sealed, failed;
    struct error error;
};

struct import {
    struct agent *agent;
    struct vault *vault;
    bool exposed; /* they lay in a plain file */
    struct item items[IMPORT_KEYS_MAX];
    size_t count;
};

/* A step on the way of each: 0, or -1 with error. */
typedef int item_step(struct import *import, struct item *item, struct error *error);

static void each(struct import *import, item_step *step)
{
    for (size_t i = 0; i < import->count; i++) {
        struct item *item = &import->items[i];

        if (!item->failed && !item->twin && step(import, item, &item->error) < 0)
            item->failed = true;
    }
}

static bool any_open(const struct import *import)
{
    for (size_t i = 0; i < import->count; i++)
        if (!import->items[i].failed && !import->items[i].twin)
            return true;
    return false;
}

/* The place in facts of what a text of the list is called, or NULL. */
static const char **place_of(struct msg_key_add *facts, const char *name)
{
    const struct {
        const char *name, **place;
    } places[] = {
        {"region", &facts->region},       {"mfa_serial", &facts->mfa_serial},
        {"sts_url", &facts->sts_url},     {"iam_url", &facts->iam_url},
        {"ca_bundle", &facts->ca_bundle},
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].name, name) == 0)
            return places[i].place;
    return NULL;
}

static void add_item(struct import *import, const struct msg_key_add *facts)
{
    struct item *item = &import->items[import->count++];

    new_key_init(&item->new_key);
    request_init(&item->session);
    item->failed = new_key_facts(&item->new_key, facts, &item->error) < 0;
}

/* 0; -1: it is not what PROTOCOL.md says. */
static int read_list(struct import *import, const struct list *list)
{
    struct msg_key_add facts = {0};
    const char *name = NULL, *value = NULL, **place;

    while ((name = list_next(list, value))) {
        if (!(value = list_next(list, name)))
            return -1;
        if (strcmp(name, "name") != 0) {
            if (!facts.name || !(place = place_of(&facts, name)))
                return -1;
            *place = value;
            continue;
        }
        if (facts.name)
            add_item(import, &facts);
        if (import->count == IMPORT_KEYS_MAX || !key_name_allowed(value))
            return -1;
        facts = (struct msg_key_add){value, "", "", "", "", ""};
    }
    if (!facts.name || import->count == IMPORT_KEYS_MAX)
        return -1;
    add_item(import, &facts);
    return 0;
}

/* One that is no access key is none of the others' business. */
static int read_access_keys(struct import *import, int fd, struct error *error)
{
    struct error none = {0};
    struct buf input;
    int r;

    buf_init(&input);
    r = input_read(import->agent, fd, INPUT_MAX, &input, error);
    for (size_t i = 0; i < import->count && r >= 0; i++) {
        struct item *item = &import->items[i];

        if ((r = access_key_next(&input, &item->new_key.access_key, &none)) < 0)
            *error = none;
        if (r == 1 && !item->failed) {
            item->error = none;
            item->failed = true;
        }
    }
    if (r >= 0 && buf_len(&input))
        r = errand_malformed(error);
    buf_free(&input);
    return r < 0 ? -1 : 0;
}

/* The key as it stands in the vault, or NULL. */
static const struct key *in_vault(const struct import *import, const struct item *item,
                                  struct error *error)
{
    return vault_key(import->vault, item->new_key.key.name, error);
}

/* The key that has, or had, this access key; NULL. */
static struct key *key_with(struct vault *vault, const char *id, enum standing *standing)
{
    for (size_t i = 0; i < vault->key_count; i++)
        for (unsigned nth = 0; nth < 2; nth++) {
            const struct record *record =
                vault_record(vault, &vault->keys[i], RECORD_ACCESS_KEY, nth);

            if (record && strcmp(record->subject, id) == 0) {
                *standing = nth == 0 ? STANDING_IN_USE : STANDING_REPLACED;
                return &vault->keys[i];
            }
        }
    return NULL;
}

static bool same_secret(const struct access_key *a, const struct access_key *b)
{
    size_t len = strlen(a->secret);

    return len == strlen(b->secret) && sodium_memcmp(a->secret, b->secret, len) == 0;
}

/* Whether an earlier one has this access key, or this name. 0 or -1 with error. */
static int look_for_twin(const struct import *import, struct item *item, struct error *error)
{
    for (const struct item *before = import->items; before < item; before++) {
        if (before->twin || !before->new_key.access_key.id)
            continue;
        if (strcmp(before->new_key.access_key.id, item->new_key.access_key.id) == 0 &&
            same_secret(&before->new_key.access_key, &item->new_key.access_key)) {
            item->twin = before;
            return 0;
        }
        if (strcmp(before->new_key.key.name, item->new_key.key.name) == 0)
            return error_set(error, EXIT_USAGE,
                             "two of these are called %s; give one another name, as PROFILE=NAME",
                             item->new_key.key.name);
    }
    return 0;
}

/* One that the vault has is proven as it stands there, under the name that it has there. */
static int compare(struct import *import, struct item *item, struct error *error)
{
    const char *name = item->new_key.key.name;
    struct error unknown = {0};
    struct key *known;

    if ((known = key_with(import->vault, item->new_key.access_key.id, &item->standing))) {
        item->new_key.key = *known;
        item->sealed = true;
        return look_for_twin(import, item, error);
    }
    if ((known = vault_key(import->vault, name, &unknown)))
        return error_set(error, EXIT_FAILED,
                         "there is a key %s already, with the access key %s; give this one another "
                         "name, as PROFILE=NAME",
                         name, vault_access_key_id(import->vault, known));
    return look_for_twin(import, item, error);
}

static int connect_one(struct import *import, struct item *item, struct error *error)
{
    return new_key_connect(&item->new_key, import->agent, error);
}

static int ask_one(struct import *import, struct item *item, struct error *error)
{
    (void)import;
    return item->standing == STANDING_NEW ? new_key_ask(&item->new_key, error)
                                          : server_await(&item->new_key.server, error);
}

static int learn_one(struct import *import, struct item *item, struct error *error)
{
    return item->standing == STANDING_NEW ? new_key_learn(&item->new_key, import->agent, error) : 0;
}

/* What the person is asked for. */
static int unlock_for_all(struct import *import, struct error *error)
{
    struct stake stake = {0};
    const char *first = "";
    size_t count = 0;

    for (size_t i = 0; i < import->count; i++) {
        const struct item *item = &import->items[i];
        const struct key *key = &item->new_key.key;

        if (item->failed || item->twin)
            continue;
        if (count++ == 0)
            first = key->name;
        stake_line(&stake, "%s the key %s: %s of %s",
                   item->standing == STANDING_NEW ? "Seal" : "Prove", key->name,
                   item->new_key.access_key.id, key->arn);
        if (key->sts_url[0])
            stake_line(&stake, "  asked for at %s", key->sts_url);
    }
    if (count == 1)
        return errand_unlock(import->agent, import->vault, &stake, false, error,
                             "to seal the key %s", first);
    return errand_unlock(import->agent, import->vault, &stake, false, error, "to seal %zu keys",
                         count);
}

/* Others may have read it in its file: that is known until it is out of use. *changed where it was
 * not known. 0 or -1 with error. */
static int note_exposed(struct import *import, const struct item *item, bool *changed,
                        struct error *error)
{
    static struct journal journal; /* too large for the stack */
    const struct key *key = in_vault(import, item, error);
    struct task task = {.kind = TASK_EXPOSED, .phase = PHASE_INTENT};
    const struct task *known;

    if (!key || journal_read(import->vault, &journal, error) < 0)
        return -1;
    task.key = key->id;
    task.begun = task.moved = clock_now_ms() / 1000;
    snprintf(task.old_id, sizeof task.old_id, "%s", vault_access_key_id(import->vault, key));
    known = journal_task(&journal, key->id, TASK_EXPOSED);
    if (known && strcmp(known->old_id, task.old_id) == 0)
        return 0;
    *changed = true;
    return journal_set(&journal, &task, error) < 0 ? -1
                                                   : journal_put(import->vault, &journal, error);
}

/* Into the vault as it is in memory. 0 or -1 with error. */
static int seal_one(struct import *import, struct item *item, bool *changed, struct error *error)
{
    const struct access_key *access_key = &item->new_key.access_key;

    if (item->standing == STANDING_NEW) {
        if (vault_add_key(import->vault, &item->new_key.key, access_key->id, access_key->secret,
                          error) < 0)
            return -1;
        item->sealed = *changed = true;
    }
    return import->exposed ? note_exposed(import, item, changed, error) : 0;
}

/* All in one write. 0 or -1 with error. */
static int seal_all(struct import *import, struct error *error)
{
    bool changed = false;

    for (size_t i = 0; i < import->count; i++) {
        struct item *item = &import->items[i];

        if (!item->failed && !item->twin && item->standing != STANDING_REPLACED &&
            seal_one(import, item, &changed, error) < 0)
            return -1;
    }
    return changed ? errand_write(import->agent, import->vault, error) : 0;
}

/* With what the vault gives back, not with what was read from the file. */
static int sign_one(struct import *import, struct item *item, struct error *error)
{
    const struct key *key = in_vault(import, item, error);
    struct record_secret *secret = NULL;
    int r = -1;

    access_key_free(&item->new_key.access_key);
    if (!key || vault_open_access_key(import->vault, key, &secret, error) < 0)
        return -1;
    const struct sigv4_key signing = {.access_key_id = vault_access_key_id(import->vault, key),
                                      .secret = secret->data};

    server_look(&item->new_key.server);
    if (sts_session_body(&item->session.body, SESSION_SECONDS_MIN, NULL, NULL) < 0)
        error_set(error, EXIT_FAILED, "out of memory");
    else
        r = request_sign(&item->session, &item->new_key.server, "sts", &signing, error);
    arena_free(secret);
    return r;
}

static int send_one(struct import *import, struct item *item, struct error *error)
{
    (void)import;
    return server_post(&item->new_key.server, &item->session, error);
}

/* The session itself is of no use: it is without MFA, and nobody asked for it. */
static int settle_one(struct import *import, struct item *item, struct error *error)
{
    const struct key *key = in_vault(import, item, error);
    struct server *server = &item->new_key.server;
    struct sts_session session = {0};
    struct patience patience = {0};
    struct msg_net_reply reply;
    struct sts_context context;
    enum sts_verdict verdict;

    if (!key)
        return -1;
    context = (struct sts_context){.access_key_id = vault_access_key_id(import->vault, key),
                                   .region = server->endpoint.region};
    do {
        if (server_reply(server, &reply, error) < 0)
            return -1;
        if ((verdict = sts_verdict(&reply)) == STS_OK) {
            if (sts_session_read(&reply, SESSION_SECONDS_MIN, server_now_ms(server) / 1000,
                                 &session, error) < 0)
                return -1;
            sts_session_free(&session);
            return 0;
        }
        sts_explain(&reply, &context, error);
    } while (patience_again(&patience, import->agent, verdict) &&
             server_post(server, &item->session, error) == 0);
    return -1;
}

/* What AWS refused after it was sealed is sealed all the same. */
static void say_failure(const struct item *item, char *text, size_t size)
{
    if (item->sealed)
        snprintf(text, size, "it is sealed as %s, and gave no session: %s", item->new_key.key.name,
                 item->error.text);
    else
        snprintf(text, size, "%s", item->error.text);
}

static void say_success(const struct item *item, const struct key *key, const char *id, char *text,
                        size_t size)
{
    if (item->standing == STANDING_REPLACED)
        snprintf(text, size, "%s had this access key, and uses %.128s by now, which gave a session",
                 key->name, id);
    else
        snprintf(text, size, "%s is sealed, and gave a session: %.128s of %s", key->name, id,
                 key->arn);
}

static void tell(const struct import *import, const struct item *item)
{
    const struct item *one = item->twin ? item->twin : item;
    struct error none = {0};
    const struct key *key = in_vault(import, one, &none);
    char text[1024];
    const struct msg_outcome outcome = {one->new_key.key.name,
                                        one->failed ? one->error.status : EXIT_DONE, text};

    if (one->failed || !key)
        say_failure(one, text, sizeof text);
    else
        say_success(one, key, vault_access_key_id(import->vault, key), text, sizeof text);
    agent_send(import->agent, MSG_OUTCOME, &outcome);
}

/* Nothing leaves before the vault is closed again. 0 or -1 with error. */
static int seal_and_prove(struct import *import, struct error *error)
{
    if (unlock_for_all(import, error) < 0 || seal_all(import, error) < 0)
        return -1;
    each(import, sign_one);
    vault_lock(import->vault);
    each(import, send_one);
    each(import, settle_one);
    return 0;
}

/* Whose they are is asked before anyone is asked to touch. */
static int run(struct import *import, struct error *error)
{
    each(import, compare);
    each(import, connect_one);
    each(import, ask_one);
    each(import, learn_one);
    return any_open(import) ? seal_and_prove(import, error) : 0;
}

int errand_key_import(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    static struct import import; /* too large for the stack */
    struct msg_key_import request;
    int r = -1;

    (void)done;
    import.agent = agent;
    if (message_get(frame, MSG_KEY_IMPORT, &request) < 0 || read_list(&import, &request.keys) < 0)
        return errand_malformed(error);
    import.exposed = request.exposed;
    if (read_access_keys(&import, fd, error) == 0 && errand_vault(agent, &import.vault, error) == 0)
        r = run(&import, error);
    for (size_t i = 0; i < import.count; i++) {
        if (r == 0)
            tell(&import, &import.items[i]);
        new_key_close(&import.items[i].new_key);
        request_free(&import.items[i].session);
    }
    vault_free(import.vault);
    return r;
}
