// SPDX-License-Identifier: BSD-2-Clause
// A vault from elsewhere: how it stands to what was seen here, and what makes it this machine's.
#include "vault_move.h"

#include <sodium.h>
#include <string.h>

#include "state.h"

int vault_place_look(const char *path, const char *state, struct vault_place *place,
                     struct error *error)
{
    struct error unsaid;
    struct buf file;
    int result;

    *place = (struct vault_place){0};
    buf_init(&file);
    result = file_read(path, VAULT_MAX, &file, error);
    place->taken = result == 0;
    if (result == 0) {
        crypto_generichash(place->hash, sizeof(place->hash), buf_data(&file), buf_len(&file), NULL,
                           0);
        vault_take(buf_data(&file), buf_len(&file), "", path, state, &place->vault, &unsaid);
    }
    buf_free(&file);
    return result < 0 ? -1 : 0;
}

int vault_look_up(const struct vault *vault, const struct vault *present, struct vault_seen *seen,
                  struct error *error)
{
    struct state_memory memory;
    struct error unsaid;
    int result = state_recall(vault->state, vault->id, &memory, &unsaid);

    if (result < 0) {
        *error = unsaid;
        return -1;
    }
    if (present && memcmp(present->id, vault->id, sizeof(vault->id)) == 0 &&
        present->generation >= memory.generation) {
        memory.generation = present->generation;
        memcpy(memory.hash, present->hash, sizeof(memory.hash));
    }
    *seen = (struct vault_seen){.standing = STANDING_NEW, .generation = memory.generation};
    if (result == 1)
        seen->standing = STANDING_UNSURE;
    else if (memory.generation > vault->generation)
        seen->standing = STANDING_OLDER;
    else if (memory.generation == vault->generation)
        seen->standing = memcmp(memory.hash, vault->hash, sizeof(memory.hash)) == 0
                             ? STANDING_SAME
                             : STANDING_FORKED;
    return 0;
}

int vault_adopt(struct vault *vault, const struct vault_seen *seen, struct error *error)
{
    if (state_machine(vault->state, vault->machine, error) < 0)
        return -1;
    if (seen->generation > vault->generation)
        vault->generation = seen->generation;
    if (vault_write(vault, error) != 0)
        return -1;
    vault->apart = false;
    return 0;
}
