// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_VAULT_IDS_H
#define AWSTAP_VAULT_IDS_H

#include <stdint.h>

/* The next id of a kind, which is then used up. 0, which no part may have, when all are. */
static inline uint32_t vault_take_id(uint32_t *next)
{
    return *next == UINT32_MAX ? 0 : (*next)++;
}

#endif
