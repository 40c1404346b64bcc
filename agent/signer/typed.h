// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TYPED_H
#define AWSTAP_TYPED_H

#include "agent.h"
#include "prompt.h"
#include "vault.h"

/* Factors that are typed: the passphrase, with a TOTP code where its slot asks for one, and the
 * recovery code, which may be typed wherever a passphrase is asked for. */

/* Whether the vault has such a factor. */
bool typed_any(const struct vault *vault);

/*
 * The question to ask first; before is a line to begin with, as "No security key is plugged in.",
 * or empty; stake as for a dialog. The text lives in store. -1 with error where a slot is
 * throttled: too many wrong answers of late.
 */
int typed_question(const struct vault *vault, const char *before, const char *stake,
                   const char *problem, char store[PROMPT_STAKE_SIZE], struct question *question,
                   struct error *error);

/*
 * Open the vault with what was typed; asks for the TOTP code itself where the slot wants one
 * (prompt is used for it). 1: the vault is unlocked, *slot opened it; 0: a wrong answer, ask again,
 * error->text says what was wrong; -1 with error.
 */
int typed_unlock(struct agent *agent, struct vault *vault, struct prompt *prompt,
                 const struct answer *answer, uint32_t *slot, struct error *error);

#endif
