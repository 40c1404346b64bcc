// SPDX-License-Identifier: BSD-2-Clause
// The roles from a key on: each profile on the way adds its role, options override the last.
#include "chain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "file.h"
#include "message.h"

/* The options that are values of a role. */
static const struct {
    enum option option;
    enum role_value value;
} VALUE_OPTIONS[] = {
    {OPTION_DURATION_SECONDS, ROLE_DURATION},
    {OPTION_EXTERNAL_ID, ROLE_EXTERNAL_ID},
    {OPTION_ROLE_SESSION_NAME, ROLE_SESSION_NAME},
    {OPTION_SOURCE_IDENTITY, ROLE_SOURCE_IDENTITY},
    {OPTION_POLICY, ROLE_POLICY},
    {OPTION_REGION, ROLE_REGION},
};

void layer_free(struct layer *layer)
{
    words_free(&layer->words);
    free(layer->policy);
    free(layer);
}

int layer_fail(const struct layer *layer, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!*layer->name)
        return fail(EXIT_USAGE, "%s", text);
    return fail(EXIT_FAILED, "profile %.64s: %s", layer->name, text);
}

static int refuse_option(const struct layer *layer, enum option option, const char *value,
                         const char *why)
{
    return layer_fail(layer, "--%s %.96s %s", arguments_name(option), value, why);
}

/* role_check(), and what depends on where in the chain the role stands. */
static const char *check(const struct chain *chain, enum role_value which, const char *value)
{
    const char *why = role_check(which, value);

    if (!why && which == ROLE_DURATION && chain->count > 1 &&
        strtoul(value, NULL, 10) > ROLE_SECONDS_DEFAULT)
        return "is too long: AWS lets a role that is assumed from another role last 3600 seconds "
               "at most";
    return why;
}

static int begin_role(struct chain *chain, const struct layer *layer, const char *region)
{
    if (chain->count == CHAIN_MAX)
        return layer_fail(layer, "more than %d roles one after the other", CHAIN_MAX);
    chain->role[chain->count++] = (struct role){.value = {[ROLE_REGION] = region}};
    return EXIT_DONE;
}

/* The role that the layer's profile is for. */
static int take_profile(struct chain *chain, const struct layer *layer, const char *region)
{
    const struct aws_profile *profile = &layer->profile;
    const char *const values[ROLE_VALUES] = {
        [ROLE_ARN] = profile->role_arn,
        [ROLE_DURATION] = profile->duration_seconds,
        [ROLE_EXTERNAL_ID] = profile->external_id,
        [ROLE_SESSION_NAME] = profile->role_session_name,
    };
    int status = begin_role(chain, layer, region);

    for (int i = 0; i < ROLE_VALUES && status == EXIT_DONE; i++) {
        const char *why = values[i] ? check(chain, (enum role_value)i, values[i]) : NULL;

        if (why)
            status = layer_fail(layer, "%s %.96s %s", role_value_name((enum role_value)i),
                                values[i], why);
        else if (values[i])
            chain->role[chain->count - 1].value[i] = values[i];
    }
    return status;
}

/* As the AWS CLI takes it: JSON, or file://PATH. */
static int read_policy(struct layer *layer, const char **policy)
{
    const char *name = *policy + strlen("file://");
    char path[1024];
    size_t len;
    int r;

    if (strncmp(*policy, "file://", strlen("file://")) != 0)
        return EXIT_DONE;
    if ((r = file_path(name, path, sizeof path)) == 0)
        r = file_read(path, CHAIN_POLICY_BYTES, &layer->policy, &len);
    if (r < 0)
        return layer_fail(layer, "--policy %.128s cannot be read: %s", *policy, strerror(-r));
    *policy = layer->policy;
    return EXIT_DONE;
}

/* Digits only, in AWS's bounds for the session of a key. */
static int set_key_duration(struct chain *chain, const struct layer *layer, const char *value)
{
    size_t n = strspn(value, "0123456789");
    unsigned long seconds = n <= 9 && !value[n] ? strtoul(value, NULL, 10) : 0;

    if (seconds < SESSION_SECONDS_MIN || seconds > SESSION_SECONDS_MAX)
        return refuse_option(layer, OPTION_DURATION_SECONDS, value,
                             "is not between 900 and 129600");
    chain->duration = (uint32_t)seconds;
    return EXIT_DONE;
}

static int needs_role(const struct layer *layer, enum option option)
{
    return layer_fail(layer, "--%s is for a role: give --role-arn, or a profile with a role_arn",
                      arguments_name(option));
}

static int take_value(struct chain *chain, struct layer *layer, enum option option,
                      enum role_value which)
{
    const char *value = layer->arguments.option[option], *why;
    int status;

    if (!value)
        return EXIT_DONE;
    if (chain->count == 0 && option == OPTION_DURATION_SECONDS)
        return set_key_duration(chain, layer, value);
    if (chain->count == 0 && option != OPTION_REGION)
        return needs_role(layer, option);
    if (option == OPTION_POLICY && (status = read_policy(layer, &value)) != EXIT_DONE)
        return status;
    if ((why = check(chain, which, value)))
        return refuse_option(layer, option, value, why);
    if (chain->count)
        chain->role[chain->count - 1].value[which] = value;
    return EXIT_DONE;
}

/* A list is replaced as a whole. */
static int take_list(struct chain *chain, const struct layer *layer, enum role_list which)
{
    enum option option = role_list_option(which);
    const char *value, *why;

    if (!layer->arguments.option[option])
        return EXIT_DONE;
    if (chain->count == 0)
        return needs_role(layer, option);
    if ((why = role_check_list(which, &layer->arguments, &value)))
        return refuse_option(layer, option, value, why);
    chain->role[chain->count - 1].list[which] = &layer->arguments;
    return EXIT_DONE;
}

static int take_roles(struct chain *chain, const struct layer *layer, const char *region)
{
    const char *arn, *why;
    size_t at = 0;
    int status = EXIT_DONE;

    while (status == EXIT_DONE && (arn = arguments_next(&layer->arguments, OPTION_ROLE_ARN, &at))) {
        if ((why = role_check(ROLE_ARN, arn)))
            return refuse_option(layer, OPTION_ROLE_ARN, arn, why);
        if ((status = begin_role(chain, layer, region)) == EXIT_DONE)
            chain->role[chain->count - 1].value[ROLE_ARN] = arn;
    }
    return status;
}

int chain_take(struct chain *chain, struct layer *layer, const char *region)
{
    int status = take_roles(chain, layer, region);

    for (size_t i = 0; i < sizeof VALUE_OPTIONS / sizeof *VALUE_OPTIONS && status == EXIT_DONE; i++)
        status = take_value(chain, layer, VALUE_OPTIONS[i].option, VALUE_OPTIONS[i].value);
    for (int i = 0; i < ROLE_LISTS && status == EXIT_DONE; i++)
        status = take_list(chain, layer, (enum role_list)i);
    if (status == EXIT_DONE && layer->profile.role_arn)
        status = take_profile(chain, layer, region);
    return status;
}

int chain_put(const struct chain *chain, struct buf *hops)
{
    int r = 0;

    for (size_t i = 0; i < chain->count && r == 0; i++)
        r = role_put(&chain->role[i], hops);
    if (r < 0)
        return fail(EXIT_FAILED, "the request could not be put together: %s", strerror(-r));
    if (buf_len(hops) > HOPS_BYTES_MAX)
        return fail(EXIT_USAGE,
                    "the roles with their policies and tags take %zu bytes, and %u are sent at "
                    "most; shorten them",
                    buf_len(hops), HOPS_BYTES_MAX);
    return EXIT_DONE;
}
