// SPDX-License-Identifier: BSD-2-Clause
// Factors: enrol one, list them, remove one.
#include "errand.h"

#include <string.h>

#include "arena.h"
#include "printable.h"
#include "touch.h"

#define SECRET_SIZE 32

/* Open the vault that is there, or make the first one. 0 or -1 with error. */
static int open_or_create(struct agent *agent, struct vault **vault, struct error *error)
{
    int r = vault_read(agent->vault, agent->state, vault, error);

    if (r == 1)
        return vault_create(agent->vault, agent->state, vault, error);
    if (r < 0)
        return -1;
    agent_progress(agent, PROGRESS_NOTE, "first confirm with a factor that the vault has already");
    return touch_unlock(agent, *vault, NULL, "that is enrolled already", NULL, error);
}

static int enrol(struct agent *agent, struct vault *vault, const struct msg_factor_add *request,
                 char **done, struct error *error)
{
    struct slot *slot = arena_alloc(sizeof *slot);
    uint8_t *secret = arena_alloc(SECRET_SIZE);
    uint32_t id;
    int r = -1;

    if (!slot || !secret) {
        error_set(error, EXIT_FAILED, "out of memory");
    } else {
        strcpy(slot->label, request->label);
        r = touch_enrol(agent, vault, request->device, slot, secret, error);
    }
    if (r == 0 && (r = vault_add_slot(vault, slot, secret, &id, error)) == 0 &&
        (r = vault_write(vault, error)) == 0)
        r = errand_done(
            done, error, "factor %u is enrolled: %s%s", id, slot->label,
            vault->slot_count == 1
                ? ". Add a second one, so that a lost key locks nobody out: awstap factor add fido2"
                : "");
    arena_free(secret);
    arena_free(slot);
    return r;
}

int errand_factor_add(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    struct msg_factor_add request;
    struct vault *vault = NULL;
    int r;

    (void)fd;
    if (message_get(frame, MSG_FACTOR_ADD, &request) < 0)
        return errand_malformed(error);
    if (request.kind != FACTOR_FIDO2)
        return error_set(error, EXIT_USAGE, "this version knows the factor fido2 only");
    if (strlen(request.label) > SLOT_LABEL_MAX ||
        !printable_valid(request.label, strlen(request.label)))
        return error_set(error, EXIT_USAGE,
                         "a label has at most %d characters and no control characters",
                         SLOT_LABEL_MAX);
    r = open_or_create(agent, &vault, error);
    if (r == 0)
        r = enrol(agent, vault, &request, done, error);
    vault_free(vault);
    return r;
}

int errand_factor_list(struct agent *agent, const struct frame *frame, int fd, char **done,
                       struct error *error)
{
    struct vault *vault = NULL;

    (void)fd;
    (void)done;
    if (message_get(frame, MSG_FACTOR_LIST, NULL) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    for (size_t i = 0; i < vault->slot_count; i++) {
        const struct slot *slot = &vault->slots[i];
        struct msg_factor factor = {
            .id = slot->id, .kind = slot->kind, .label = slot->label, .created = slot->created};

        if (slot->kind == FACTOR_FIDO2) {
            factor.flags = slot->fido2.flags;
            factor.aaguid = (struct bytes){slot->fido2.aaguid, sizeof slot->fido2.aaguid};
        }
        agent_send(agent, MSG_FACTOR, &factor);
    }
    vault_free(vault);
    return 0;
}

int errand_factor_remove(struct agent *agent, const struct frame *frame, int fd, char **done,
                         struct error *error)
{
    struct msg_factor_remove request;
    struct vault *vault = NULL;
    int r = -1;

    (void)fd;
    if (message_get(frame, MSG_FACTOR_REMOVE, &request) < 0)
        return errand_malformed(error);
    if (errand_vault(agent, &vault, error) < 0)
        return -1;
    if (!vault_slot(vault, request.id, error))
        goto out;
    if (vault->slot_count == 1) {
        error_set(error, EXIT_FAILED, "the last factor can't be removed; add another one first");
        goto out;
    }
    if (touch_unlock(agent, vault, NULL, "to remove a factor", NULL, error) == 0 &&
        vault_remove_slot(vault, request.id, error) == 0 && vault_write(vault, error) == 0)
        r = errand_done(done, error,
                        "factor %u is removed. Old copies of the vault still open with it: if it "
                        "is lost, make new access "
                        "keys and MFA devices for what is in there",
                        request.id);
out:
    vault_free(vault);
    return r;
}
