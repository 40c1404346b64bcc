// SPDX-License-Identifier: BSD-2-Clause
// The vault as a whole: a copy of it goes out, another one comes in, a strange one is adopted.
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "errand.h"
#include "input.h"
#include "keep.h"
#include "log_anchor.h"
#include "vault_format.h"
#include "vault_move.h"

#define WRITE_MS   10000
#define NAMES_SIZE 92 /* of some keys, as they fit a line of a stake */

/* Write it all, however slow whoever reads it is; not for ever. 0 or a negative errno. */
static int write_all(int fd, const uint8_t *data, size_t left)
{
    uint64_t deadline = clock_deadline_ms(WRITE_MS);

    while (left) {
        struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
        ssize_t n;

        if (poll(&pollfd, 1, clock_left_ms(deadline)) == 0)
            return -ETIMEDOUT;
        n = write(fd, data, left < PIPE_BUF ? left : PIPE_BUF);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        data += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int export_to(const struct vault *vault, int fd, struct error *error)
{
    uint8_t hash[VAULT_KEY_BYTES];
    struct vault_sections sections;
    struct buf bytes;
    int r;

    buf_init(&bytes);
    if ((r = vault_encode(vault, &bytes, &sections)) == 0 &&
        (r = vault_encode_end(vault, &bytes, hash)) == 0)
        r = write_all(fd, buf_data(&bytes), buf_len(&bytes));
    buf_free(&bytes);
    if (r < 0)
        return error_set(error, EXIT_FAILED, "the copy could not be written: %s", strerror(-r));
    return 0;
}

int errand_vault_export(struct agent *agent, const struct frame *frame, int fd, char **done,
                        struct error *error)
{
    struct vault *vault = NULL;
    int r = -1;

    (void)done;
    if (message_get(frame, MSG_VAULT_EXPORT, NULL) < 0 || fd < 0)
        errand_malformed(error);
    else if (errand_vault(agent, &vault, error) == 0)
        r = export_to(vault, fd, error);
    vault_free(vault);
    if (fd >= 0)
        close(fd);
    return r;
}

/* The keys in the one vault whose access key is not in the other (or NULL), as they fit: a rotation
 * gives another access key to the same name. false: none. */
static bool name_keys(const struct vault *in, const struct vault *not_in, char names[NAMES_SIZE])
{
    size_t used = 0;

    names[0] = '\0';
    for (size_t i = 0; i < in->key_count; i++) {
        const char *id = vault_access_key_id(in, &in->keys[i]);
        bool also = false;

        for (size_t j = 0; not_in && j < not_in->key_count; j++)
            also |= strcmp(vault_access_key_id(not_in, &not_in->keys[j]), id) == 0;
        if (also)
            continue;
        used += (size_t)snprintf(names + used, NAMES_SIZE - used, "%s%s (%s)", used ? ", " : "",
                                 in->keys[i].name, id);
        if (used >= NAMES_SIZE) {
            snprintf(names + NAMES_SIZE - sizeof("…"), sizeof("…"), "…");
            break;
        }
    }
    return names[0] != '\0';
}

/* What goes on with an older one than was seen, or one that was changed elsewhere. */
static void say_standing(const struct vault *vault, const struct vault_seen *seen,
                         struct stake *stake)
{
    switch (seen->standing) {
    case STANDING_OLDER:
        stake_line(stake,
                   "It is an older one: write %" PRIu64 ", and write %" PRIu64 " was seen here.",
                   vault->generation, seen->generation);
        stake_line(stake,
                   "What was changed since is lost: keys that were rotated at AWS since don't work "
                   "with it,");
        stake_line(stake, "and factors that were removed since open it again.");
        break;
    case STANDING_FORKED:
        stake_line(stake, "It was changed in two places: another write %" PRIu64 " was seen here.",
                   vault->generation);
        stake_line(stake,
                   "What only the other one has is lost: keys that were rotated there don't work "
                   "with this one.");
        break;
    case STANDING_UNSURE:
        stake_line(stake,
                   "What was seen of it here can't be read any more: it may be an older one,");
        stake_line(stake,
                   "with keys that were rotated at AWS since, and factors that were removed.");
        break;
    default:
        break;
    }
}

static bool is_behind(const struct vault_seen *seen)
{
    return seen->standing != STANDING_NEW && seen->standing != STANDING_SAME;
}

static void say_import(const struct vault *vault, const struct vault_place *place,
                       const struct vault_seen *seen, struct stake *stake)
{
    char names[NAMES_SIZE];

    if (place->taken)
        stake_line(stake, "Put another vault in the place of the one that is here.");
    else
        stake_line(stake, "Take over a vault.");
    if (name_keys(vault, NULL, names))
        stake_line(stake, "It has %s.", names);
    say_standing(vault, seen, stake);
    if (place->vault && name_keys(place->vault, vault, names))
        stake_line(stake, "It does not have %s.", names);
}

/* What needs --replace, which the person has not said. */
static int check_replace(const struct vault *vault, const struct vault_place *place,
                         const struct vault_seen *seen, struct error *error)
{
    if (place->taken)
        return error_set(
            error, EXIT_FAILED,
            "there is a vault at %s already; --replace keeps it beside the one that is "
            "imported",
            vault->path);
    if (!is_behind(seen))
        return 0;
    if (seen->standing == STANDING_OLDER)
        return error_set(error, EXIT_VAULT,
                         "this vault is refused: it is an older one (write %" PRIu64
                         ", write %" PRIu64
                         " was seen here); import the newer one, or go on with this one: --replace",
                         vault->generation, seen->generation);
    if (seen->standing == STANDING_FORKED)
        return error_set(
            error, EXIT_VAULT,
            "this vault is refused: another write %" PRIu64
            " was seen here, so it was changed in two places; import the other one, or "
            "go on with this one: --replace",
            vault->generation);
    return error_set(
        error, EXIT_VAULT,
        "this vault is refused: what was seen of it here can't be read, so an older one "
        "would not be noticed; to go on with this one: --replace");
}

static const char *after_import(const struct vault *vault)
{
    return vault_is_elsewhere(vault) ? ". It came from another machine, which may rotate its keys; "
                                       "if this machine is to do that from now on: awstap vault "
                                       "adopt"
                                     : "";
}

static int import_vault(struct agent *agent, struct vault *vault, const struct vault_place *place,
                        const struct vault_seen *seen, char **done, struct error *error)
{
    char aside[FILE_PATH_MAX];
    struct stake stake = {0};
    bool asks = place->taken || is_behind(seen);

    say_import(vault, place, seen, &stake);
    if (errand_unlock(agent, vault, &stake, asks, error, "to import the vault") < 0 ||
        vault_install(vault, place, seen, aside, error) < 0)
        return -1;
    log_anchor_make(agent, vault);
    return errand_done(done, error, "the vault is imported: %zu %s, %zu %s%s%s%s",
                       vault->slot_count, vault->slot_count == 1 ? "factor" : "factors",
                       vault->key_count, vault->key_count == 1 ? "key" : "keys",
                       *aside ? ". The one before is kept as " : "", aside, after_import(vault));
}

static int take_input(struct agent *agent, int fd, struct vault **vault, struct error *error)
{
    struct buf input;
    int r;

    buf_init(&input);
    r = input_read(agent, fd, VAULT_MAX, &input, error);
    if (r == 0)
        r = vault_take(buf_data(&input), buf_len(&input), "what is to be imported", agent->vault,
                       agent->state, vault, error);
    buf_free(&input);
    return r;
}

int errand_vault_import(struct agent *agent, const struct frame *frame, int fd, char **done,
                        struct error *error)
{
    struct msg_vault_import request;
    struct vault_place place = {0};
    struct vault *vault = NULL;
    struct vault_seen seen;
    int r = -1;

    if (message_get(frame, MSG_VAULT_IMPORT, &request) < 0 || fd < 0) {
        if (fd >= 0)
            close(fd);
        return errand_malformed(error);
    }
    if (take_input(agent, fd, &vault, error) < 0 ||
        vault_place_look(agent->vault, agent->state, &place, error) < 0 ||
        vault_look_up(vault, place.vault, &seen, error) < 0)
        goto out;
    if (place.vault && memcmp(place.vault->hash, vault->hash, sizeof vault->hash) == 0 &&
        seen.standing == STANDING_SAME)
        r = errand_done(done, error, "the vault that is here is this one already");
    else if (request.replace || check_replace(vault, &place, &seen, error) == 0)
        r = import_vault(agent, vault, &place, &seen, done, error);
out:
    vault_free(place.vault);
    vault_free(vault);
    return r;
}

static int adopt(struct agent *agent, struct vault *vault, const struct vault_seen *seen,
                 bool is_here, struct error *error)
{
    struct stake stake = {0};

    stake_line(&stake, "Make this vault the one of this machine.");
    if (!is_here) {
        stake_line(&stake, "It came from another machine. From now on this one rotates its keys:");
        stake_line(&stake,
                   "don't use the vault over there any more, or make both known to it anew.");
    }
    say_standing(vault, seen, &stake);
    if (errand_unlock(agent, vault, &stake, true, error, "to adopt the vault") < 0 ||
        vault_adopt(vault, seen, error) < 0)
        return -1;
    log_anchor_make(agent, vault);
    keep(agent, vault);
    return 0;
}

int errand_vault_adopt(struct agent *agent, const struct frame *frame, int fd, char **done,
                       struct error *error)
{
    struct error elsewhere;
    struct vault *vault = NULL;
    struct vault_seen seen;
    bool is_here;
    int r;

    (void)fd;
    if (message_get(frame, MSG_VAULT_ADOPT, NULL) < 0)
        return errand_malformed(error);
    r = vault_read_apart(agent->vault, agent->state, &vault, error);
    if (r == 1)
        return error_set(error, EXIT_FAILED,
                         "there is no vault at %s; `awstap vault import` brings one in",
                         agent->vault);
    if (r < 0 || vault_look_up(vault, NULL, &seen, error) < 0) {
        vault_free(vault);
        return -1;
    }
    is_here = vault_is_here(vault, &elsewhere);
    if (is_here && !is_behind(&seen))
        r = errand_done(done, error, "the vault is this machine's already");
    else if ((r = adopt(agent, vault, &seen, is_here, error)) == 0)
        r = errand_done(done, error,
                        "the vault is this machine's now. Try each key: one that was rotated "
                        "elsewhere meanwhile works no more");
    vault_free(vault);
    return r;
}
