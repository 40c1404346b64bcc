// SPDX-License-Identifier: BSD-2-Clause
// One opening of the vault: whoever asks before the touch rides on it.
#include "opening.h"

#include <stdio.h>
#include <string.h>

#include "touch.h"
#include "want.h"

#define WANTS_MAX 16 /* conversations with AWS at once; further ones ride on the next touch */

struct opening {
    struct agent *agent;
    struct vault *vault;
    struct devices *devices;
    struct want wants[WANTS_MAX];
    size_t count;
};

static void refuse(struct opening *opening, uint32_t flight, const struct error *error)
{
    const struct msg_refused refused = {flight, error->status, error->text};

    agent_send(opening->agent, MSG_REFUSED, &refused);
}

/* Take a want off the list: it has had its answer. */
static void drop(struct opening *opening, size_t index)
{
    want_close(&opening->wants[index]);
    opening->count--;
    memmove(&opening->wants[index], &opening->wants[index + 1], (opening->count - index) * sizeof *opening->wants);
}

/* Begin one, or answer that it can't be. */
static void begin(struct opening *opening, const struct msg_want *asked)
{
    const struct msg_later later = {asked->flight};
    struct error error = {0};

    if (opening->count == WANTS_MAX) {
        agent_send(opening->agent, MSG_LATER, &later);
        return;
    }
    if (want_begin(&opening->wants[opening->count++], opening->agent, opening->vault, asked, &error) < 0) {
        refuse(opening, asked->flight, &error);
        drop(opening, opening->count - 1);
    }
}

/* Do one thing with every want from first on; those that fail are answered and dropped. */
static void each(struct opening *opening, size_t first, int (*step)(struct opening *, size_t, struct error *))
{
    for (size_t i = first; i < opening->count;) {
        struct error error = {0};

        if (step(opening, i, &error) < 0) {
            refuse(opening, opening->wants[i].flight, &error);
            drop(opening, i);
        } else {
            i++;
        }
    }
}

/* Whoever has no connection fails before anyone is asked to touch. */
static int await_one(struct opening *opening, size_t i, struct error *error)
{
    return want_await(&opening->wants[i], error);
}

static void take_wants(void *context)
{
    struct opening *opening = context;
    size_t before = opening->count;
    struct msg_want asked;

    while (agent_next_want(opening->agent, &asked)) {
        begin(opening, &asked);
        agent_drop_want(opening->agent);
    }
    each(opening, before, await_one);
}

/* Asked to touch while no unused code is at hand, a person would touch, and wait all the same. */
static int await_codes(struct opening *opening, struct error *error)
{
    for (size_t i = 0; i < opening->count; i++) {
        const struct want *want = &opening->wants[i];

        if (want->has_seed &&
            want_await_step(opening->agent, opening->vault, want->key, &want->server, error) < 0)
            return -1;
    }
    return 0;
}

static void purpose_of(const struct opening *opening, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "to open");

    for (size_t i = 0; i < opening->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %s", i ? "," : "", opening->wants[i].key->name);
}

/* The last TOTP step that the wants before this one have taken of the same device. */
static uint64_t step_taken(const struct opening *opening, size_t index)
{
    uint64_t taken = 0;

    for (size_t i = 0; i < index; i++)
        if (opening->wants[i].has_seed &&
            strcmp(opening->wants[i].key->mfa_serial, opening->wants[index].key->mfa_serial) == 0)
            taken = opening->wants[i].steps[WANT_REQUESTS - 1];
    return taken;
}

static int sign_one(struct opening *opening, size_t i, struct error *error)
{
    return want_sign(&opening->wants[i], opening->vault, step_taken(opening, i), error);
}

static int send_one(struct opening *opening, size_t i, struct error *error)
{
    return want_send(&opening->wants[i], opening->agent, opening->vault, error);
}

static int settle_one(struct opening *opening, size_t i, struct error *error)
{
    return want_settle(&opening->wants[i], opening->agent, opening->vault, error);
}

static void refuse_all(struct opening *opening, const struct error *error)
{
    while (opening->count) {
        refuse(opening, opening->wants[0].flight, error);
        drop(opening, 0);
    }
}

static int unlock(struct opening *opening, struct error *error)
{
    const struct touch_idle idle = {take_wants, opening};
    char purpose[200];

    purpose_of(opening, purpose, sizeof purpose);
    return touch_unlock(opening->agent, opening->vault, opening->devices, purpose, &idle, error);
}

/* Nothing leaves before the vault is closed again and all that it held is wiped. */
static void serve(struct opening *opening)
{
    struct error error = {0};

    if (opening->count && !(opening->devices = touch_list(opening->agent, &error)))
        refuse_all(opening, &error);
    each(opening, 0, await_one);
    if (opening->count && (await_codes(opening, &error) < 0 || unlock(opening, &error) < 0))
        refuse_all(opening, &error);
    if (!opening->count)
        return;
    each(opening, 0, sign_one);
    vault_lock(opening->vault);
    each(opening, 0, send_one);
    each(opening, 0, settle_one);
    while (opening->count)
        drop(opening, 0);
}

void opening_run(struct agent *agent, const struct frame *first)
{
    static struct opening opening; /* too large for the stack */
    const struct msg_done done = {""};
    struct msg_failed failed = {0};
    struct msg_want asked;
    struct error error = {0};

    opening.agent = agent;
    if (message_get(first, MSG_WANT, &asked) < 0)
        return;
    if (vault_read(agent->vault, agent->state, &opening.vault, &error) != 0) {
        failed = (struct msg_failed){error.status, error.text};
        agent_send(agent, MSG_FAILED, &failed);
    } else {
        begin(&opening, &asked);
        agent_look(agent);
        take_wants(&opening);
        serve(&opening);
        touch_release(opening.devices);
        vault_free(opening.vault);
    }
    agent_send(agent, MSG_DONE, &done);
}
