// SPDX-License-Identifier: BSD-2-Clause
// A role assumed with a session that the agent holds: no vault, no touch.
#include "assume.h"

#include <errno.h>
#include <string.h>

#include "patience.h"
#include "server.h"
#include "sts.h"

struct assumption {
    struct agent *agent;
    struct msg_assume asked;
    struct role role;
    struct server server;
    struct request request;
    bool stale;       /* AWS no longer takes the session */
    bool clock_fixed; /* the request was signed anew for AWS's clock */
};

static int read_role(struct assumption *assumption, struct error *error)
{
    const struct msg_assume *asked = &assumption->asked;
    struct role *role = &assumption->role;

    if (role_read(&asked->hops, asked->key, asked->partition, role, error) < 0)
        return -1;
    if (role->duration > ROLE_SECONDS_DEFAULT)
        return error_set(error, EXIT_USAGE,
                         "%.160s can't be assumed for more than 1 hour here: AWS allows that for "
                         "the first role of a chain only; ask for duration_seconds 3600 or less",
                         role->arn_text);
    return 0;
}

static int sign(struct assumption *assumption, struct error *error)
{
    const struct msg_assume *asked = &assumption->asked;
    const struct sigv4_key key = {.access_key_id = asked->access_key_id,
                                  .secret = asked->secret_access_key,
                                  .session_token = asked->session_token};
    struct request *request = &assumption->request;
    int r;

    request_free(request);
    request_init(request);
    if ((r = sts_role_body(&request->body, &assumption->role, NULL, NULL)) < 0)
        return error_set(error, EXIT_FAILED, "cannot build the request: %s", strerror(-r));
    return request_sign(request, &assumption->server, "sts", &key, error);
}

static int connect_and_send(struct assumption *assumption, struct error *error)
{
    const struct msg_assume *asked = &assumption->asked;
    const char *region = assumption->role.region[0] ? assumption->role.region : asked->region;
    struct server *server = &assumption->server;

    if (server_begin(server, assumption->agent, ENDPOINT_STS, region, asked->sts_url,
                     asked->ca_bundle, error) < 0 ||
        server_await(server, error) < 0 || sign(assumption, error) < 0)
        return -1;
    return server_post(server, &assumption->request, error);
}

static int issue(struct assumption *assumption, const struct msg_net_reply *reply,
                 struct error *error)
{
    const struct role *role = &assumption->role;
    uint64_t now = server_now_ms(&assumption->server) / 1000;
    struct sts_session session = {0};
    struct msg_issued issued = {
        .flight = assumption->asked.flight,
        .account = role->arn.account,
        .region = "",
        .partition = "",
        .sts_url = "",
        .ca_bundle = "",
        .duration = role->duration,
        .factor_label = "",
    };

    if (sts_role_read(reply, role, now, &session, error) < 0)
        return -1;
    sts_session_tell(&session, now, &issued);
    agent_send(assumption->agent, MSG_ISSUED, &issued);
    sts_session_free(&session);
    return 0;
}

/* Whether the request may be sent once more, and then it is ready. */
static bool try_again(struct assumption *assumption, struct patience *patience,
                      enum sts_verdict verdict, struct error *error)
{
    if (verdict != STS_CLOCK || assumption->clock_fixed)
        return patience_again(patience, assumption->agent, verdict);
    assumption->clock_fixed = true;
    return sign(assumption, error) == 0;
}

static int settle(struct assumption *assumption, struct error *error)
{
    const struct sts_context context = {.access_key_id = assumption->asked.access_key_id,
                                        .region = assumption->server.endpoint.region,
                                        .of_session = true};
    struct patience patience = {0};

    for (;;) {
        struct msg_net_reply reply;
        enum sts_verdict verdict;

        if (server_reply(&assumption->server, &reply, error) < 0)
            return -1;
        verdict = sts_verdict(&reply);
        if (verdict == STS_OK)
            return issue(assumption, &reply, error);
        sts_explain(&reply, &context, error);
        assumption->stale = verdict == STS_EXPIRED || verdict == STS_KEY_REFUSED;
        if (!try_again(assumption, &patience, verdict, error) ||
            server_post(&assumption->server, &assumption->request, error) < 0)
            return -1;
    }
}

static void refuse(const struct assumption *assumption, const struct error *error)
{
    const struct msg_refused refused = {.flight = assumption->asked.flight,
                                        .status = error->status,
                                        .text = error->text,
                                        .stale = assumption->stale};

    agent_send(assumption->agent, MSG_REFUSED, &refused);
}

void assume_run(struct agent *agent, const struct frame *request)
{
    static struct assumption assumption; /* too large for the stack */
    const struct msg_done done = {""};
    struct error error = {0};

    assumption.agent = agent;
    if (message_get(request, MSG_ASSUME, &assumption.asked) < 0)
        return;
    server_init(&assumption.server);
    request_init(&assumption.request);
    if (read_role(&assumption, &error) < 0 || connect_and_send(&assumption, &error) < 0 ||
        settle(&assumption, &error) < 0)
        refuse(&assumption, &error);
    request_free(&assumption.request);
    server_close(&assumption.server);
    agent_send(agent, MSG_DONE, &done);
}
