// SPDX-License-Identifier: BSD-2-Clause
// Access keys and MFA devices replaced in the course of another command.
#include "replace.h"

#include "agent.h"
#include "failure.h"

static int ask(enum message_type type, const void *msg, const char *as, const char *command,
               const char *key)
{
    const struct request request = {
        .type = type, .msg = msg, .fd = -1, .start = true, .wait_ms = AGENT_LIFE_MS};
    int status;

    failure_about(as, key);
    status = agent_request(&request);
    failure_about(command, NULL);
    return status;
}

int replace_access_key(const char *command, const char *key, bool anew)
{
    const struct msg_key_rotate rotate = {.name = key, .discard = "", .anew = anew};

    return ask(MSG_KEY_ROTATE, &rotate, "key rotate", command, key);
}

int replace_mfa_device(const char *command, const char *key)
{
    const struct msg_mfa_add add = {.key = key, .replace = 1, .anew = 1};

    return ask(MSG_MFA_ADD, &add, "mfa add", command, key);
}
