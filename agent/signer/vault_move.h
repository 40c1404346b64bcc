// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_VAULT_MOVE_H
#define AWSTAP_VAULT_MOVE_H

#include "file.h"
#include "vault.h"

/*
 * A vault that is not, or not yet, what the state folder remembers: from a backup, another machine,
 * an earlier day. It is *apart*: it can be unlocked, which the state folder is not told of, and
 * then be taken for the vault of this machine. Functions return 0, or -1 with the reason in *error.
 */

enum vault_standing {
    STANDING_NEW,    /* newer than what was seen here, or never seen */
    STANDING_SAME,   /* what was seen here last */
    STANDING_OLDER,  /* a newer one was seen: what has changed since is not in it */
    STANDING_FORKED, /* another one of this generation was seen */
    STANDING_UNSURE, /* what was seen can't be read any more */
};

struct vault_seen {
    enum vault_standing standing;
    uint64_t generation; /* the highest one seen; 0: none */
};

/* The vault that these bytes are, apart; it belongs at path. what begins the line that says why
 * they are none: EXIT_VAULT. Owned by the caller. */
int vault_take(const uint8_t *data, size_t len, const char *what, const char *path,
               const char *state, struct vault **vault, struct error *error);

/* vault_read() without a look into the state folder, apart; 1 where there is no such file. */
int vault_read_apart(const char *path, const char *state, struct vault **vault,
                     struct error *error);

/* What is where the vault belongs, before another one takes its place. */
struct vault_place {
    bool taken;                    /* there is a file */
    uint8_t hash[VAULT_KEY_BYTES]; /* of all of it */
    struct vault *vault;           /* apart; NULL where the file is none that can be read */
};

/* Look at it; vault_free() what is in there. */
int vault_place_look(const char *path, const char *state, struct vault_place *place,
                     struct error *error);

/* How the vault stands to what the state folder remembers of it, and to present (or NULL). */
int vault_look_up(const struct vault *vault, const struct vault *present, struct vault_seen *seen,
                  struct error *error);

/*
 * Put an unlocked vault that is apart in its place: as it is, or, where it stands neither for new
 * nor for the same, as a generation above all that was seen. What was there is kept beside it, at
 * aside ("" where there was nothing). EXIT_FAILED where the place is not as it was any more;
 * nothing is changed then.
 */
int vault_install(struct vault *vault, const struct vault_place *place,
                  const struct vault_seen *seen, char aside[FILE_PATH_MAX], struct error *error);

/* Make an unlocked vault that is apart, and in its place, this machine's: as a generation above all
 * that was seen. */
int vault_adopt(struct vault *vault, const struct vault_seen *seen, struct error *error);

#endif
