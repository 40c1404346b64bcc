// SPDX-License-Identifier: BSD-2-Clause
// What all errands need.
#include "errand.h"

#include <stdarg.h>
#include <stdio.h>

#include "arena.h"
#include "keep.h"

#define DONE_MAX 1024

int errand_unlock(struct agent *agent, struct vault *vault, struct stake *stake, bool confirm,
                  struct error *error, const char *touch, ...)
{
    struct purpose purpose = {.confirm = confirm};
    va_list args;

    stake_asker(stake, agent_requester(agent));
    stake_write(stake, purpose.stake, sizeof purpose.stake);
    va_start(args, touch);
    vsnprintf(purpose.touch, sizeof purpose.touch, touch, args);
    va_end(args);
    return unlock(agent, vault, NULL, &purpose, NULL, NULL, error);
}

int errand_write_unnoted(struct agent *agent, struct vault *vault, struct error *error)
{
    int r = vault_write(vault, error);

    if (r >= 0)
        keep(agent, vault);
    return r;
}

int errand_write(struct agent *agent, struct vault *vault, struct error *error)
{
    return errand_write_unnoted(agent, vault, error) == 0 ? 0 : -1;
}

int errand_done(char **done, struct error *error, const char *format, ...)
{
    va_list args;

    if (!(*done = arena_alloc(DONE_MAX)))
        return error_set(error, EXIT_FAILED, "out of memory");
    va_start(args, format);
    vsnprintf(*done, DONE_MAX, format, args);
    va_end(args);
    return 0;
}

int errand_vault(struct agent *agent, struct vault **vault, struct error *error)
{
    return vault_read(agent->vault, agent->state, vault, error) == 0 ? 0 : -1;
}

int errand_malformed(struct error *error)
{
    return error_set(error, EXIT_USAGE,
                     "the request is malformed; are awstap and its agent of one version?");
}
