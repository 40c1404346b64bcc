// SPDX-License-Identifier: BSD-2-Clause
// What the agent keeps of an opened vault.
#include "keep.h"

#include "arena.h"

void keep(struct agent *agent, const struct vault *vault)
{
    struct kept {
        uint8_t record_key[VAULT_KEY_BYTES], head[VAULT_KEY_BYTES];
    } *kept = arena_alloc(sizeof(*kept));

    if (!kept)
        return;
    vault_kept(vault, kept->record_key, kept->head);
    agent_send(agent, MSG_KEEP,
               &(struct msg_keep){.record_key = {kept->record_key, sizeof(kept->record_key)},
                                  .head = {kept->head, sizeof(kept->head)}});
    arena_free(kept);
}
