// SPDX-License-Identifier: BSD-2-Clause
// Patience with an AWS that is busy or asks to slow down.
#include "patience.h"

#include <sodium.h>

#include "clock.h"

#define TRIES_MAX   5 /* 0.2 to 3.2 s apart, 6 s in all */
#define BACK_OFF_MS 200u
#define SAY_MS      1000u /* a wait that a person notices */

/* Longer each time, and never in step with others that were told the same. */
static void back_off(struct agent *agent, unsigned tries)
{
    uint32_t longest = BACK_OFF_MS << tries,
             wait = longest / 2 + randombytes_uniform(longest / 2 + 1);

    if (wait >= SAY_MS)
        agent_progress(agent, PROGRESS_AWS, "AWS asked to slow down; trying again in %u s",
                       (wait + 999) / 1000);
    agent_wait(agent, clock_boot_ms() + wait);
}

bool patience_again(struct patience *patience, struct agent *agent, enum sts_verdict verdict)
{
    if ((verdict != STS_THROTTLED && verdict != STS_BUSY) || patience->tries == TRIES_MAX)
        return false;
    back_off(agent, patience->tries++);
    return true;
}
