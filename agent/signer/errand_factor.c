// SPDX-License-Identifier: BSD-2-Clause
// Factors: enrol one, list them, remove one.
#include "errand.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "log_anchor.h"
#include "new_factor.h"
#include "printable.h"
#include "touch.h"

static const char *kind_name(uint32_t kind)
{
    static const char *const NAMES[] = {[FACTOR_FIDO2] = "security key",
                                        [FACTOR_PASSPHRASE] = "passphrase",
                                        [FACTOR_RECOVERY] = "recovery code"};

    return NAMES[kind];
}

#define NAME_SIZE (SLOT_LABEL_MAX + 24)

/* As `security key "yubi"`; a label that only says what it is, is not said again. */
static void name_factor(const struct slot *slot, char name[NAME_SIZE])
{
    const char *kind = kind_name(slot->kind);

    if (strcmp(slot->label, kind) == 0)
        snprintf(name, NAME_SIZE, "%s", kind);
    else
        snprintf(name, NAME_SIZE, "%s \"%s\"", kind, slot->label);
}

/* The vault that is there, locked, or the first one. 0 or -1 with error. */
static int read_or_create(struct agent *agent, struct vault **vault, struct error *error)
{
    int r = vault_read(agent->vault, agent->state, vault, error);

    if (r == 1)
        return vault_create(agent->vault, agent->state, vault, error);
    if (r == 0 && (*vault)->slot_count == VAULT_SLOTS_MAX)
        return error_set(error, EXIT_FAILED, "the vault has %d factors, which is as many as it can",
                         VAULT_SLOTS_MAX);
    return r;
}

/* All that needs the person and the new factor. 0 or -1 with error. */
static int enrol(struct agent *agent, const struct vault *vault,
                 const struct msg_factor_add *request, int terminal, struct new_factor *factor,
                 struct error *error)
{
    if (request->kind == FACTOR_PASSPHRASE)
        return new_passphrase(agent, vault, terminal, request->with_totp, factor, error);
    if (request->kind == FACTOR_RECOVERY)
        return new_recovery(agent, terminal, factor, error);
    return touch_enrol(agent, vault, request->device, &factor->slot, factor->secret, error);
}

/* Have a factor that is enrolled already let the new one in. */
static int confirm(struct agent *agent, struct vault *vault, const struct slot *slot,
                   struct error *error)
{
    struct stake stake = {0};
    char name[NAME_SIZE];

    name_factor(slot, name);
    stake_line(&stake, "Add the %s to the vault:", name);
    stake_line(&stake, "it will open everything in there.");
    return errand_unlock(agent, vault, &stake, true, error,
                         "that is enrolled already, to add the %s", kind_name(slot->kind));
}

/* The log's anchor that is there may be of a vault that is only away for a while: it is made anew
 * once this one is written, and not before. */
static int store(struct agent *agent, struct vault *vault, const struct new_factor *factor,
                 uint32_t *id, struct error *error)
{
    bool first = vault->slot_count == 0;

    if (vault_add_slot(vault, &factor->slot, factor->secret, id, error) < 0 ||
        (factor->seed_len &&
         vault_set_slot_seed(vault, *id, factor->seed, factor->seed_len, error) < 0) ||
        errand_write(agent, vault, error) < 0)
        return -1;
    if (first)
        log_anchor_make(agent, vault);
    return 0;
}

/* Said with the first factor, and never again. */
static const char *ask_for_second(uint32_t kind)
{
    static const char *const TEXTS[] = {
        [FACTOR_FIDO2] = "a lost key locks nobody out: awstap factor add fido2, or recovery",
        [FACTOR_PASSPHRASE] =
            "a forgotten passphrase locks nobody out: awstap factor add recovery, or fido2",
        [FACTOR_RECOVERY] =
            "the code can stay in its drawer: awstap factor add fido2, or passphrase",
    };

    return TEXTS[kind];
}

/*
 * A person would expect to be asked for the factor that is there first, as by sudo. But then the
 * vault would stand open while a code is copied by hand or a key is searched for. So the new
 * factor's secret waits in the arena, and the vault is opened last, for as long as it takes to
 * write it; nothing is kept of the new factor if that does not come about.
 */
static int add(struct agent *agent, struct vault *vault, const struct msg_factor_add *request,
               int terminal, char **done, struct error *error)
{
    struct new_factor *factor = arena_alloc(sizeof *factor);
    bool first = vault->slot_count == 0;
    uint32_t id;
    int r;

    if (!factor)
        return error_set(error, EXIT_FAILED, "out of memory");
    if (!first)
        agent_progress(agent, PROGRESS_NOTE,
                       "first the new factor; then one that is enrolled already confirms it");
    strcpy(factor->slot.label, request->label);
    r = enrol(agent, vault, request, terminal, factor, error);
    if (r == 0 && !first)
        r = confirm(agent, vault, &factor->slot, error);
    if (r == 0 && (r = store(agent, vault, factor, &id, error)) == 0)
        r = errand_done(done, error, "factor %u is enrolled: %s%s%s", id, factor->slot.label,
                        first ? ". Add a second one, so that " : "",
                        first ? ask_for_second(request->kind) : "");
    arena_free(factor);
    return r;
}

static int check_request(const struct msg_factor_add *request, struct error *error)
{
    if (request->kind < FACTOR_FIDO2 || request->kind > FACTOR_RECOVERY ||
        (request->with_totp && request->kind != FACTOR_PASSPHRASE))
        return errand_malformed(error);
    if (strlen(request->label) > SLOT_LABEL_MAX ||
        !printable_valid(request->label, strlen(request->label)))
        return error_set(error, EXIT_USAGE,
                         "a label has at most %d characters and no control characters",
                         SLOT_LABEL_MAX);
    return 0;
}

int errand_factor_add(struct agent *agent, const struct frame *frame, int fd, char **done,
                      struct error *error)
{
    struct msg_factor_add request;
    struct vault *vault = NULL;
    int r;

    if (message_get(frame, MSG_FACTOR_ADD, &request) < 0)
        r = errand_malformed(error);
    else if ((r = check_request(&request, error)) == 0 &&
             (r = read_or_create(agent, &vault, error)) == 0)
        r = add(agent, vault, &request, fd, done, error);
    vault_free(vault);
    close(fd);
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
        if (slot->kind == FACTOR_PASSPHRASE && slot->passphrase.totp_len)
            factor.flags = FACTOR_TOTP;
        agent_send(agent, MSG_FACTOR, &factor);
    }
    vault_free(vault);
    return 0;
}

static int confirm_removal(struct agent *agent, struct vault *vault, const struct slot *slot,
                           struct error *error)
{
    struct stake stake = {0};
    char name[NAME_SIZE];

    name_factor(slot, name);
    stake_line(&stake, "Remove factor %u, the %s, from the vault:", slot->id, name);
    stake_line(&stake, "it will open the vault no longer.");
    return errand_unlock(agent, vault, &stake, true, error, "to remove factor %u", slot->id);
}

/* A write that is not noted is no failure here: what is to be done about old copies comes after. */
static int remove_factor(struct agent *agent, struct vault *vault, uint32_t id, char **done,
                         struct error *error)
{
    const struct slot *slot = vault_slot(vault, id, error);
    int r;

    if (!slot)
        return -1;
    if (vault->slot_count == 1)
        return error_set(error, EXIT_FAILED,
                         "the last factor can't be removed; add another one first");
    if (confirm_removal(agent, vault, slot, error) < 0 || vault_remove_slot(vault, id, error) < 0 ||
        (r = errand_write_unnoted(agent, vault, error)) < 0)
        return -1;
    return errand_done(done, error,
                       "factor %u is removed; copies of the vault from before still open with "
                       "it%s%s",
                       id, r ? "; " : "", r ? error->text : "");
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
    if (errand_vault(agent, &vault, error) == 0)
        r = remove_factor(agent, vault, request.id, done, error);
    vault_free(vault);
    return r;
}
