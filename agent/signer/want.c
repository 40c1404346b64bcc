// SPDX-License-Identifier: BSD-2-Clause
// One session on its way: connect, sign, send, and no code sent twice.
#include "want.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "ledger.h"
#include "sts.h"
#include "totp.h"

#define TRIES_MAX   5 /* when AWS asks us to slow down: 0.2 to 3.2 s apart, 6 s in all */
#define BACK_OFF_MS 200u
#define SAY_SLOW_MS 1000u /* a wait that a person notices */

int want_begin(struct want *want, struct agent *agent, struct vault *vault,
               const struct msg_want *asked, struct error *error)
{
    *want = (struct want){.flight = asked->flight, .duration = asked->duration, .open = true};
    server_init(&want->server);
    for (size_t i = 0; i < WANT_REQUESTS; i++)
        request_init(&want->requests[i]);
    if (!(want->key = vault_key(vault, asked->key, error)))
        return -1;
    want->has_seed = vault_has_seed(vault, want->key);
    if (want->key->mfa_serial[0] && !want->has_seed)
        return error_set(error, EXIT_FAILED,
                         "the key has the MFA device %s and the vault no seed for it; give it one "
                         "with awstap mfa import %s",
                         want->key->mfa_serial, want->key->name);
    return server_begin(&want->server, agent, ENDPOINT_STS, want->key->region, want->key->sts_url,
                        want->key->ca_bundle, error);
}

int want_await(struct want *want, struct error *error)
{
    return server_await(&want->server, error);
}

int want_is_connected(struct want *want, struct error *error)
{
    return server_is_connected(&want->server, error);
}

void want_close(struct want *want)
{
    if (!want->open)
        return;
    want->open = false;
    server_close(&want->server);
    for (size_t i = 0; i < WANT_REQUESTS; i++)
        request_free(&want->requests[i]);
}

static uint64_t step_now(const struct server *server)
{
    return totp_step(server_now_ms(server));
}

/* Until the step begins by the server's clock. */
static void await_step(struct agent *agent, const struct server *server, uint64_t step)
{
    uint64_t now = server_now_ms(server), start = totp_step_start_ms(step);

    if (start <= now)
        return;
    if (start - now >= SAY_SLOW_MS)
        agent_progress(agent, PROGRESS_CODE, "waiting %u s for the next TOTP code",
                       (unsigned)((start - now) / 1000));
    agent_wait(agent, clock_boot_ms() + (start - now));
}

int want_await_step(struct agent *agent, const struct vault *vault, const struct key *key,
                    const struct server *server, struct error *error)
{
    uint64_t last;

    if (ledger_last(vault->state, key->mfa_serial, step_now(server), &last, error) < 0)
        return -1;
    await_step(agent, server, last + 1);
    return 0;
}

/*
 * The two steps to sign for: the first one that is not used by now, nor by those before us, and the
 * one after it. Who comes after us may have our second one, which is seldom needed: the ledger sees
 * to it that nobody sends it twice.
 */
static int choose_steps(struct want *want, const struct vault *vault, struct error *error)
{
    uint64_t now = step_now(&want->server), last;

    if (ledger_last(vault->state, want->key->mfa_serial, now, &last, error) < 0)
        return -1;
    want->steps[0] = (now > last ? now : last + 1) + want->turn;
    want->steps[1] = want->steps[0] + 1;
    return 0;
}

static int sign(struct want *want, size_t index, const struct record_secret *seed,
                const struct sigv4_key *key, struct error *error)
{
    struct request *request = &want->requests[index];
    char code[TOTP_CODE_SIZE] = "";
    int r = 0;

    if (seed)
        r = totp_code((const uint8_t *)seed->data, seed->len, want->steps[index], code);
    if (r == 0)
        r = sts_session_body(&request->body, want->duration, seed ? want->key->mfa_serial : NULL,
                             seed ? code : NULL);
    explicit_bzero(code, sizeof code);
    if (r < 0)
        return error_set(error, EXIT_FAILED, "cannot build the request: %s", strerror(-r));
    return request_sign(request, &want->server, "sts", key, error);
}

int want_sign(struct want *want, const struct vault *vault, struct error *error)
{
    struct record_secret *secret = NULL, *seed = NULL;
    size_t count = want->has_seed ? WANT_REQUESTS : 1;
    int r = -1;

    server_look(&want->server);
    if (want->has_seed && (choose_steps(want, vault, error) < 0 ||
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

/* Mark the request's TOTP step as used: a code that has left counts, whatever comes back. 1, 0
 * (used already) or -1. */
static int use_step(const struct want *want, const struct vault *vault, struct error *error)
{
    if (!want->has_seed)
        return 1;
    return ledger_use(vault->state, want->key->mfa_serial, step_now(&want->server),
                      want->steps[want->sent], error);
}

int want_send(struct want *want, struct agent *agent, const struct vault *vault,
              struct error *error)
{
    int r = 0;

    for (; want->sent < want->signed_count; want->sent++) {
        if (want->has_seed)
            await_step(agent, &want->server, want->steps[want->sent]);
        if ((r = use_step(want, vault, error)) != 0)
            break;
    }
    if (r == 0)
        return error_set(error, EXIT_FAILED,
                         "another program used the TOTP codes meanwhile; run it again");
    return r < 0 ? -1 : server_post(&want->server, &want->requests[want->sent], error);
}

static int issue(const struct want *want, struct agent *agent, const struct msg_net_reply *reply,
                 struct error *error)
{
    uint64_t now = server_now_ms(&want->server) / 1000;
    struct sts_session session = {0};
    struct msg_issued issued;

    if (sts_session_read(reply, want->duration, now, &session, error) < 0)
        return -1;
    issued = (struct msg_issued){
        .flight = want->flight,
        .access_key_id = session.access_key_id,
        .secret_access_key = session.secret_access_key,
        .session_token = session.session_token,
        .expiration = session.expiration,
        .lifetime = session.expiration > now ? (uint32_t)(session.expiration - now) : 0,
        .account = want->key->account,
        .region = want->key->region,
    };
    agent_send(agent, MSG_ISSUED, &issued);
    sts_session_free(&session);
    return 0;
}

/* Longer each time, and never in step with others that were told the same. */
static void back_off(struct agent *agent, unsigned tries)
{
    uint32_t longest = BACK_OFF_MS << tries,
             wait = longest / 2 + randombytes_uniform(longest / 2 + 1);

    if (wait >= SAY_SLOW_MS)
        agent_progress(agent, PROGRESS_AWS, "AWS asked to slow down; trying again in %u s",
                       (wait + 999) / 1000);
    agent_wait(agent, clock_boot_ms() + wait);
}

int want_settle(struct want *want, struct agent *agent, const struct vault *vault,
                struct error *error)
{
    const struct sts_context context = {vault_access_key_id(vault, want->key),
                                        want->key->mfa_serial, want->server.endpoint.region};
    unsigned tries = 0;

    for (;;) {
        struct msg_net_reply reply;
        enum sts_verdict verdict;

        if (server_reply(&want->server, &reply, error) < 0)
            return -1;
        verdict = sts_verdict(&reply);
        if (verdict == STS_OK)
            return issue(want, agent, &reply, error);
        sts_explain(&reply, &context, error);
        if (verdict == STS_CODE_REFUSED && want->sent + 1 < want->signed_count) {
            want->sent++;
            if (want_send(want, agent, vault, error) < 0)
                return -1;
        } else if ((verdict == STS_THROTTLED || verdict == STS_BUSY) && tries < TRIES_MAX) {
            back_off(agent, tries++);
            if (server_post(&want->server, &want->requests[want->sent], error) < 0)
                return -1;
        } else {
            return -1;
        }
    }
}
