// SPDX-License-Identifier: BSD-2-Clause
// Conversations with IAM: how its actions are sent, how often, and what comes back.
#include "iam.h"

#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "iam_call.h"
#include "patience.h"

#define VERSION   "2010-05-08"
#define PAGES_MAX 8 /* the lists that are asked for have a few members */

const char *iam_user_name(const struct key *key)
{
    const char *slash = strrchr(key->arn, '/');

    return slash ? slash + 1 : "";
}

static int begin(struct iam *iam, struct server *server, struct error *error)
{
    const struct key *key = iam->key;

    return server_begin(server, iam->agent, ENDPOINT_IAM, key->region, key->iam_url, key->ca_bundle,
                        error);
}

int iam_open(struct iam *iam, struct agent *agent, const struct key *key,
             const struct authority *authority, struct error *error)
{
    *iam = (struct iam){.agent = agent, .authority = authority, .key = malloc(sizeof *iam->key)};
    if (!iam->key)
        return error_set(error, EXIT_FAILED, "out of memory");
    *iam->key = *key;
    server_init(&iam->server);
    server_init(&iam->creator);
    return begin(iam, &iam->server, error) < 0 ? -1 : server_await(&iam->server, error);
}

void iam_close(struct iam *iam)
{
    if (!iam->key)
        return;
    server_close(&iam->server);
    server_close(&iam->creator);
    free(iam->key);
    iam->key = NULL;
}

int iam_prepare(struct iam *iam, struct error *error)
{
    if (iam->creator.connected && !iam->creator.failure)
        return 0;
    iam_created(iam);
    return begin(iam, &iam->creator, error) < 0 ? -1 : server_await(&iam->creator, error);
}

void iam_created(struct iam *iam)
{
    server_close(&iam->creator);
    server_init(&iam->creator);
}

/* As of now: each time that it is sent. 0 or -1 with error. */
static int make_request(struct iam *iam, struct server *server, const char *action,
                        const struct iam_parameter *parameters, struct request *request,
                        struct error *error)
{
    const struct sigv4_key key = authority_key(iam->authority);
    int r = buf_printf(&request->body, "Action=%s&Version=" VERSION, action);

    for (; r == 0 && parameters->name; parameters++)
        if (*parameters->value)
            r = form_put(&request->body, parameters->name, parameters->value);
    if (r < 0)
        return error_set(error, EXIT_FAILED, "out of memory for a request");
    server_look(server);
    return request_sign(request, server, "iam", &key, error);
}

static enum iam_verdict no_answer(const struct server *server)
{
    return server->failure == NET_UNKNOWN || server->failure == NET_BAD_REPLY ? IAM_UNKNOWN
                                                                              : IAM_FAILED;
}

/* Sign and send it, and look at the answer. */
static enum iam_verdict ask(struct iam *iam, const char *action,
                            const struct iam_parameter *parameters, struct msg_net_reply *reply,
                            struct error *error)
{
    enum iam_verdict verdict = IAM_FAILED;
    struct request request;

    request_init(&request);
    if (make_request(iam, &iam->server, action, parameters, &request, error) == 0)
        verdict = server_ask(&iam->server, iam->agent, &request, reply, error) < 0
                      ? no_answer(&iam->server)
                      : IAM_OK;
    request_free(&request);
    return verdict;
}

enum iam_verdict iam_ask(struct iam *iam, const char *action,
                         const struct iam_parameter *parameters, struct msg_net_reply *reply,
                         struct error *error)
{
    struct patience patience = {0};
    enum iam_verdict verdict;

    do {
        if ((verdict = ask(iam, action, parameters, reply, error)) != IAM_OK ||
            (verdict = iam_verdict(reply)) == IAM_OK)
            return verdict;
        iam_explain(iam, action, reply, error);
    } while (patience_again(&patience, iam->agent, iam_patience(reply)));
    return verdict;
}

/* Send it, and look at the answer. Where AWS failed on its side nobody knows what it did before. */
static enum iam_verdict post(struct iam *iam, struct server *server, const char *action,
                             const struct request *request, struct msg_net_reply *reply,
                             struct error *error)
{
    enum iam_verdict verdict;

    if (server_post(server, request, error) < 0 || server_reply(server, reply, error) < 0)
        return no_answer(server);
    if ((verdict = iam_verdict(reply)) == IAM_OK)
        return IAM_OK;
    iam_explain(iam, action, reply, error);
    return iam_patience(reply) == STS_BUSY ? IAM_UNKNOWN : verdict;
}

/* One that AWS was too busy to look at, it has not carried out: only that is sent again. */
static enum iam_verdict ask_once(struct iam *iam, struct server *server, const char *action,
                                 const struct iam_parameter *parameters,
                                 struct msg_net_reply *reply, struct error *error)
{
    enum iam_verdict verdict = IAM_FAILED;
    struct patience patience = {0};
    struct request request;

    request_init(&request);
    if (make_request(iam, server, action, parameters, &request, error) == 0)
        do
            verdict = post(iam, server, action, &request, reply, error);
        while (verdict == IAM_FAILED && !server->failure && iam_patience(reply) == STS_THROTTLED &&
               patience_again(&patience, iam->agent, STS_THROTTLED));
    request_free(&request);
    return verdict;
}

enum iam_verdict iam_ask_once(struct iam *iam, const char *action,
                              const struct iam_parameter *parameters, struct msg_net_reply *reply,
                              struct error *error)
{
    if (iam->server.failure && server_renew(&iam->server, iam->agent, error) < 0)
        return IAM_FAILED;
    return ask_once(iam, &iam->server, action, parameters, reply, error);
}

enum iam_verdict iam_create(struct iam *iam, const char *action,
                            const struct iam_parameter *parameters, struct msg_net_reply *reply,
                            struct error *error)
{
    if (iam_prepare(iam, error) < 0)
        return IAM_FAILED;
    return ask_once(iam, &iam->creator, action, parameters, reply, error);
}

enum iam_verdict iam_list(struct iam *iam, const char *action, iam_page_read *read, void *list,
                          struct error *error)
{
    const char *user = iam_user_name(iam->key);
    char marker[IAM_MARKER_SIZE] = "";
    const struct iam_parameter parameters[] = {{"UserName", user}, {"Marker", marker}, {0}};

    for (unsigned page = 0; page < PAGES_MAX; page++) {
        struct msg_net_reply reply;
        enum iam_verdict verdict = iam_ask(iam, action, parameters, &reply, error);
        int more;

        if (verdict != IAM_OK)
            return verdict;
        if (read(&reply, user, list, error) < 0 ||
            (more = iam_marker_read(&reply, action, marker, error)) < 0)
            return IAM_FAILED;
        if (!more)
            return IAM_OK;
    }
    error_set(error, EXIT_AWS,
              "the list of AWS does not end (%s of %s); check the endpoint URL and any proxy",
              action, user);
    return IAM_FAILED;
}
