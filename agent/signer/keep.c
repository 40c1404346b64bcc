// SPDX-License-Identifier: BSD-2-Clause
// What the agent keeps of an opened vault.
#include "keep.h"

#include "arena.h"

/* K_rec is no key's alone: it goes with the first that is locked. */
static uint32_t triggers_of(const struct vault *vault)
{
    uint32_t triggers = 0;

    for (size_t i = 0; i < vault->key_count; i++)
        triggers |= vault->keys[i].policy.lock_on;
    return triggers;
}

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
                                  .head = {kept->head, sizeof(kept->head)},
                                  .lock_on = triggers_of(vault)});
    arena_free(kept);
}
