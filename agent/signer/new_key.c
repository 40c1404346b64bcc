// SPDX-License-Identifier: BSD-2-Clause
// A key on its way into the vault.
#include "new_key.h"

#include <string.h>

#include "patience.h"
#include "sts.h"

/* The region to ask in before the account's partition is known. */
#define FIRST_REGION "us-east-1"

void new_key_init(struct new_key *new_key)
{
    memset(new_key, 0, sizeof *new_key);
    server_init(&new_key->server);
    request_init(&new_key->identity);
    new_key->key.policy = key_policy_default;
}

void new_key_close(struct new_key *new_key)
{
    access_key_free(&new_key->access_key);
    server_close(&new_key->server);
    request_free(&new_key->identity);
}

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

int new_key_facts(struct new_key *new_key, const struct msg_key_add *facts, struct error *error)
{
    struct key *key = &new_key->key;

    if (copy_field(key->name, sizeof key->name, facts->name, "name", error) < 0 ||
        copy_field(key->region, sizeof key->region, facts->region, "region", error) < 0 ||
        copy_field(key->mfa_serial, sizeof key->mfa_serial, facts->mfa_serial, "MFA serial",
                   error) < 0 ||
        copy_field(key->sts_url, sizeof key->sts_url, facts->sts_url, "STS endpoint", error) < 0 ||
        copy_field(key->iam_url, sizeof key->iam_url, facts->iam_url, "IAM endpoint", error) < 0 ||
        copy_field(key->ca_bundle, sizeof key->ca_bundle, facts->ca_bundle, "path of the CA bundle",
                   error) < 0 ||
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

int new_key_connect(struct new_key *new_key, struct agent *agent, struct error *error)
{
    const struct key *key = &new_key->key;

    return server_begin(&new_key->server, agent, ENDPOINT_STS,
                        key->region[0] ? key->region : FIRST_REGION, key->sts_url, key->ca_bundle,
                        error);
}

int new_key_ask(struct new_key *new_key, struct error *error)
{
    const struct sigv4_key key = {.access_key_id = new_key->access_key.id,
                                  .secret = new_key->access_key.secret};

    if (server_await(&new_key->server, error) < 0)
        return -1;
    if (sts_identity_body(&new_key->identity.body) < 0)
        return error_set(error, EXIT_FAILED, "out of memory");
    if (request_sign(&new_key->identity, &new_key->server, "sts", &key, error) < 0)
        return -1;
    return server_post(&new_key->server, &new_key->identity, error);
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

int new_key_learn(struct new_key *new_key, struct agent *agent, struct error *error)
{
    const struct sts_context context = {.access_key_id = new_key->access_key.id,
                                        .region = new_key->server.endpoint.region};
    struct sts_identity identity = {0};
    struct patience patience = {0};
    struct msg_net_reply reply;
    enum sts_verdict verdict;

    while (server_reply(&new_key->server, &reply, error) == 0) {
        verdict = sts_verdict(&reply);
        if (verdict == STS_OK)
            return sts_identity_read(&reply, &identity, error) < 0
                       ? -1
                       : keep_identity(&new_key->key, &identity, error);
        sts_explain(&reply, &context, error);
        if (!patience_again(&patience, agent, verdict) ||
            server_post(&new_key->server, &new_key->identity, error) < 0)
            return -1;
    }
    return -1;
}
