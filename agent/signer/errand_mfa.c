// SPDX-License-Identifier: BSD-2-Clause
// MFA devices: take over the seed of one, show a code of one.
#include "errand.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "input.h"
#include "seed.h"
#include "step.h"
#include "sts.h"
#include "task.h"
#include "totp.h"
#include "unlock.h"

static int read_seed(struct agent *agent, int fd, struct seed *seed, struct error *error)
{
    struct buf input;
    int r;

    buf_init(&input);
    r = input_read(agent, fd, SEED_INPUT_MAX, &input, error);
    if (r == 0)
        r = seed_read(&input, seed, error);
    buf_free(&input);
    return r;
}

/* The serial that was given, or else the one that the key has. */
static const char *choose_serial(const struct key *key, const char *given, struct error *error)
{
    const char *serial = given[0] ? given : key->mfa_serial;

    if (!serial[0]) {
        error_set(error, EXIT_USAGE,
                  "which MFA device? give its ARN with --mfa-serial, like arn:%s:iam::%s:mfa/NAME",
                  key->partition, key->account);
        return NULL;
    }
    return mfa_serial_check(serial, error) == 0 ? serial : NULL;
}

/* A device that awstap makes or removes is in the way of another. 0 or -1 with error. */
static int check_tasks(const struct vault *vault, const struct key *key, struct error *error)
{
    struct task task;

    if (task_find(vault, key->id, TASK_MFA_ADD, &task))
        return error_set(error, EXIT_FAILED,
                         "an MFA device is being made for %s; finish it by awstap mfa add %s, or "
                         "undo it by awstap mfa remove %s",
                         key->name, key->name, key->name);
    if (task_find(vault, key->id, TASK_MFA_REMOVE, &task))
        return error_set(error, EXIT_FAILED,
                         "the MFA device of %s is being removed; finish that by awstap mfa remove "
                         "%s",
                         key->name, key->name);
    return 0;
}

/* Of a device that awstap made nobody else has the seed: none goes without a yes. */
static int seal(struct agent *agent, struct vault *vault, struct key *key, const char *serial,
                const struct seed *seed, char **done, struct error *error)
{
    const struct record *gone = vault_record(vault, key, RECORD_TOTP_SEED, 0);
    char before[RECORD_SUBJECT_MAX + 64] = "";
    struct stake stake = {0};

    stake_line(&stake, "Seal the MFA seed of %s", key->name);
    stake_line(&stake, "MFA device %s", serial);
    if (gone) {
        stake_line(&stake, "The vault forgets the seed of %s, and there may be no other copy",
                   gone->subject);
        snprintf(before, sizeof before, "; the seed of %s that was there is forgotten",
                 gone->subject);
    }
    if (errand_unlock(agent, vault, &stake, gone != NULL, error, "to seal the MFA seed of %s",
                      key->name) < 0 ||
        vault_set_mfa(vault, key, serial, seed->data, seed->len, error) < 0 ||
        errand_write(agent, vault, error) < 0)
        return -1;
    return errand_done(done, error, "the MFA seed of %s is sealed: %s%s", key->name,
                       key->mfa_serial, before);
}

int errand_mfa_import(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    struct msg_mfa_import request;
    struct vault *vault = NULL;
    struct seed seed = {0};
    const char *serial;
    struct key *key;
    int r = -1;

    if (message_get(frame, MSG_MFA_IMPORT, &request) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) == 0 && (key = vault_key(vault, request.key, error)) &&
        check_tasks(vault, key, error) == 0 &&
        (serial = choose_serial(key, request.mfa_serial, error)) &&
        read_seed(agent, fd, &seed, error) == 0)
        r = seal(agent, vault, key, serial, &seed, done, error);
    seed_free(&seed);
    vault_free(vault);
    return r;
}

/* AWS's clock is what the code must fit. Where AWS can't be reached ours has to do. */
static void learn_clock(struct agent *agent, const struct key *key, struct server *server)
{
    struct error unreachable = {0};

    if (server_begin(server, agent, ENDPOINT_STS, key->region, key->sts_url, key->ca_bundle,
                     &unreachable) < 0 ||
        server_await(server, &unreachable) < 0)
        agent_progress(agent, PROGRESS_NOTE, "AWS's clock is not known, using this computer's: %s",
                       unreachable.text);
}

/* Take the first unused step for ourselves: this one, or the next. 0 or -1 with error. */
static int take_step(const struct vault *vault, const struct key *key, const struct server *server,
                     uint64_t *step, struct error *error)
{
    int r;

    do {
        if (step_choose(vault, key, server, 0, step, error) < 0)
            return -1;
        if (*step > step_now(server) + 1)
            return error_set(error, EXIT_FAILED,
                             "another program used the TOTP codes meanwhile; run it again");
        r = step_use(vault, key, server, *step, error);
    } while (r == 0);
    return r < 0 ? -1 : 0;
}

/* The vault is closed as soon as the code is there, which may be one of the next step. */
static int compute_code(struct vault *vault, const struct key *key, uint64_t step,
                        char text[TOTP_CODE_SIZE], struct error *error)
{
    struct record_secret *seed;
    int r = vault_open_seed(vault, key, &seed, error);

    if (r == 0) {
        if (totp_code((const uint8_t *)seed->data, seed->len, step, text) < 0)
            r = error_set(error, EXIT_FAILED, "cannot compute the code");
        arena_free(seed);
    }
    vault_lock(vault);
    return r;
}

static int show_code(struct agent *agent, struct vault *vault, const struct key *key,
                     const struct server *server, struct error *error)
{
    char text[TOTP_CODE_SIZE] = "";
    struct msg_code code = {.code = text};
    uint64_t step, now, end;

    if (take_step(vault, key, server, &step, error) < 0 ||
        compute_code(vault, key, step, text, error) < 0)
        return -1;
    step_await(agent, server, step);
    now = server_now_ms(server);
    end = totp_step_start_ms(step + 1);
    code.seconds = end > now ? (uint32_t)((end - now) / 1000) : 0;
    agent_send(agent, MSG_CODE, &code);
    explicit_bzero(text, sizeof text);
    return 0;
}

static int unlock_for_code(struct agent *agent, struct vault *vault, const struct key *key,
                           struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Show an MFA code of %s", key->name);
    stake_line(&stake, "MFA device %s", key->mfa_serial);
    return errand_unlock(agent, vault, &stake, true, error, "for an MFA code of %s", key->name);
}

int errand_mfa_code(struct agent *agent, const struct frame *frame, int fd, char **done,
                    struct error *error)
{
    struct msg_mfa_code request;
    struct vault *vault = NULL;
    struct server server;
    struct key *key;
    int r = -1;

    (void)fd;
    (void)done;
    if (message_get(frame, MSG_MFA_CODE, &request) < 0)
        return errand_malformed(error);
    server_init(&server);
    if (errand_vault(agent, &vault, error) < 0 || !(key = vault_key(vault, request.key, error)))
        goto out;
    if (!vault_has_seed(vault, key)) {
        error_set(error, EXIT_FAILED,
                  "the vault has no MFA seed for %s; awstap mfa add %s makes a device, mfa import "
                  "seals the seed of one that it has",
                  key->name, key->name);
        goto out;
    }
    learn_clock(agent, key, &server);
    if (step_await_unused(agent, vault, key, &server, error) == 0 &&
        unlock_for_code(agent, vault, key, error) == 0)
        r = show_code(agent, vault, key, &server, error);
out:
    server_close(&server);
    vault_free(vault);
    return r;
}
