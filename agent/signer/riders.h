// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_RIDERS_H
#define AWSTAP_RIDERS_H

#include <stdbool.h>

#include "message.h"
#include "stake.h"

/* Who waits for the sessions of an opening, and for which roles in the end, as the person is told.
 * Zeroed to begin with. */

#define RIDERS_MAX 24 /* further ones are not named: nobody reads so much */

struct rider {
    uint32_t flight, duration;
    char role[STAKE_LINE_SIZE]; /* "": the session itself */
    char who[STAKE_ASKER_SIZE];
};

struct riders {
    struct rider list[RIDERS_MAX];
    size_t count;
};

void riders_note(struct riders *riders, const struct msg_rider *asked);

/* Say who waits for this flight, and, if with_roles, for which roles. */
void riders_say(const struct riders *riders, uint32_t flight, bool with_roles, struct stake *stake);

#endif
