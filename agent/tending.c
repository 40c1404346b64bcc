// SPDX-License-Identifier: BSD-2-Clause
// Tending: rotations that ride on a touch.
#include "tending.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "key_name.h"
#include "log.h"
#include "operation.h"
#include "watcher.h"

#define KEYS_MAX 64  /* as many as a vault can hold */
#define TEND_S   300 /* AWS is waited for three times a minute long */

/* What is known of each key that was to be tended. */
static struct charge {
    char key[KEY_NAME_MAX + 1];
    bool due;
    char trouble[512]; /* empty: none */
} charges[KEYS_MAX];
static size_t charge_count;

static struct operation operation;
static struct charge *current; /* being tended; NULL: nothing runs */
static bool closed;

static struct charge *find(const char *key)
{
    for (size_t i = 0; i < charge_count; i++)
        if (strcmp(charges[i].key, key) == 0)
            return &charges[i];
    return NULL;
}

static struct charge *find_or_add(const char *key)
{
    struct charge *charge = find(key);

    if (charge || charge_count == KEYS_MAX || strlen(key) > KEY_NAME_MAX)
        return charge;
    charge = &charges[charge_count++];
    *charge = (struct charge){.due = false};
    strcpy(charge->key, key);
    return charge;
}

static void log_outcome(const struct msg_outcome *outcome)
{
    const struct log_event event = {.what = "key rotate",
                                    .who = "awstap itself",
                                    .key = outcome->name,
                                    .why = outcome->status ? outcome->text : NULL};

    log_event(&event);
}

static void show(const struct charge *charge)
{
    char body[640];

    snprintf(body, sizeof body, "%s was not rotated: %s", charge->key, charge->trouble);
    watcher_show("awstap", body);
}

void tending_note(const struct msg_outcome *outcome)
{
    struct charge *charge = find_or_add(outcome->name);

    log_outcome(outcome);
    if (!charge)
        return;
    snprintf(charge->trouble, sizeof charge->trouble, "%s", outcome->status ? outcome->text : "");
    if (outcome->status)
        show(charge);
}

void tending_settle(const char *key)
{
    struct charge *charge = find(key);

    if (charge)
        charge->trouble[0] = '\0';
}

static void begin_next(void);

static void finish(void)
{
    current = NULL;
    begin_next();
}

static void on_ready(struct operation *of)
{
    const struct msg_key_rotate rotate = {.name = current->key, .due = 1, .discard = ""};

    peer_send(&of->signer, MSG_KEY_ROTATE, &rotate, -1);
}

static void fail(uint32_t status, const char *why)
{
    const struct msg_outcome outcome = {current->key, status, why};

    tending_note(&outcome);
}

static int on_frame(struct operation *of, const struct frame *frame)
{
    struct msg_outcome outcome;
    struct msg_failed failed;

    switch (frame->type) {
    case MSG_PROGRESS:
        return 0;
    case MSG_OUTCOME:
        if (message_get(frame, MSG_OUTCOME, &outcome) < 0)
            return -EPROTO;
        tending_note(&outcome);
        return 0;
    case MSG_FAILED:
        if (message_get(frame, MSG_FAILED, &failed) < 0)
            return -EPROTO;
        fail(failed.status, failed.text);
        break;
    case MSG_DONE:
        break;
    default:
        return -EPROTO;
    }
    operation_end(of);
    finish();
    return 0;
}

static void on_end(struct operation *of, const char *why)
{
    (void)of;
    fail(EXIT_FAILED, why);
    finish();
}

static void begin_next(void)
{
    if (current || closed)
        return;
    for (size_t i = 0; i < charge_count && !current; i++)
        if (charges[i].due)
            current = &charges[i];
    if (!current)
        return;
    current->due = false;
    operation = (struct operation){.on_ready = on_ready, .on_frame = on_frame, .on_end = on_end};
    operation_begin(&operation, LANE_WRITE, TEND_S);
}

void tending_add(const char *key)
{
    struct charge *charge = find_or_add(key);

    if (!charge)
        return;
    /* One that is being tended may have begun without what this touch brings. */
    charge->due = true;
    begin_next();
}

void tending_forget(const char *key)
{
    for (size_t i = 0; i < charge_count; i++)
        if (!key || strcmp(charges[i].key, key) == 0)
            charges[i].due = false;
    if (!current || (key && strcmp(current->key, key) != 0))
        return;
    operation_end(&operation);
    finish();
}

void tending_tell(struct peer *client)
{
    for (size_t i = 0; i < charge_count; i++) {
        const struct msg_outcome outcome = {charges[i].key, EXIT_FAILED, charges[i].trouble};

        if (charges[i].trouble[0])
            peer_send(client, MSG_OUTCOME, &outcome, -1);
    }
}

void tending_close(void)
{
    closed = true;
    tending_forget(NULL);
}
