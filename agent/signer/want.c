// SPDX-License-Identifier: BSD-2-Clause
// One session on its way: held against the key's policy, connected, signed, sent.
#include "want.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ascii.h"
#include "authority.h"
#include "clock.h"
#include "duration.h"
#include "mfa_removal.h"
#include "patience.h"
#include "rotate.h"
#include "step.h"
#include "task.h"
#include "totp.h"

#define CODE_TRIES 3 /* typing errors that a dialog takes */

/* A device that is still being made, AWS knows nothing of. */
enum want_mfa want_mfa_of(const struct vault *vault, const struct key *key)
{
    struct task adding;

    if (!key->mfa_serial[0] ||
        (task_find(vault, key->id, TASK_MFA_ADD, &adding) && adding.phase < PHASE_ENABLED &&
         strcmp(adding.serial, key->mfa_serial) == 0))
        return WANT_NO_MFA;
    return vault_has_seed(vault, key) ? WANT_SEED : WANT_TYPED;
}

/* The list is the frame's, which is gone before the touch. 0, or -1 with error. */
static int keep_role(struct want *want, const struct list *hops, struct error *error)
{
    struct list kept = {.len = hops->len};

    if (!hops->len)
        return 0;
    if (!(kept.data = want->hops = arena_alloc(hops->len)))
        return error_set(error, EXIT_FAILED, "out of memory");
    memcpy(want->hops, hops->data, hops->len);
    if (role_read(&kept, want->key->name, want->key->partition, &want->role, error) < 0)
        return -1;
    want->duration = want->role.duration;
    return 0;
}

static int check_duration(const struct want *want, struct error *error)
{
    const struct key *key = want->key;
    char asked[DURATION_SIZE], longest[DURATION_SIZE], option[DURATION_SIZE];

    if (want->duration < SESSION_SECONDS_MIN || want->duration > SESSION_SECONDS_MAX)
        return error_set(error, EXIT_USAGE, "a session lasts %u to %u seconds", SESSION_SECONDS_MIN,
                         SESSION_SECONDS_MAX);
    if (want->duration <= key->policy.max_duration)
        return 0;
    return error_set(
        error, EXIT_FAILED,
        "the policy of %s allows sessions of at most %s, and %s are asked for; ask for "
        "less, or change it with awstap key set %s max_duration=%s",
        key->name, duration_words(key->policy.max_duration, longest),
        duration_words(want->duration, asked), key->name, duration_short(want->duration, option));
}

int want_begin(struct want *want, struct agent *agent, struct vault *vault,
               const struct msg_want *asked, struct error *error)
{
    const struct key *key;

    *want = (struct want){.flight = asked->flight, .duration = asked->duration, .open = true};
    server_init(&want->server);
    for (size_t i = 0; i < WANT_ATTEMPTS; i++)
        request_init(&want->attempts[i].request);
    if (!(key = want->key = vault_key(vault, asked->key, error)))
        return -1;
    want->mfa = want_mfa_of(vault, key);
    if (!want->duration)
        want->duration = key->policy.duration;
    if (keep_role(want, &asked->hops, error) < 0 || check_duration(want, error) < 0)
        return -1;
    return server_begin(&want->server, agent, ENDPOINT_STS,
                        want->hops && want->role.region[0] ? want->role.region : key->region,
                        key->sts_url, key->ca_bundle, error);
}

void want_say(const struct want *want, struct stake *stake)
{
    char duration[DURATION_SIZE];

    duration_words(want->duration, duration);
    if (want->hops)
        stake_line(stake, "Open %s: %s, for %s", want->key->name, want->role.arn_text, duration);
    else
        stake_line(stake, "Open %s: account %s, for %s", want->key->name, want->key->account,
                   duration);
}

int want_await(struct want *want, struct error *error)
{
    return server_await(&want->server, error);
}

int want_is_connected(struct want *want, struct error *error)
{
    return server_is_connected(&want->server, error);
}

int want_ask_code(struct want *want, struct agent *agent, const char *stake, struct error *error)
{
    struct question question = {PROMPT_CODE, stake, "Code:", ""};

    for (unsigned tries = 0; tries < CODE_TRIES; tries++) {
        if (prompt_ask(agent, &question, &want->code, error) < 0)
            return -1;
        if (ascii_consists_of(want->code->text, ASCII_DIGITS, 6, 6))
            return 0;
        arena_free(want->code);
        want->code = NULL;
        question.problem = "An MFA code has six digits.";
    }
    return error_set(error, EXIT_PERSON,
                     "no MFA code was typed; run it again and type the six digits that %s shows",
                     want->key->mfa_serial);
}

void want_close(struct want *want)
{
    if (!want->open)
        return;
    want->open = false;
    server_close(&want->server);
    for (size_t i = 0; i < WANT_ATTEMPTS; i++)
        request_free(&want->attempts[i].request);
    arena_free(want->code);
    arena_free(want->hops);
    authority_days_free(want->days);
    want->days = NULL;
    want->code = NULL;
    want->hops = NULL;
}

static int put_body(const struct want *want, struct buf *body, const char *code)
{
    const char *serial = code ? want->key->mfa_serial : NULL;

    return want->hops ? sts_role_body(body, &want->role, serial, code)
                      : sts_session_body(body, want->duration, serial, code);
}

/* What signs the attempts: all of it in the arena, but for the id. */
struct signing {
    struct sigv4_key key;
    struct record_secret *seed; /* NULL: codes are typed, or there are none */
};

/* Sign another attempt: mfa says whether with a code, step of which TOTP step, where there is a
 * seed. */
static int add_attempt(struct want *want, const struct signing *signing, bool mfa, uint64_t step,
                       struct error *error)
{
    struct attempt *attempt = &want->attempts[want->attempt_count];
    char computed[TOTP_CODE_SIZE] = "";
    const char *code = NULL;
    int r = 0;

    attempt->access_key_id = signing->key.access_key_id;
    attempt->mfa = mfa;
    if (mfa && signing->seed) {
        attempt->step = step;
        r = totp_code((const uint8_t *)signing->seed->data, signing->seed->len, step, computed);
        code = computed;
    } else if (mfa) {
        code = want->code->text;
    }
    if (r == 0)
        r = put_body(want, &attempt->request.body, code);
    explicit_bzero(computed, sizeof computed);
    if (r < 0)
        return error_set(error, EXIT_FAILED, "cannot build the request: %s", strerror(-r));
    want->attempt_count++;
    return request_sign(&attempt->request, &want->server, "sts", &signing->key, error);
}

/* With the key's codes. Who comes after us may have our second step, which is seldom needed: the
 * ledger sees to it that nobody sends it twice. */
static int add_usual(struct want *want, const struct signing *signing, uint64_t first_step,
                     struct error *error)
{
    size_t count = want->mfa == WANT_SEED ? WANT_STEPS : 1;

    for (size_t i = 0; i < count; i++)
        if (add_attempt(want, signing, want->mfa != WANT_NO_MFA, first_step + i, error) < 0)
            return -1;
    return 0;
}

/* While a device is being removed nobody knows which AWS takes, so both are signed. */
static int add_without_mfa(struct want *want, const struct signing *signing, uint64_t first_step,
                           struct error *error)
{
    (void)first_step;
    return add_attempt(want, signing, false, 0, error);
}

typedef int add_attempts(struct want *want, const struct signing *signing, uint64_t first_step,
                         struct error *error);

/* Add such attempts for each of the key's access keys. */
static int sign_by_each(struct want *want, const struct vault *vault, struct record_secret *seed,
                        uint64_t first_step, add_attempts *add, struct error *error)
{
    const struct record *record;

    for (unsigned nth = 0; nth < WANT_KEYS; nth++) {
        struct signing signing = {.seed = seed};
        struct record_secret *secret;
        int r;

        if (!(record = vault_record(vault, want->key, RECORD_ACCESS_KEY, nth)))
            return nth ? 0
                       : error_set(error, EXIT_FAILED, "the key %s has no access key",
                                   want->key->name);
        if (vault_open_record(vault, record, &secret, error) < 0)
            return -1;
        signing.key = (struct sigv4_key){.access_key_id = record->subject, .secret = secret->data};
        r = add(want, &signing, first_step, error);
        arena_free(secret);
        if (r < 0)
            return -1;
    }
    return 0;
}

/* A session without MFA can't ask IAM for anything: an operation on the key, the agent's own
 * included, needs a signing key of the day. Where that can't be had, it waits for another touch. */
static void make_days(struct want *want, const struct vault *vault)
{
    struct error none = {0};

    if (want->flight != 0 && !rotate_is_due(vault, want->key, clock_now_ms() / 1000))
        return;
    for (size_t i = 0; i < want->attempt_count && !want->hops && !want->days; i++)
        if (!want->attempts[i].mfa &&
            authority_make_days(vault, want->key, server_now_ms(&want->server) / 1000, &want->days,
                                &none) < 0)
            return;
}

int want_sign(struct want *want, const struct vault *vault, struct error *error)
{
    struct record_secret *seed = NULL;
    struct task removing;
    uint64_t step = 0;
    int r = -1;

    server_look(&want->server);
    if (want->mfa == WANT_SEED &&
        (step_choose(vault, want->key, &want->server, want->turn, &step, error) < 0 ||
         vault_open_seed(vault, want->key, &seed, error) < 0))
        goto out;
    r = sign_by_each(want, vault, seed, step, add_usual, error);
    if (r == 0 && want->mfa != WANT_NO_MFA &&
        task_find(vault, want->key->id, TASK_MFA_REMOVE, &removing) &&
        strcmp(removing.serial, want->key->mfa_serial) == 0)
        r = sign_by_each(want, vault, NULL, 0, add_without_mfa, error);
    make_days(want, vault);
out:
    arena_free(seed);
    return r;
}

/* Whether an attempt might be good where the one at hand was refused. A key that is refused is
 * refused before its code is looked at: the same code is good for another key. */
static bool might_help(const struct attempt *attempt, const struct attempt *refused,
                       enum sts_verdict verdict)
{
    bool same_key = strcmp(attempt->access_key_id, refused->access_key_id) == 0;

    switch (verdict) {
    case STS_CODE_REFUSED:
        return same_key && attempt->step > refused->step;
    case STS_KEY_REFUSED:
        return !same_key && attempt->mfa == refused->mfa && attempt->step >= refused->step;
    case STS_SERIAL_REFUSED:
        return refused->mfa && !attempt->mfa;
    default:
        return false;
    }
}

/* Go on to the next attempt that might help. False: there is none. */
static bool go_on(struct want *want, enum sts_verdict verdict)
{
    for (size_t i = want->at + 1; i < want->attempt_count; i++)
        if (might_help(&want->attempts[i], &want->attempts[want->at], verdict)) {
            want->at = i;
            return true;
        }
    return false;
}

/* Take the step of the attempt that is to be sent. 1, 0 (used already) or -1 with error. */
static int take_step(struct want *want, struct agent *agent, const struct vault *vault,
                     struct error *error)
{
    uint64_t step = want->attempts[want->at].step;
    int r;

    if (!step || step == want->step_taken)
        return 1;
    step_await(agent, &want->server, step);
    r = step_use(vault, want->key, &want->server, step, error);
    if (r == 1)
        want->step_taken = step;
    return r;
}

int want_send(struct want *want, struct agent *agent, const struct vault *vault,
              struct error *error)
{
    int r;

    do
        r = take_step(want, agent, vault, error);
    while (r == 0 && go_on(want, STS_CODE_REFUSED));
    if (r == 0)
        return error_set(error, EXIT_FAILED,
                         "another program used the TOTP codes meanwhile; run it again");
    return r < 0 ? -1 : server_post(&want->server, &want->attempts[want->at].request, error);
}

static int read_session(const struct want *want, const struct msg_net_reply *reply, uint64_t now,
                        struct sts_session *session, struct error *error)
{
    return want->hops ? sts_role_read(reply, &want->role, now, session, error)
                      : sts_session_read(reply, want->duration, now, session, error);
}

static int issue(const struct want *want, struct agent *agent, const struct vault *vault,
                 const struct slot *opener, const struct msg_net_reply *reply, struct error *error)
{
    const struct attempt *good = &want->attempts[want->at];
    const struct key *key = want->key;
    uint64_t now = server_now_ms(&want->server) / 1000;
    struct sts_session session = {0};
    struct msg_issued issued = {
        .flight = want->flight,
        .account = want->hops ? want->role.arn.account : key->account,
        .region = key->region,
        .partition = key->partition,
        .sts_url = key->sts_url,
        .ca_bundle = key->ca_bundle,
        .duration = want->duration,
        .default_duration = key->policy.duration,
        .max_duration = key->policy.max_duration,
        .touch = key->policy.touch,
        .serve = key->policy.serve,
        .lock_on = key->policy.lock_on,
        .factor = opener->id,
        .factor_label = opener->label,
        .mfa = good->mfa,
        .signed_by = good->access_key_id,
        .due = rotate_is_due(vault, key, clock_now_ms() / 1000),
    };

    if (read_session(want, reply, now, &session, error) < 0)
        return -1;
    sts_session_tell(&session, now, &issued);
    agent_send(agent, MSG_ISSUED, &issued);
    if (!good->mfa)
        authority_give_day(agent, key, want->days, good->access_key_id);
    sts_session_free(&session);
    return 0;
}

/* Why the attempt at hand was refused. Of an access key that is being replaced nothing is said: it
 * stood in for the one in use, which was refused as well. */
static void explain(const struct want *want, const struct vault *vault,
                    const struct msg_net_reply *reply, struct error *error)
{
    const struct attempt *refused = &want->attempts[want->at];
    const struct sts_context context = {.access_key_id = refused->access_key_id,
                                        .mfa_serial = want->key->mfa_serial,
                                        .region = want->server.endpoint.region,
                                        .typed_code = want->mfa == WANT_TYPED};
    char before[KEY_SERIAL_MAX + 1];
    struct error elsewhere = {0};

    if (want->verdict == STS_SERIAL_REFUSED && *mfa_removal_before(vault, want->key, before))
        error_set(error, EXIT_AWS,
                  "AWS knows no MFA device %s of this user, the new one; awstap mfa remove %s goes "
                  "back to %s",
                  want->key->mfa_serial, want->key->name, before);
    else if (want->verdict != STS_KEY_REFUSED)
        sts_explain(reply, &context, error);
    else if (strcmp(refused->access_key_id, want->attempts[0].access_key_id) == 0)
        vault_is_here(vault, &elsewhere)
            ? sts_explain(reply, &context, error)
            : error_set(error, EXIT_AWS,
                        "AWS no longer takes the access key %s, and this vault is a copy: the "
                        "machine that it came from may have rotated the key; import that vault "
                        "again (awstap vault import --replace), or add a key that is active",
                        refused->access_key_id);
}

int want_settle(struct want *want, struct agent *agent, const struct vault *vault,
                const struct slot *opener, struct error *error)
{
    struct patience patience = {0};

    for (;;) {
        struct msg_net_reply reply;

        if (server_reply(&want->server, &reply, error) < 0)
            return -1;
        want->verdict = sts_verdict(&reply);
        if (want->verdict == STS_OK)
            return issue(want, agent, vault, opener, &reply, error);
        explain(want, vault, &reply, error);
        if (go_on(want, want->verdict)) {
            if (want_send(want, agent, vault, error) < 0)
                return -1;
        } else if (!patience_again(&patience, agent, want->verdict) ||
                   server_post(&want->server, &want->attempts[want->at].request, error) < 0) {
            return -1;
        }
    }
}
