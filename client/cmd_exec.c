// SPDX-License-Identifier: BSD-2-Clause
// awstap exec: a command that finds a session in its environment.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "command.h"
#include "failure.h"
#include "session.h"
#include "text.h"
#include "utc.h"

/* As shells say it. */
#define EXIT_NOT_RUN   126
#define EXIT_NOT_FOUND 127

/* Set anew for the command, or kept from it since they would speak of other credentials. */
static const char *const REPLACED[] = {
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ACCOUNT_ID",    "AWS_SECURITY_TOKEN",    "AWS_PROFILE",       "AWS_DEFAULT_PROFILE",
};

struct environment {
    char **variables; /* our own and then, in the arena, the session's */
    size_t count;
    int error;
};

static void set(struct environment *environment, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 2;
    char *variable = arena_alloc(size);

    if (!variable) {
        environment->error = -ENOMEM;
        return;
    }
    snprintf(variable, size, "%s=%s", name, value);
    environment->variables[environment->count++] = variable;
}

/* Ours, without what is to be replaced; room is left for that. */
static int copy_environment(struct environment *environment, bool with_region)
{
    static const char *const REGION[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    size_t count = 0;

    while (environ[count])
        count++;
    *environment = (struct environment){.variables = calloc(count + 9, sizeof(char *))};
    if (!environment->variables)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (!text_is_variable(REPLACED, sizeof REPLACED / sizeof *REPLACED, environ[i]) &&
            !(with_region && text_is_variable(REGION, 2, environ[i])))
            environment->variables[environment->count++] = environ[i];
    return 0;
}

static int make_environment(struct environment *environment, const struct session *session)
{
    const char *region = *session->resolved.region ? session->resolved.region : session->is.region;
    char expiration[UTC_SIZE];
    int r = copy_environment(environment, *region);

    if (r < 0)
        return r;
    utc_print(session->is.expiration, expiration);
    set(environment, "AWS_ACCESS_KEY_ID", session->is.access_key_id);
    set(environment, "AWS_SECRET_ACCESS_KEY", session->is.secret_access_key);
    set(environment, "AWS_SESSION_TOKEN", session->is.session_token);
    set(environment, "AWS_CREDENTIAL_EXPIRATION", expiration);
    if (*session->is.account)
        set(environment, "AWS_ACCOUNT_ID", session->is.account);
    if (*region) {
        set(environment, "AWS_REGION", region);
        set(environment, "AWS_DEFAULT_REGION", region);
    }
    return environment->error;
}

static int run(const struct arguments *arguments)
{
    struct environment environment;
    struct session session;
    int status = session_open(&session, arguments, AGENT_PERSON_MS), r;

    if (status != EXIT_DONE) {
        session_close(&session);
        return status;
    }
    r = make_environment(&environment, &session);
    session_close(&session);
    if (r == 0) {
        execvpe(*arguments->tail, arguments->tail, environment.variables);
        r = -errno;
    }
    free(environment.variables);
    return fail(r == -ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN, "%.128s: %s", *arguments->tail,
                r == -ENOENT ? "command not found" : strerror(-r));
}

const struct command cmd_exec = {
    .name = "exec",
    .synopsis = "NAME " SESSION_SYNOPSIS " [--] COMMAND…",
    .summary = "Run a command with a session in its environment",
    .help = "NAME and the options are those of `awstap get`. COMMAND finds AWS_ACCESS_KEY_ID,\n"
            "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION,\n"
            "AWS_ACCOUNT_ID, AWS_REGION and AWS_DEFAULT_REGION, and no AWS_PROFILE,\n"
            "AWS_DEFAULT_PROFILE or AWS_SECURITY_TOKEN. The exit status is COMMAND's;\n"
            "127: it was not found, 126: it could not be run.\n",
    .grammar = {.options = SESSION_OPTIONS, .operands = 1, .tail = true},
    .run = run,
};
