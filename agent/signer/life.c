// SPDX-License-Identifier: BSD-2-Clause
// The beginning of operations on the life of a key, attended and unattended, and what they share.
#include "life.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "clock.h"
#include "errand.h"
#include "step.h"
#include "unlock.h"
#include "want.h"

struct key *life_key(const struct life *life)
{
    struct key *key = life->vault ? vault_key_by_id(life->vault, life->key) : NULL;

    if (key)
        return key;
    fprintf(stderr, "awstap-signer: the key of an operation has left the vault\n");
    arena_close();
    abort();
}

int life_read(struct life *life, struct agent *agent, const char *key, struct error *error)
{
    struct vault *vault;
    struct key *found;

    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    if (!(found = vault_key(vault, key, error))) {
        vault_free(vault);
        return -1;
    }
    vault_free(life->vault);
    life->agent = agent;
    life->vault = vault;
    life->key = found->id;
    life->fresh = true;
    return 0;
}

/* What was read before a touch may have been changed since; it is read anew for a second one. */
static int read_fresh(struct life *life, struct agent *agent, const char *key, struct error *error)
{
    int r = life->fresh ? 0 : life_read(life, agent, key, error);

    life->fresh = false;
    return r;
}

/* Ask for what IAM is to be asked with, in the place of what there was. 0 or -1 with error. */
static int renew_authority(struct life *life, struct error *error)
{
    iam_close(&life->iam);
    authority_free(life->authority);
    life->authority = NULL;
    return authority_ask(life->agent, life_key(life)->name, &life->authority, error);
}

static int open_iam(struct life *life, struct error *error)
{
    return iam_open(&life->iam, life->agent, life_key(life), life->authority, error);
}

/* All that comes before anyone is asked to touch. */
static int prepare(struct life *life, struct want *want, const char *stake, struct error *error)
{
    const struct msg_want asked = {.key = life_key(life)->name};

    if (want_begin(want, life->agent, life->vault, &asked, error) < 0 ||
        want_await(want, error) < 0)
        return -1;
    switch (want->mfa) {
    case WANT_SEED:
        return step_await_unused(life->agent, life->vault, want->key, &want->server, error);
    case WANT_TYPED:
        return want_ask_code(want, life->agent, stake, error);
    default:
        return 0;
    }
}

/* With the vault open as briefly as can be: nothing is sent before it is narrowed. */
static int sign(struct life *life, struct want *want, struct error *error)
{
    int r = life->opened ? life->opened(life, life->context, error) : 0;

    if (r == 0)
        r = want_sign(want, life->vault, error);
    vault_narrow(life->vault);
    return r;
}

/* Get the session for which the person is asked: it is the agent's then, as the next authority. */
static int get_session(struct life *life, struct want *want, const struct purpose *purpose,
                       struct error *error)
{
    const struct slot *opener;
    uint32_t slot;

    if (prepare(life, want, purpose->stake, error) < 0 ||
        unlock(life->agent, life->vault, NULL, purpose, NULL, &slot, error) < 0 ||
        sign(life, want, error) < 0)
        return -1;
    if (!(opener = vault_slot(life->vault, slot, error)) ||
        want_send(want, life->agent, life->vault, error) < 0)
        return -1;
    if (want_settle(want, life->agent, life->vault, opener, error) == 0)
        return 0;
    life->device_unknown = want->verdict == STS_SERIAL_REFUSED;
    return -1;
}

static int take_up(struct life *life, struct error *error)
{
    if (renew_authority(life, error) < 0)
        return -1;
    if (!authority_signs(life->authority, clock_now_ms() / 1000))
        return error_set(error, EXIT_FAILED,
                         "there is nothing to ask IAM with about %s: the clock here may be wrong, "
                         "or awstap was locked meanwhile; run it again",
                         life_key(life)->name);
    return open_iam(life, error);
}

int life_unlock(struct life *life, struct agent *agent, const char *key, struct stake *stake,
                struct error *error, const char *touch, ...)
{
    static struct want want; /* too large for the stack */
    struct purpose purpose = {.confirm = life->confirm};
    va_list args;
    int r;

    va_start(args, touch);
    vsnprintf(purpose.touch, sizeof purpose.touch, touch, args);
    va_end(args);
    stake_asker(stake, agent_requester(agent));
    stake_write(stake, purpose.stake, sizeof purpose.stake);
    if (read_fresh(life, agent, key, error) < 0)
        return -1;
    r = get_session(life, &want, &purpose, error);
    want_close(&want);
    vault_narrow(life->vault);
    return r < 0 ? -1 : take_up(life, error);
}

static int awaits_touch(const char *key, struct error *error)
{
    error_set(error, EXIT_PERSON,
              "%s waits for the next touch: there is nothing at hand to ask AWS with, or to seal "
              "with",
              key);
    return 1;
}

int life_resume(struct life *life, struct agent *agent, const char *key, struct error *error)
{
    const struct authority *authority;

    if (read_fresh(life, agent, key, error) < 0 || renew_authority(life, error) < 0)
        return -1;
    authority = life->authority;
    if (!authority->kept || !authority_signs(authority, clock_now_ms() / 1000))
        return awaits_touch(key, error);
    if (vault_admit(life->vault, authority->record_key, authority->head, error) < 0)
        return error->status == EXIT_VAULT ? -1 : awaits_touch(key, error);
    return open_iam(life, error);
}

void life_hold(struct life *life, bool on)
{
    struct error error = {0};

    if (life->holding == on)
        return;
    life->holding = on;
    if (on) {
        /* No helper can be had once the agent has gone. Where this fails, so will what creates. */
        (void)iam_prepare(&life->iam, &error);
        agent_hold(life->agent);
    } else {
        agent_release(life->agent);
    }
}

static int apply_note(struct vault *vault, void *context, struct error *error)
{
    static struct journal journal; /* too large for the stack */

    if (journal_read(vault, &journal, error) < 0 || journal_set(&journal, context, error) < 0)
        return -1;
    return journal_put(vault, &journal, error);
}

int life_note(struct life *life, const struct task *task, struct error *error)
{
    struct task noted = *task;

    return vault_change(life->vault, apply_note, &noted, error);
}

void life_end(struct life *life)
{
    if (life->holding)
        life_hold(life, false);
    iam_close(&life->iam);
    authority_free(life->authority);
    vault_free(life->vault);
    *life = (struct life){0};
}
