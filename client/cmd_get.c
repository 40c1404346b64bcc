// SPDX-License-Identifier: BSD-2-Clause
// awstap get: a session as credential_process wants it.
#include "command.h"
#include "output.h"
#include "session.h"

#define GET_MS                                                                                     \
    50000 /* Go's SDK ends a credential_process after 60 s, and prints nothing of what it said */

static int print(const struct msg_session *session)
{
    struct json json;
    int status;

    json_init(&json);
    json_begin(&json, NULL, '{');
    json_number(&json, "Version", 1);
    json_text(&json, "AccessKeyId", session->access_key_id);
    json_text(&json, "SecretAccessKey", session->secret_access_key);
    json_text(&json, "SessionToken", session->session_token);
    json_time(&json, "Expiration", session->expiration);
    json_text(&json, "AccountId", session->account);
    json_end(&json, '}');
    status = output_json(&json);
    json_free(&json);
    return status;
}

static int run(const struct arguments *arguments)
{
    struct session session;
    int status = session_open(&session, arguments, GET_MS);

    if (status == EXIT_DONE)
        status = print(&session.is);
    session_close(&session);
    return status;
}

const struct command cmd_get = {
    .name = "get",
    .synopsis = "NAME " SESSION_SYNOPSIS,
    .summary = "Print a session's credentials as credential_process wants them",
    .help = "NAME is a profile of the AWS config file with a role_arn and a source_profile, one\n"
            "whose credential_process is `awstap get …`, or a key in the vault. Write into\n"
            "~/.aws/config, with the whole path of awstap:\n"
            "\n"
            "  [profile work]\n"
            "  credential_process = /usr/local/bin/awstap get work\n"
            "\n"
            "  [profile admin]\n"
            "  role_arn = arn:aws:iam::123456789012:role/admin\n"
            "  source_profile = work\n"
            "\n"
            "The options are about the last role; without one --duration-seconds and --region\n"
            "are about the key's own session. They override what the profiles say.\n"
            "\n"
            "Prints one JSON object with Version, AccessKeyId, SecretAccessKey, SessionToken,\n"
            "Expiration, AccountId.\n",
    .grammar = {.options = SESSION_OPTIONS, .operands = 1},
    .run = run,
};
