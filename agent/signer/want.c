// SPDX-License-Identifier: BSD-2-Clause
// One session on its way: held against the key's policy, connected, signed, sent.
#include "want.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ascii.h"
#include "duration.h"
#include "patience.h"
#include "step.h"
#include "sts.h"
#include "totp.h"

#define CODE_TRIES 3 /* typing errors that a dialog takes */

static enum want_mfa mfa_of(const struct vault *vault, const struct key *key)
{
    if (!key->mfa_serial[0])
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
    for (size_t i = 0; i < WANT_REQUESTS; i++)
        request_init(&want->requests[i]);
    if (!(key = want->key = vault_key(vault, asked->key, error)))
        return -1;
    want->mfa = mfa_of(vault, key);
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
    for (size_t i = 0; i < WANT_REQUESTS; i++)
        request_free(&want->requests[i]);
    arena_free(want->code);
    arena_free(want->hops);
    want->code = NULL;
    want->hops = NULL;
}

/*
 * The two steps to sign for: the first one that is not used by now, nor by those before us, and the
 * one after it. Who comes after us may have our second one, which is seldom needed: the ledger sees
 * to it that nobody sends it twice.
 */
static int choose_steps(struct want *want, const struct vault *vault, struct error *error)
{
    if (step_choose(vault, want->key, &want->server, want->turn, &want->steps[0], error) < 0)
        return -1;
    want->steps[1] = want->steps[0] + 1;
    return 0;
}

static int put_body(const struct want *want, struct buf *body, const char *code)
{
    const char *serial = code ? want->key->mfa_serial : NULL;

    return want->hops ? sts_role_body(body, &want->role, serial, code)
                      : sts_session_body(body, want->duration, serial, code);
}

static int sign(struct want *want, size_t index, const struct record_secret *seed,
                const struct sigv4_key *key, struct error *error)
{
    struct request *request = &want->requests[index];
    char computed[TOTP_CODE_SIZE] = "";
    const char *code = want->code ? want->code->text : NULL;
    int r = 0;

    if (seed) {
        r = totp_code((const uint8_t *)seed->data, seed->len, want->steps[index], computed);
        code = computed;
    }
    if (r == 0)
        r = put_body(want, &request->body, code);
    explicit_bzero(computed, sizeof computed);
    if (r < 0)
        return error_set(error, EXIT_FAILED, "cannot build the request: %s", strerror(-r));
    return request_sign(request, &want->server, "sts", key, error);
}

int want_sign(struct want *want, const struct vault *vault, struct error *error)
{
    struct record_secret *secret = NULL, *seed = NULL;
    size_t count = want->mfa == WANT_SEED ? WANT_REQUESTS : 1;
    int r = -1;

    server_look(&want->server);
    if (want->mfa == WANT_SEED && (choose_steps(want, vault, error) < 0 ||
                                   vault_open_seed(vault, want->key, &seed, error) < 0))
        goto out;
    if (vault_open_access_key(vault, want->key, &secret, error) < 0)
        goto out;
    const struct sigv4_key key = {vault_access_key_id(vault, want->key), secret->data, NULL};

    for (r = 0; want->signed_count < count; want->signed_count++)
        if ((r = sign(want, want->signed_count, seed, &key, error)) < 0)
            break;
out:
    arena_free(secret);
    arena_free(seed);
    return r;
}

/* Take the step of the next request to be sent. 1, 0 (used already) or -1 with error. */
static int take_step(const struct want *want, struct agent *agent, const struct vault *vault,
                     struct error *error)
{
    if (want->mfa != WANT_SEED)
        return 1;
    step_await(agent, &want->server, want->steps[want->sent]);
    return step_use(vault, want->key, &want->server, want->steps[want->sent], error);
}

int want_send(struct want *want, struct agent *agent, const struct vault *vault,
              struct error *error)
{
    int r = 0;

    for (; want->sent < want->signed_count; want->sent++)
        if ((r = take_step(want, agent, vault, error)) != 0)
            break;
    if (r == 0)
        return error_set(error, EXIT_FAILED,
                         "another program used the TOTP codes meanwhile; run it again");
    return r < 0 ? -1 : server_post(&want->server, &want->requests[want->sent], error);
}

static int read_session(const struct want *want, const struct msg_net_reply *reply, uint64_t now,
                        struct sts_session *session, struct error *error)
{
    return want->hops ? sts_role_read(reply, &want->role, now, session, error)
                      : sts_session_read(reply, want->duration, now, session, error);
}

static int issue(const struct want *want, struct agent *agent, const struct slot *opener,
                 const struct msg_net_reply *reply, struct error *error)
{
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
    };

    if (read_session(want, reply, now, &session, error) < 0)
        return -1;
    sts_session_tell(&session, now, &issued);
    agent_send(agent, MSG_ISSUED, &issued);
    sts_session_free(&session);
    return 0;
}

int want_settle(struct want *want, struct agent *agent, const struct vault *vault,
                const struct slot *opener, struct error *error)
{
    const struct sts_context context = {.access_key_id = vault_access_key_id(vault, want->key),
                                        .mfa_serial = want->key->mfa_serial,
                                        .region = want->server.endpoint.region,
                                        .typed_code = want->mfa == WANT_TYPED};
    struct patience patience = {0};

    for (;;) {
        struct msg_net_reply reply;
        enum sts_verdict verdict;

        if (server_reply(&want->server, &reply, error) < 0)
            return -1;
        verdict = sts_verdict(&reply);
        if (verdict == STS_OK)
            return issue(want, agent, opener, &reply, error);
        sts_explain(&reply, &context, error);
        if (verdict == STS_CODE_REFUSED && want->sent + 1 < want->signed_count) {
            want->sent++;
            if (want_send(want, agent, vault, error) < 0)
                return -1;
        } else if (!patience_again(&patience, agent, verdict) ||
                   server_post(&want->server, &want->requests[want->sent], error) < 0) {
            return -1;
        }
    }
}
