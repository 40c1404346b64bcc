// SPDX-License-Identifier: BSD-2-Clause
// The codes of an MFA device for the next minutes.
#include "mfa_codes.h"

#include "arena.h"
#include "ledger.h"
#include "step.h"

struct mfa_codes {
    uint64_t first;
    char text[MFA_CODES][TOTP_CODE_SIZE];
};

int mfa_codes_make(const uint8_t *seed, size_t len, uint64_t step, struct mfa_codes **out,
                   struct error *error)
{
    struct mfa_codes *codes = arena_alloc(sizeof *codes);

    if (!codes)
        return error_set(error, EXIT_FAILED, "out of memory for MFA codes");
    codes->first = step;
    for (unsigned i = 0; i < MFA_CODES; i++) {
        if (totp_code(seed, len, step + i, codes->text[i]) < 0) {
            arena_free(codes);
            return error_set(error, EXIT_FAILED, "cannot compute the MFA codes");
        }
    }
    *out = codes;
    return 0;
}

const char *mfa_codes_of(const struct mfa_codes *codes, uint64_t step)
{
    return step >= codes->first && step - codes->first < MFA_CODES
               ? codes->text[step - codes->first]
               : NULL;
}

/* The first step whose code is not used by now. 0 or -1 with error. */
static int first_unused(const struct server *server, const char *state, const char *serial,
                        uint64_t *step, struct error *error)
{
    uint64_t now = step_now(server), last;

    if (ledger_last(state, serial, now, &last, error) < 0)
        return -1;
    *step = now > last ? now : last + 1;
    return 0;
}

int mfa_codes_take(const struct mfa_codes *codes, struct agent *agent, struct server *server,
                   const char *state, const char *serial, unsigned count, uint64_t *step,
                   struct error *error)
{
    unsigned taken = 0;

    server_look(server);
    if (first_unused(server, state, serial, step, error) < 0)
        return -1;
    while (taken < count) {
        int r;

        if (!mfa_codes_of(codes, *step + taken))
            return error_set(error, EXIT_AWS, "all codes at hand are used up; run it again");
        step_await(agent, server, *step + taken);
        server_look(server);
        if ((r = ledger_use(state, serial, step_now(server), *step + taken, error)) < 0)
            return -1;
        taken++;
        if (r == 0) { /* another signer has it: those from there on */
            *step += taken;
            taken = 0;
        }
    }
    return 0;
}
