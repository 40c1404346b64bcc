// SPDX-License-Identifier: BSD-2-Clause
// TOTP steps by AWS's clock: no code is sent twice.
#include "step.h"

#include "clock.h"
#include "ledger.h"
#include "totp.h"

#define SAY_MS 1000u /* a wait that a person notices */

uint64_t step_now(const struct server *server)
{
    return totp_step(server_now_ms(server));
}

void step_await(struct agent *agent, const struct server *server, uint64_t step)
{
    uint64_t now = server_now_ms(server), start = totp_step_start_ms(step), deadline;

    if (start <= now)
        return;
    deadline = clock_boot_ms() + (start - now);
    if (start - now >= SAY_MS)
        agent_progress(agent, PROGRESS_CODE, "waiting %u s for the next TOTP code",
                       (unsigned)((start - now) / 1000));
    agent_wait(agent, deadline);
}

int step_await_unused(struct agent *agent, const struct vault *vault, const struct key *key,
                      const struct server *server, struct error *error)
{
    uint64_t last;

    if (ledger_last(vault->state, key->mfa_serial, step_now(server), &last, error) < 0)
        return -1;
    step_await(agent, server, last + 1);
    return 0;
}

int step_choose(const struct vault *vault, const struct key *key, const struct server *server,
                unsigned others, uint64_t *step, struct error *error)
{
    uint64_t now = step_now(server), last;

    if (ledger_last(vault->state, key->mfa_serial, now, &last, error) < 0)
        return -1;
    *step = (now > last ? now : last + 1) + others;
    return 0;
}

int step_use(const struct vault *vault, const struct key *key, const struct server *server,
             uint64_t step, struct error *error)
{
    return ledger_use(vault->state, key->mfa_serial, step_now(server), step, error);
}
