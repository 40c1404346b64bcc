// SPDX-License-Identifier: BSD-2-Clause
// A session of a key that is got when the vault is closed again.
#include "mfa_session.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "patience.h"
#include "sts.h"

#define TRIES_MAX 4 /* codes, 30 s apart: a minute and a half */

/* What became of a code that gave no session. */
enum { TRIED_REFUSED = 1, TRIED_UNANSWERED };

static int connect_anew(struct mfa_session *session, const struct key *key, struct error *error)
{
    server_close(&session->server);
    server_init(&session->server);
    return server_begin(&session->server, session->agent, ENDPOINT_STS, key->region, key->sts_url,
                        key->ca_bundle, error) < 0
               ? -1
               : server_await(&session->server, error);
}

int mfa_session_open(struct mfa_session *session, struct agent *agent, const struct key *key,
                     struct error *error)
{
    session->agent = agent;
    server_init(&session->server);
    return connect_anew(session, key, error);
}

int mfa_session_prepare(struct mfa_session *session, const struct vault *vault,
                        const struct key *key, struct error *error)
{
    struct record_secret *secret = NULL;
    int r = 0;

    server_look(&session->server);
    const struct sigv4_scope scope = {session->server.endpoint.region, "sts",
                                      server_now_ms(&session->server) / 1000};

    if (vault_open_access_key(vault, key, &secret, error) < 0)
        return -1;
    snprintf(session->access_key_id, sizeof session->access_key_id, "%s",
             vault_access_key_id(vault, key));
    arena_free(session->day);
    if (!(session->day = arena_alloc(sizeof *session->day)) ||
        sigv4_day_make(secret->data, &scope, session->day) < 0)
        r = error_set(error, EXIT_FAILED, "cannot make what signs the first MFA session");
    arena_free(secret);
    return r;
}

/* Send the request once. 0 or -1 with error. */
static int post(struct mfa_session *session, const struct key *key, const char *code,
                struct error *error)
{
    const struct sigv4_key signer = {.access_key_id = session->access_key_id, .day = session->day};
    struct request request;
    int r;

    request_init(&request);
    if (sts_session_body(&request.body, key->policy.duration, code ? key->mfa_serial : NULL, code) <
        0)
        r = error_set(error, EXIT_FAILED, "cannot build the request for the first MFA session");
    else if ((r = request_sign(&request, &session->server, "sts", &signer, error)) == 0)
        r = server_post(&session->server, &request, error);
    request_free(&request);
    return r;
}

/* Ask with this code, again where AWS is busy. 0 and *reply, or -1 with error. */
static int ask(struct mfa_session *session, const struct key *key, const char *code,
               struct msg_net_reply *reply, struct error *error)
{
    struct patience patience = {0};

    do {
        if (post(session, key, code, error) < 0 || server_reply(&session->server, reply, error) < 0)
            return -1;
    } while (patience_again(&patience, session->agent, sts_verdict(reply)));
    return 0;
}

static int issue(const struct mfa_session *session, const struct key *key, bool mfa,
                 const struct msg_net_reply *reply, struct error *error)
{
    uint64_t now = server_now_ms(&session->server) / 1000;
    struct sts_session issued_session = {0};
    struct msg_issued issued = {
        .account = key->account,
        .region = key->region,
        .partition = key->partition,
        .sts_url = key->sts_url,
        .ca_bundle = key->ca_bundle,
        .duration = key->policy.duration,
        .default_duration = key->policy.duration,
        .max_duration = key->policy.max_duration,
        .touch = key->policy.touch,
        .serve = key->policy.serve,
        .lock_on = key->policy.lock_on,
        .factor_label = "",
        .mfa = mfa,
        .signed_by = session->access_key_id,
    };

    if (sts_session_read(reply, key->policy.duration, now, &issued_session, error) < 0)
        return -1;
    sts_session_tell(&issued_session, now, &issued);
    agent_send(session->agent, MSG_ISSUED, &issued);
    sts_session_free(&issued_session);
    return 0;
}

/* TRIED_…: another code may do, error says what was wrong with this one; -1 with error. */
static int try_code(struct mfa_session *session, const struct key *key, const char *code,
                    struct error *error)
{
    const struct sts_context context = {.access_key_id = session->access_key_id,
                                        .mfa_serial = key->mfa_serial,
                                        .region = session->server.endpoint.region};
    struct msg_net_reply reply;
    enum sts_verdict verdict;

    if (ask(session, key, code, &reply, error) < 0) {
        if (session->server.failure != NET_UNKNOWN)
            return -1;
        return connect_anew(session, key, error) < 0 ? -1 : TRIED_UNANSWERED;
    }
    if ((verdict = sts_verdict(&reply)) == STS_OK)
        return issue(session, key, code != NULL, &reply, error);
    sts_explain(&reply, &context, error);
    return verdict == STS_CODE_REFUSED || verdict == STS_SERIAL_REFUSED ? TRIED_REFUSED : -1;
}

int mfa_session_get(struct mfa_session *session, const char *state, const struct key *key,
                    const struct mfa_codes *codes, struct error *error)
{
    unsigned most = session->tries ? session->tries : TRIES_MAX;
    struct error none = {0};
    uint64_t step;
    int r = codes ? TRIED_REFUSED : try_code(session, key, NULL, error);

    for (unsigned tries = 0; r > 0 && tries < most; tries++) {
        if (tries > 0)
            agent_progress(session->agent, PROGRESS_NOTE, "%s; trying the next one",
                           r == TRIED_REFUSED ? "AWS does not take that code of the MFA device"
                                              : "AWS did not answer to that code");
        if (mfa_codes_take(codes, session->agent, &session->server, state, key->mfa_serial, 1,
                           &step, tries ? &none : error) < 0)
            return -1;
        r = try_code(session, key, mfa_codes_of(codes, step), error);
    }
    return r == 0 ? 0 : -1;
}

void mfa_session_close(struct mfa_session *session)
{
    if (session->agent)
        server_close(&session->server);
    arena_free(session->day);
    session->day = NULL;
}
