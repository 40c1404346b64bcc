// SPDX-License-Identifier: BSD-2-Clause
// Who waits for the sessions of an opening.
#include "riders.h"

#include <stdio.h>

#include "duration.h"

void riders_note(struct riders *riders, const struct msg_rider *asked)
{
    struct rider *rider = &riders->list[riders->count];

    if (riders->count == RIDERS_MAX)
        return;
    riders->count++;
    rider->flight = asked->flight;
    rider->duration = asked->duration ? asked->duration : ROLE_SECONDS_DEFAULT;
    stake_fit(rider->role, sizeof rider->role, asked->what);
    snprintf(rider->who, sizeof rider->who, "%s", asked->who);
}

void riders_say(const struct riders *riders, uint32_t flight, bool with_roles, struct stake *stake)
{
    for (size_t i = 0; i < riders->count; i++) {
        const struct rider *rider = &riders->list[i];
        char duration[DURATION_SIZE];

        if (rider->flight != flight)
            continue;
        stake_asker(stake, rider->who);
        if (with_roles && rider->role[0])
            stake_line(stake, "role %s, for %s", rider->role,
                       duration_words(rider->duration, duration));
    }
}
