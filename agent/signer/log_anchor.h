// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOG_ANCHOR_H
#define AWSTAP_LOG_ANCHOR_H

#include "agent.h"
#include "vault.h"

/*
 * The log's anchor: how many lines each of the last segments had when the vault was opened, in
 * `log.anchor` of the state folder, under K_log of the vault. It shows that lines were taken off
 * the log's end. Who kept copies of both files from an earlier day can put both back.
 */

#define LOG_ANCHOR_ENTRIES 32

struct log_anchor_entry {
    uint8_t id[LOG_ID_BYTES];
    uint64_t count;                    /* lines */
    uint8_t public_key[LOG_KEY_BYTES]; /* the vault's that it was sealed to */
};

struct log_anchor {
    uint64_t since; /* when the first one was made, seconds since 1970 */
    size_t count;
    struct log_anchor_entry entries[LOG_ANCHOR_ENTRIES]; /* the newest last */
};

/*
 * The anchor of this vault, which must be unlocked. 0; 1: there is none; -1 with EXIT_VAULT: it is
 * not as the vault left it.
 */
int log_anchor_read(const struct vault *vault, struct log_anchor *anchor, struct error *error);

/* Note in the anchor how many lines the agent's log has now. */
void log_anchor_note(struct log_anchor *anchor, const struct agent *agent);

/*
 * While the vault is unlocked: make the anchor for what the agent's log has now. It is written by
 * log_anchor_write(), when nothing waits for it any more. An anchor that is missing or is not ours
 * is begun anew, and then its `since` is younger than the log.
 */
void log_anchor_make(const struct agent *agent, const struct vault *vault);

/* Write what log_anchor_make() made, if anything. A state folder that can't be written to stops
 * nothing: the next opening tries again. */
void log_anchor_write(void);

#endif
