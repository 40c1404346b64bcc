// SPDX-License-Identifier: BSD-2-Clause
// awstap key add: an access key goes into the vault.
#include <errno.h>
#include <string.h>

#include "agent.h"
#include "arena.h"
#include "command.h"
#include "failure.h"
#include "json.h"
#include "key_name.h"
#include "secret.h"

#define LINE_SIZE 256 /* access keys have 20 and 40 characters today */

static int put_key(struct buf *out, const char *id, const char *secret)
{
    struct json json;
    int r;

    json_init(&json);
    json_begin(&json, NULL, '{');
    json_text(&json, "AccessKeyId", id);
    json_text(&json, "SecretAccessKey", secret);
    json_end(&json, '}');
    r = json.error < 0 ? json.error : buf_put(out, buf_data(&json.buf), buf_len(&json.buf));
    json_free(&json);
    return r < 0 ? fail(EXIT_FAILED, "the key could not be put together: %s", strerror(-r))
                 : EXIT_DONE;
}

static int ask(struct buf *out)
{
    char *id = arena_alloc(LINE_SIZE), *secret = arena_alloc(LINE_SIZE);
    int status;

    if (!id || !secret)
        status = fail(EXIT_FAILED, "memory is short");
    else if ((status = secret_line("Access key ID: ", true, id, LINE_SIZE)) == EXIT_DONE &&
             (status = secret_line("Secret access key: ", false, secret, LINE_SIZE)) == EXIT_DONE)
        status = put_key(out, id, secret);
    arena_free(secret);
    arena_free(id);
    return status;
}

static int run(const struct arguments *arguments)
{
    const char *const *option = arguments->option;
    const struct msg_key_add add = {
        .name = arguments->operand[0],
        .region = option[OPTION_REGION],
        .mfa_serial = option[OPTION_MFA_SERIAL],
        .sts_url = option[OPTION_STS_ENDPOINT_URL],
        .iam_url = option[OPTION_IAM_ENDPOINT_URL],
        .ca_bundle = option[OPTION_CA_BUNDLE],
    };
    struct request request = {
        .type = MSG_KEY_ADD, .msg = &add, .start = true, .wait_ms = AGENT_PERSON_MS};
    int status;

    if (!key_name_allowed(add.name))
        return fail(EXIT_USAGE, KEY_NAME_RULE);
    if (add.ca_bundle && *add.ca_bundle != '/')
        return fail(EXIT_USAGE, "--ca-bundle needs a whole path, beginning with /");
    if ((status = secret_descriptor(ask, &request.fd)) != EXIT_DONE)
        return status;
    return agent_request(&request);
}

const struct command cmd_key_add = {
    .name = "key add",
    .synopsis = "NAME [--region REGION] [--mfa-serial ARN] [--sts-endpoint-url URL] "
                "[--iam-endpoint-url URL] "
                "[--ca-bundle FILE]",
    .summary = "Seal an access key in the vault",
    .help = "Reads {\"AccessKeyId\": …, \"SecretAccessKey\": …} on stdin, or asks at a terminal.\n"
            "AWS is asked whose key it is, which proves that it works.\n",
    .grammar = {.options = WITH(OPTION_REGION) | WITH(OPTION_MFA_SERIAL) |
                           WITH(OPTION_STS_ENDPOINT_URL) | WITH(OPTION_IAM_ENDPOINT_URL) |
                           WITH(OPTION_CA_BUNDLE),
                .operands = 1},
    .run = run,
};
