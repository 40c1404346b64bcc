// SPDX-License-Identifier: BSD-2-Clause
// One opening of the vault: whoever asks before the touch rides on it.
#include "opening.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log_anchor.h"
#include "riders.h"
#include "stake.h"
#include "step.h"
#include "unlock.h"
#include "want.h"

#define WANTS_MAX 16   /* conversations with AWS at once; further ones ride on the next touch */
#define LATE_MS   2000 /* a touch waits so long for those that joined last to be connected */
#define TURNS_MAX 2    /* sessions of one MFA device in one opening: a TOTP code each, so 30 s */

struct opening {
    struct agent *agent;
    struct vault *vault;
    struct devices *devices;
    struct want wants[WANTS_MAX];
    size_t count;
    struct riders riders;
    struct purpose purpose;
    bool codes_typed; /* too late for a want whose code a person types */
    const struct slot *opener;
};

/* A step on the way of every want: 0, or -1 with error, and then it has had its answer. */
typedef int want_step(struct opening *opening, struct want *want, struct error *error);

static void refuse(struct opening *opening, struct want *want, const struct error *error)
{
    const struct msg_refused refused = {
        .flight = want->flight, .status = error->status, .text = error->text};

    agent_send(opening->agent, MSG_REFUSED, &refused);
    want_close(want);
}

static void put_off(struct opening *opening, uint32_t flight)
{
    const struct msg_later later = {flight};

    agent_send(opening->agent, MSG_LATER, &later);
}

/* Do the step with each want that still waits for its answer and whose turn it is. */
static void each(struct opening *opening, unsigned turn, want_step *step)
{
    for (size_t i = 0; i < opening->count; i++) {
        struct want *want = &opening->wants[i];
        struct error error = {0};

        if (want->open && want->turn == turn && step(opening, want, &error) < 0)
            refuse(opening, want, &error);
    }
}

static void each_turn(struct opening *opening, want_step *step)
{
    for (unsigned turn = 0; turn < TURNS_MAX; turn++)
        each(opening, turn, step);
}

static bool any_open(const struct opening *opening)
{
    for (size_t i = 0; i < opening->count; i++)
        if (opening->wants[i].open)
            return true;
    return false;
}

/* How many wants before this one need a code of the same MFA device. */
static unsigned turn_of(const struct opening *opening, const struct want *want)
{
    unsigned turn = 0;

    for (const struct want *before = opening->wants; before < want; before++)
        turn += before->open && want->mfa != WANT_NO_MFA &&
                strcmp(before->key->mfa_serial, want->key->mfa_serial) == 0;
    return turn;
}

/* Under touch=use one touch is for one use: nobody rides along. */
static bool wants_to_be_alone(const struct opening *opening, const struct want *want)
{
    for (const struct want *before = opening->wants; before < want; before++)
        if (before->open &&
            (want->key->policy.touch == TOUCH_USE || before->key->policy.touch == TOUCH_USE))
            return true;
    return false;
}

/* A code that is typed is good for one request, and asked for before the touch. */
static bool comes_too_late(const struct opening *opening, const struct want *want)
{
    return want->mfa == WANT_TYPED && (want->turn > 0 || opening->codes_typed);
}

static void begin(struct opening *opening, const struct msg_want *asked)
{
    struct want *want = &opening->wants[opening->count];
    struct error error = {0};

    if (opening->count == WANTS_MAX) {
        put_off(opening, asked->flight);
        return;
    }
    opening->count++;
    if (want_begin(want, opening->agent, opening->vault, asked, &error) < 0) {
        refuse(opening, want, &error);
        return;
    }
    want->turn = turn_of(opening, want);
    if (want->turn >= TURNS_MAX || comes_too_late(opening, want) ||
        wants_to_be_alone(opening, want)) {
        put_off(opening, want->flight);
        want_close(want);
    }
}

/* What is at stake, as a dialog shows it; of whom is a code asked (NULL: of nobody). */
static void say_stake(const struct opening *opening, const struct want *code_of, char *out,
                      size_t size)
{
    struct stake stake = {0};

    if (code_of)
        stake_line(&stake, "Code of the MFA device %s", code_of->key->mfa_serial);
    for (size_t i = 0; i < opening->count; i++) {
        const struct want *want = &opening->wants[i];

        if (!want->open)
            continue;
        want_say(want, &stake);
        riders_say(&opening->riders, want->flight, !want->hops, &stake);
    }
    stake_write(&stake, out, size);
}

static bool is_named_before(const struct opening *opening, const struct want *want)
{
    for (const struct want *before = opening->wants; before < want; before++)
        if (before->open && before->key == want->key)
            return true;
    return false;
}

static void say_purpose(struct opening *opening)
{
    char *touch = opening->purpose.touch;
    size_t size = sizeof opening->purpose.touch, used = (size_t)snprintf(touch, size, "to open");
    const char *comma = "";

    for (size_t i = 0; i < opening->count && used < size; i++) {
        const struct want *want = &opening->wants[i];

        if (!want->open || is_named_before(opening, want))
            continue;
        used += (size_t)snprintf(touch + used, size - used, "%s %s", comma, want->key->name);
        comma = ",";
    }
    say_stake(opening, NULL, opening->purpose.stake, sizeof opening->purpose.stake);
}

/* Who joins is named to the person as well. */
static void take_wants(void *context)
{
    struct opening *opening = context;
    struct msg_rider rider;
    struct msg_want asked;

    while (agent_next_want(opening->agent, &asked)) {
        begin(opening, &asked);
        agent_drop_want(opening->agent);
    }
    while (agent_next_rider(opening->agent, &rider)) {
        riders_note(&opening->riders, &rider);
        agent_drop_rider(opening->agent);
    }
    say_purpose(opening);
}

/* Whoever has no connection fails before anyone is asked to touch. */
static int await_one(struct opening *opening, struct want *want, struct error *error)
{
    (void)opening;
    return want_await(want, error);
}

/* Asked to touch while no code is at hand, a person would touch, and wait all the same. */
static int await_code(struct opening *opening, struct want *want, struct error *error)
{
    char stake[PROMPT_STAKE_SIZE];

    if (want->mfa == WANT_SEED)
        return step_await_unused(opening->agent, opening->vault, want->key, &want->server, error);
    if (want->mfa == WANT_NO_MFA)
        return 0;
    say_stake(opening, want, stake, sizeof stake);
    return want_ask_code(want, opening->agent, stake, error);
}

/* The person has answered: who asked before is still let in, and given a moment to be connected. */
static void close_door(void *context)
{
    struct opening *opening = context;
    uint64_t deadline = clock_deadline_ms(LATE_MS);

    if (agent_look(opening->agent))
        take_wants(opening);
    agent_send(opening->agent, MSG_OPENED, NULL);
    for (size_t i = 0; i < opening->count; i++)
        if (opening->wants[i].open)
            server_wait(&opening->wants[i].server, deadline);
}

/* One that is not connected by now rides on the next touch. */
static int sign_one(struct opening *opening, struct want *want, struct error *error)
{
    int r = want_is_connected(want, error);

    if (r == 0) {
        put_off(opening, want->flight);
        want_close(want);
    }
    return r == 1 ? want_sign(want, opening->vault, error) : r;
}

static int send_one(struct opening *opening, struct want *want, struct error *error)
{
    return want_send(want, opening->agent, opening->vault, error);
}

static int settle_one(struct opening *opening, struct want *want, struct error *error)
{
    int r = want_settle(want, opening->agent, opening->vault, opening->opener, error);

    if (r == 0)
        want_close(want);
    return r;
}

static void refuse_all(struct opening *opening, const struct error *error)
{
    for (size_t i = 0; i < opening->count; i++)
        if (opening->wants[i].open)
            refuse(opening, &opening->wants[i], error);
}

/* Who came meanwhile is still in time. */
static void let_join(struct opening *opening)
{
    agent_look(opening->agent);
    take_wants(opening);
    each_turn(opening, await_one);
}

/* All that comes before the vault is opened for anyone. Whether there is a security key is for
 * unlock() to judge: there are other factors. */
static void prepare(struct opening *opening)
{
    struct error none = {0};

    if (!any_open(opening))
        return;
    opening->devices = touch_list(opening->agent, opening->vault, &none);
    each_turn(opening, await_one);
    let_join(opening);
    each(opening, 0, await_code);
    opening->codes_typed = true;
    let_join(opening);
}

/* 0, or -1 with error. */
static int open_vault(struct opening *opening, struct error *error)
{
    const struct unlock_idle idle = {take_wants, close_door, opening};
    uint32_t slot;

    say_purpose(opening);
    if (unlock(opening->agent, opening->vault, opening->devices, &opening->purpose, &idle, &slot,
               error) < 0)
        return -1;
    return (opening->opener = vault_slot(opening->vault, slot, error)) ? 0 : -1;
}

/* Nothing leaves before the vault is closed again and all that it held is wiped. */
static void serve(struct opening *opening)
{
    struct error error = {0};

    prepare(opening);
    if (any_open(opening) && open_vault(opening, &error) < 0) {
        refuse_all(opening, &error);
        return;
    }
    each_turn(opening, sign_one);
    vault_lock(opening->vault);
    for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
        each(opening, turn, send_one);
        each(opening, turn, settle_one);
    }
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
    log_anchor_write();
    agent_send(agent, MSG_DONE, &done);
}
