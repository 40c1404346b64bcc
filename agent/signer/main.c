// SPDX-License-Identifier: BSD-2-Clause
// awstap-signer: one request about the vault, and the end.
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "assume.h"
#include "clock.h"
#include "errand.h"
#include "harden.h"
#include "log_anchor.h"
#include "opening.h"

#define ARENA_SIZE ((size_t)2 * 1024 * 1024)

static const struct {
    enum message_type type;
    errand_run *run;
} ERRANDS[] = {
    {MSG_FACTOR_ADD, errand_factor_add},       {MSG_FACTOR_LIST, errand_factor_list},
    {MSG_FACTOR_REMOVE, errand_factor_remove}, {MSG_KEY_ADD, errand_key_add},
    {MSG_KEY_LIST, errand_key_list},           {MSG_KEY_REMOVE, errand_key_remove},
    {MSG_KEY_IMPORT, errand_key_import},       {MSG_KEY_SET, errand_key_set},
    {MSG_KEY_ROTATE, errand_key_rotate},       {MSG_MFA_IMPORT, errand_mfa_import},
    {MSG_MFA_CODE, errand_mfa_code},           {MSG_MFA_ADD, errand_mfa_add},
    {MSG_MFA_REMOVE, errand_mfa_remove},       {MSG_REVOKE, errand_revoke},
    {MSG_LOG_VERIFY, errand_log_verify},       {MSG_AGREE, errand_agree},
    {MSG_VAULT_EXPORT, errand_vault_export},   {MSG_VAULT_IMPORT, errand_vault_import},
    {MSG_VAULT_ADOPT, errand_vault_adopt},
};

static errand_run *find_errand(uint8_t type)
{
    for (size_t i = 0; i < sizeof ERRANDS / sizeof *ERRANDS; i++)
        if (ERRANDS[i].type == type)
            return ERRANDS[i].run;
    return NULL;
}

static void run_errand(struct agent *agent, errand_run *run, const struct frame *request)
{
    struct error error = {0};
    struct msg_failed failed = {0};
    struct msg_done done = {""};
    char *text = NULL;
    int r = run(agent, request, channel_claim_fd(&agent->channel), &text, &error);

    log_anchor_write();
    if (r < 0) {
        failed = (struct msg_failed){error.status, error.text};
        agent_send(agent, MSG_FAILED, &failed);
        return;
    }
    if (text)
        done.text = text;
    agent_send(agent, MSG_DONE, &done);
    arena_free(text);
}

static int prepare(struct agent *agent)
{
    int r;

    if ((r = harden_helper()) < 0 || (r = clock_open()) < 0 ||
        (r = arena_open(ARENA_SIZE, ARENA_LOCK_NEEDED)) < 0)
        return r;
    return sodium_init() < 0 ? -ENOSYS : agent_open(agent);
}

int main(void)
{
    static struct agent agent;
    struct frame request;
    errand_run *run;
    int r = prepare(&agent);

    if (r < 0) {
        fprintf(stderr, "awstap-signer: cannot start: %s\n", strerror(-r));
        return EXIT_FAILED;
    }
    agent_request(&agent, &request);
    if (request.type == MSG_WANT)
        opening_run(&agent, &request);
    else if (request.type == MSG_ASSUME)
        assume_run(&agent, &request);
    else if ((run = find_errand(request.type)))
        run_errand(&agent, run, &request);
    channel_close(&agent.channel);
    arena_close();
    return 0;
}
