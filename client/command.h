// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_COMMAND_H
#define AWSTAP_COMMAND_H

#include "arguments.h"

/* A command: one file, one entry here. */
struct command {
    const char *name;     /* one word or two */
    const char *synopsis; /* what follows the name, but for [--help] */
    const char *summary;  /* one line */
    const char *help;     /* more lines, each with its newline */
    struct grammar grammar;
    int (*run)(const struct arguments *arguments); /* an exit status; it has then said why */
};

extern const struct command cmd_doctor, cmd_exec, cmd_factor_add, cmd_factor_list,
    cmd_factor_remove, cmd_get, cmd_iam_policy, cmd_key_add, cmd_key_import, cmd_key_list,
    cmd_key_remove, cmd_key_rotate, cmd_key_set, cmd_key_show, cmd_lock, cmd_log, cmd_mfa_add,
    cmd_mfa_code, cmd_mfa_import, cmd_mfa_remove, cmd_socket_add, cmd_revoke, cmd_socket_list,
    cmd_socket_remove, cmd_status, cmd_vault_adopt, cmd_vault_export, cmd_vault_import;

#endif
