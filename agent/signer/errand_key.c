// SPDX-License-Identifier: BSD-2-Clause
// Keys: prove one and seal it, list them, remove one.
#include "errand.h"

#include <string.h>

#include "access_key.h"
#include "arena.h"
#include "input.h"
#include "key_name.h"
#include "server.h"
#include "sts.h"
#include "unlock.h"

/* The region to ask in before the account's partition is known. */
#define FIRST_REGION "us-east-1"

static int copy_field(char *to, size_t size, const char *value, const char *what,
                      struct error *error)
{
    if (strlen(value) >= size)
        return error_set(error, EXIT_USAGE, "the %s is longer than %zu characters", what, size - 1);
    strcpy(to, value);
    return 0;
}

static int check_endpoint(const char *url, struct error *error)
{
    return url[0] ? endpoint_url_check(url, error) : 0;
}

/* What the person said of the key, checked as far as it can be without AWS. 0 or -1 with error. */
static int read_facts(const struct msg_key_add *request, struct key *key, struct error *error)
{
    if (copy_field(key->name, sizeof key->name, request->name, "name", error) < 0 ||
        copy_field(key->region, sizeof key->region, request->region, "region", error) < 0 ||
        copy_field(key->mfa_serial, sizeof key->mfa_serial, request->mfa_serial, "MFA serial",
                   error) < 0 ||
        copy_field(key->sts_url, sizeof key->sts_url, request->sts_url, "STS endpoint", error) <
            0 ||
        copy_field(key->iam_url, sizeof key->iam_url, request->iam_url, "IAM endpoint", error) <
            0 ||
        copy_field(key->ca_bundle, sizeof key->ca_bundle, request->ca_bundle,
                   "path of the CA bundle", error) < 0 ||
        check_endpoint(key->sts_url, error) < 0 || check_endpoint(key->iam_url, error) < 0)
        return -1;
    if (!key_name_allowed(key->name))
        return error_set(error, EXIT_USAGE, KEY_NAME_RULE);
    if (key->region[0] && !endpoint_partition(key->region))
        return error_set(error, EXIT_USAGE, "%s is no region of AWS; give one like eu-west-1",
                         key->region);
    if (key->ca_bundle[0] && key->ca_bundle[0] != '/')
        return error_set(error, EXIT_USAGE, "the CA bundle wants an absolute path");
    return key->mfa_serial[0] ? mfa_serial_check(key->mfa_serial, error) : 0;
}

/* Before AWS or anyone is asked: is there a vault, and is there room for this name? */
static int check_free(struct vault *vault, const char *name, struct error *error)
{
    struct error unknown = {0};

    if (vault_key(vault, name, &unknown))
        return error_set(error, EXIT_FAILED,
                         "there is a key %s already; remove it first, or choose another name",
                         name);
    return 0;
}

static int ask_identity(struct server *server, const struct access_key *access_key,
                        struct sts_identity *identity, struct error *error)
{
    const struct sigv4_key key = {access_key->id, access_key->secret, NULL};
    const struct sts_context context = {.access_key_id = access_key->id,
                                        .region = server->endpoint.region};
    struct msg_net_reply reply;
    struct request request;
    int r = -1;

    request_init(&request);
    if (sts_identity_body(&request.body) < 0)
        error_set(error, EXIT_FAILED, "out of memory");
    else if (request_sign(&request, server, "sts", &key, error) == 0 &&
             server_post(server, &request, error) == 0 && server_reply(server, &reply, error) == 0)
        r = sts_verdict(&reply) == STS_OK ? sts_identity_read(&reply, identity, error)
                                          : sts_explain(&reply, &context, error);
    request_free(&request);
    return r;
}

static int keep_identity(struct key *key, const struct sts_identity *identity, struct error *error)
{
    const char *partition;

    if (!key->region[0])
        strcpy(key->region, endpoint_default_region(identity->partition));
    partition = endpoint_partition(key->region);
    if (!partition || strcmp(partition, identity->partition) != 0)
        return error_set(error, EXIT_USAGE,
                         "the region %s is not in this account's partition, %s; give a region of "
                         "that, such as %s",
                         key->region, identity->partition,
                         endpoint_default_region(identity->partition));
    strcpy(key->account, identity->account);
    strcpy(key->partition, identity->partition);
    return copy_field(key->arn, sizeof key->arn, identity->arn, "ARN", error);
}

/* Ask AWS whose key this is, which proves that it works. 0 or -1 with error. */
static int prove(struct agent *agent, struct key *key, const struct access_key *access_key,
                 struct error *error)
{
    struct sts_identity identity = {0};
    struct server server;
    int r = -1;

    server_init(&server);
    if (server_begin(&server, agent, ENDPOINT_STS, key->region[0] ? key->region : FIRST_REGION,
                     key->sts_url, key->ca_bundle, error) == 0 &&
        server_await(&server, error) == 0 &&
        ask_identity(&server, access_key, &identity, error) == 0)
        r = keep_identity(key, &identity, error);
    server_close(&server);
    return r;
}

static int seal(struct agent *agent, struct vault *vault, const struct key *key,
                const struct access_key *access_key, char **done, struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Seal the key %s: access key %s", key->name, access_key->id);
    stake_line(&stake, "%s", key->arn);
    if (errand_unlock(agent, vault, &stake, false, error, "to seal the key %s", key->name) < 0 ||
        vault_add_key(vault, key, access_key->id, access_key->secret, error) < 0 ||
        vault_write(vault, error) < 0)
        return -1;
    return errand_done(done, error,
                       "%s is sealed: %s of %s. Its sessions are MFA-authenticated once it has an "
                       "MFA seed: awstap mfa import %s",
                       key->name, access_key->id, key->arn, key->name);
}

static int read_access_key(struct agent *agent, int fd, struct access_key *access_key,
                           struct error *error)
{
    struct buf input;
    int r;

    buf_init(&input);
    r = input_read(agent, fd, ACCESS_KEY_INPUT_MAX, &input, error);
    if (r == 0)
        r = access_key_read(&input, access_key, error);
    buf_free(&input);
    return r;
}

int errand_key_add(struct agent *agent, const struct frame *frame, int fd, char **done,
                   struct error *error)
{
    static struct key key; /* too large for the stack */
    struct access_key access_key = {0};
    struct vault *vault = NULL;
    struct msg_key_add request;
    int r = -1;

    if (message_get(frame, MSG_KEY_ADD, &request) < 0)
        return errand_malformed(error);
    key.policy = key_policy_default;
    if (read_facts(&request, &key, error) == 0 && errand_vault(agent, &vault, error) == 0 &&
        check_free(vault, key.name, error) == 0 &&
        read_access_key(agent, fd, &access_key, error) == 0 &&
        prove(agent, &key, &access_key, error) == 0)
        r = seal(agent, vault, &key, &access_key, done, error);
    access_key_free(&access_key);
    vault_free(vault);
    return r;
}

static void tell_key(struct agent *agent, const struct vault *vault, const struct key *key)
{
    const struct msg_key answer = {
        .name = key->name,
        .access_key_id = vault_access_key_id(vault, key),
        .arn = key->arn,
        .account = key->account,
        .partition = key->partition,
        .region = key->region,
        .mfa_serial = key->mfa_serial,
        .sts_url = key->sts_url,
        .iam_url = key->iam_url,
        .ca_bundle = key->ca_bundle,
        .has_seed = vault_has_seed(vault, key),
        .created = key->created,
        .touch = key->policy.touch,
        .serve = key->policy.serve,
        .duration = key->policy.duration,
        .max_duration = key->policy.max_duration,
        .lock_on = key->policy.lock_on,
        .rotate_every = key->policy.rotate_every,
        .grace = key->policy.grace,
    };

    agent_send(agent, MSG_KEY, &answer);
}

int errand_key_list(struct agent *agent, const struct frame *frame, int fd, char **done,
                    struct error *error)
{
    struct vault *vault = NULL;

    (void)fd;
    (void)done;
    if (message_get(frame, MSG_KEY_LIST, NULL) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    for (size_t i = 0; i < vault->key_count; i++)
        tell_key(agent, vault, &vault->keys[i]);
    vault_free(vault);
    return 0;
}

static int unlock_to_remove(struct agent *agent, struct vault *vault, const struct key *key,
                            struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Remove the key %s: access key %s", key->name,
               vault_access_key_id(vault, key));
    stake_line(&stake, "%s", key->arn);
    return errand_unlock(agent, vault, &stake, false, error, "to remove the key %s", key->name);
}

int errand_key_remove(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    struct msg_key_remove request;
    struct vault *vault = NULL;
    struct key *key;
    int r = -1;

    (void)fd;
    if (message_get(frame, MSG_KEY_REMOVE, &request) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    if ((key = vault_key(vault, request.name, error)) &&
        unlock_to_remove(agent, vault, key, error) == 0 &&
        vault_remove_key(vault, request.name, error) == 0 && vault_write(vault, error) == 0)
        r = errand_done(done, error,
                        "%s is removed from the vault; the access key itself still works at AWS: "
                        "delete it there",
                        request.name);
    vault_free(vault);
    return r;
}
