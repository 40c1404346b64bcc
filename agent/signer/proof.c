// SPDX-License-Identifier: BSD-2-Clause
// The proof that an access key works: GetCallerIdentity, signed once and sent until it is certain.
#include "proof.h"

#include <string.h>

#include "clock.h"
#include "patience.h"
#include "sts.h"

#define TIMES    3u    /* the same answer, one after the other: IAM has many servers */
#define APART_MS 1000u /* from one to the next */
#define LASTS_MS 60000 /* what a change at IAM may take to be seen everywhere */

int proof_open(struct proof *proof, struct agent *agent, const struct key *key, struct error *error)
{
    *proof = (struct proof){.agent = agent, .is_open = true};
    strcpy(proof->account, key->account);
    strcpy(proof->arn, key->arn);
    server_init(&proof->server);
    request_init(&proof->request);
    if (server_begin(&proof->server, agent, ENDPOINT_STS, key->region, key->sts_url, key->ca_bundle,
                     error) < 0)
        return -1;
    return server_await(&proof->server, error);
}

int proof_sign(struct proof *proof, const char *access_key_id, const char *secret,
               struct error *error)
{
    const struct sigv4_key key = {.access_key_id = access_key_id, .secret = secret};

    if (strlen(access_key_id) >= sizeof proof->access_key_id)
        return error_set(error, EXIT_FAILED, "the access key id is too long to be AWS's");
    strcpy(proof->access_key_id, access_key_id);
    request_free(&proof->request);
    request_init(&proof->request);
    if (sts_identity_body(&proof->request.body) < 0)
        return error_set(error, EXIT_FAILED, "out of memory");
    server_look(&proof->server);
    return request_sign(&proof->request, &proof->server, "sts", &key, error);
}

/* A user's name is one in the account; the path between is an administrator's to change. */
static bool is_same_user(const char *one, const char *other)
{
    const char *first = strchr(one, '/'), *second = strchr(other, '/');

    return first && second && first - one == second - other &&
           strncmp(one, other, (size_t)(first - one)) == 0 &&
           strcmp(strrchr(one, '/'), strrchr(other, '/')) == 0;
}

/* It has to be the same user: an access key of another one proves nothing about ours. */
static enum proof_verdict read_identity(const struct proof *proof,
                                        const struct msg_net_reply *reply, struct error *error)
{
    struct sts_identity identity;

    if (sts_identity_read(reply, &identity, error) < 0)
        return PROOF_FAILED;
    if (strcmp(identity.account, proof->account) == 0 && is_same_user(identity.arn, proof->arn))
        return PROOF_OK;
    error_set(error, EXIT_AWS,
              "AWS says that the access key %s is not of %s, but of %s; look at both in the IAM "
              "console",
              proof->access_key_id, proof->arn, identity.arn);
    return PROOF_FAILED;
}

enum proof_verdict proof_ask(struct proof *proof, struct error *error)
{
    const struct sts_context context = {.access_key_id = proof->access_key_id,
                                        .region = proof->server.endpoint.region};
    struct patience patience = {0};
    struct msg_net_reply reply;
    enum sts_verdict verdict;

    do {
        if (server_ask(&proof->server, proof->agent, &proof->request, &reply, error) < 0)
            return PROOF_FAILED;
        verdict = sts_verdict(&reply);
        if (verdict == STS_OK)
            return read_identity(proof, &reply, error);
        sts_explain(&reply, &context, error);
    } while (patience_again(&patience, proof->agent, verdict));
    return verdict == STS_KEY_REFUSED ? PROOF_NOT : PROOF_FAILED;
}

/* Until that answer, which is awaited, has come so often in a row. For the other one a minute's
 * patience is had. */
static enum proof_verdict run(struct proof *proof, enum proof_verdict awaited, const char *waiting,
                              struct error *error)
{
    uint64_t deadline = clock_deadline_ms(LASTS_MS);
    enum proof_verdict verdict;
    bool said = false;

    for (unsigned times = 0;;) {
        verdict = proof_ask(proof, error);
        times = verdict == awaited ? times + 1 : 0;
        if (verdict == PROOF_FAILED || times == TIMES ||
            (times == 0 && clock_left_ms(deadline) == 0))
            return verdict;
        if (times == 0 && !said)
            agent_progress(proof->agent, PROGRESS_AWS, "%s %s, which may take a minute", waiting,
                           proof->access_key_id);
        said |= times == 0;
        agent_wait(proof->agent, clock_boot_ms() + APART_MS);
    }
}

enum proof_verdict proof_run(struct proof *proof, struct error *error)
{
    return run(proof, PROOF_OK, "waiting for AWS to know the new access key", error);
}

enum proof_verdict proof_run_off(struct proof *proof, struct error *error)
{
    return run(proof, PROOF_NOT, "waiting for AWS to refuse the access key", error);
}

void proof_close(struct proof *proof)
{
    if (!proof->is_open)
        return;
    proof->is_open = false;
    server_close(&proof->server);
    request_free(&proof->request);
}
