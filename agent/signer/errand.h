// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_ERRAND_H
#define AWSTAP_ERRAND_H

#include "stake.h"
#include "unlock.h"

/*
 * What a person asks of the vault by a command. request is the frame as the client sent it, fd what
 * came with it (or -1), taken over. The answers are sent to the agent; the one that ends them, DONE
 * or FAILED, is the caller's: 0 and the text of DONE in *done (in the arena, or NULL), or -1 and
 * error.
 */
typedef int errand_run(struct agent *agent, const struct frame *request, int fd, char **done,
                       struct error *error);

/* errand_factor.c */
errand_run errand_factor_add, errand_factor_list, errand_factor_remove;

/* errand_key.c */
errand_run errand_key_add, errand_key_list, errand_key_remove;

/* errand_rotate.c */
errand_run errand_key_rotate;

/* errand_import.c */
errand_run errand_key_import;

/* errand_policy.c */
errand_run errand_key_set;

/* errand_mfa.c */
errand_run errand_mfa_import, errand_mfa_code;

/* errand_mfa_add.c, errand_mfa_remove.c */
errand_run errand_mfa_add, errand_mfa_remove;

/* errand_revoke.c */
errand_run errand_revoke;

/* errand_log.c */
errand_run errand_log_verify;

/* errand_vault.c */
errand_run errand_vault_export, errand_vault_import, errand_vault_adopt;

/* errand_agree.c */
errand_run errand_agree;

/*
 * Have the person open the vault: stake says what for in a dialog, to which who asks is added, and
 * touch completes "touch the security key …". confirm: the dialog is to be answered with yes before
 * anything blinks. 0 or -1 with error.
 */
int errand_unlock(struct agent *agent, struct vault *vault, struct stake *stake, bool confirm,
                  struct error *error, const char *touch, ...)
    __attribute__((format(printf, 6, 7)));

/* vault_write() of an unlocked vault, of which the agent keeps what it may. 0 or -1 with error,
 * also where it is written and that is not noted, which error says then. */
int errand_write(struct agent *agent, struct vault *vault, struct error *error);

/* The same for what goes on all the same where that is not noted: 1 with error then. */
int errand_write_unnoted(struct agent *agent, struct vault *vault, struct error *error);

/* The text of DONE, in the arena. 0 or -1 with error. */
int errand_done(char **done, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* vault_read() that takes a vault that is not there for an error as well. 0 or -1 with error. */
int errand_vault(struct agent *agent, struct vault **vault, struct error *error);

/* The request is not what its type promises. -1 with error. */
int errand_malformed(struct error *error);

#endif
