// SPDX-License-Identifier: BSD-2-Clause
// From a NAME to a key, along the profiles of the AWS config file: by source_profile where a
// profile has a role_arn, else by a credential_process that runs `awstap get …`.
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_config.h"
#include "chain.h"
#include "command.h"
#include "failure.h"
#include "key_name.h"
#include "message.h"
#include "process.h"

#define LAYERS_MAX 32

/* On the way from the NAME to its key. */
struct walk {
    const struct aws_config *config;
    struct layer *layer[LAYERS_MAX]; /* from the command line on */
    size_t count;
    const char *next; /* where to go; NULL: we have arrived */
    struct resolved *resolved;
};

/* AWS_CONFIG_FILE, or .aws/config at home. An exit status. */
static int read_config(struct aws_config *config)
{
    char path[1024];
    int r = aws_config_path(path, sizeof path);

    if (r == -ENOENT)
        return fail(EXIT_FAILED,
                    "the AWS config file cannot be found: set HOME or AWS_CONFIG_FILE");
    if (r == 0)
        r = aws_config_read(config, path);
    return r < 0 ? fail(EXIT_FAILED, "the AWS config file %.256s cannot be read: %s", path,
                        strerror(-r))
                 : EXIT_DONE;
}

/* The name stands for the key of that name. */
static int arrive(struct walk *walk, const char *name, bool is_profile)
{
    if (!key_name_allowed(name) && is_profile)
        return fail(EXIT_FAILED, "profile %.64s is none of awstap's, and no key can be called so",
                    name);
    if (!key_name_allowed(name))
        return fail(EXIT_FAILED, "no profile is called %.64s, and no key can be", name);
    snprintf(walk->resolved->key, sizeof walk->resolved->key, "%.64s", name);
    walk->next = NULL;
    return EXIT_DONE;
}

/* Go where the profile's credential_process leads. */
static int follow_process(struct walk *walk, struct layer *layer)
{
    const char *line = layer->profile.credential_process;
    int r = line ? words_split(&layer->words, line, strlen(line)) : 0;
    char why[ARGUMENTS_WHY];

    if (r == -ENOMEM)
        return fail(EXIT_FAILED, "%s", strerror(ENOMEM));
    if (!process_is_ours(&layer->words))
        return arrive(walk, layer->name, true);
    if (r < 0)
        return layer_fail(layer, "its credential_process %s",
                          r == -EINVAL ? "has a quote that is not closed" : "is too long");
    if (arguments_parse(&cmd_get.grammar, layer->words.word + 2, &layer->arguments, why) < 0)
        return layer_fail(layer, "its credential_process is not right: %s", why);
    walk->next = layer->arguments.operand[0];
    if (layer->arguments.option[OPTION_HELP] || strcmp(walk->next, layer->name) == 0)
        return arrive(walk, layer->name, true);
    return EXIT_DONE;
}

/* Go to the profile that the role is assumed from. One that names itself means, as in the AWS CLI,
 * its own credentials. */
static int follow_source(struct walk *walk, struct layer *layer)
{
    const struct aws_profile *profile = &layer->profile;

    if (profile->web_identity_token_file)
        return layer_fail(layer, "its role is taken with a web identity, which is not awstap's; "
                                 "give it a source_profile instead");
    if (profile->credential_source)
        return layer_fail(layer,
                          "its role is taken with credential_source = %.32s, which is not "
                          "awstap's; give it a source_profile instead",
                          profile->credential_source);
    if (!profile->source_profile)
        return layer_fail(layer, "it has a role_arn and no source_profile; add the profile or key "
                                 "that the role is assumed from");
    if (strcmp(profile->source_profile, layer->name) == 0)
        return follow_process(walk, layer);
    walk->next = profile->source_profile;
    return EXIT_DONE;
}

/* The profiles from the command line on, as `a, b, c`. */
static int refuse_cycle(const struct walk *walk)
{
    char names[400] = "";
    size_t at = 0;

    for (size_t i = 1; i < walk->count && at < sizeof names; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%.64s, then ", walk->layer[i]->name);
    return fail(EXIT_FAILED,
                "the profiles lead to each other and to no key (%s%s%.64s again): mend their "
                "source_profile or credential_process in the AWS config file",
                names, at < sizeof names ? "" : "…, then ", walk->next);
}

static bool visited(const struct walk *walk, const char *name)
{
    for (size_t i = 1; i < walk->count; i++)
        if (strcmp(walk->layer[i]->name, name) == 0)
            return true;
    return false;
}

static int add_layer(struct walk *walk, const char *name, struct layer **added)
{
    struct layer *layer;

    if (strlen(name) >= PROFILE_SIZE)
        return fail(EXIT_FAILED, "no profile and no key has a name that long: %.64s", name);
    if (walk->count == LAYERS_MAX)
        return fail(EXIT_FAILED, "more than %d profiles lead to each other", LAYERS_MAX - 1);
    if (!(layer = calloc(1, sizeof *layer)))
        return fail(EXIT_FAILED, "memory is short");
    strcpy(layer->name, name);
    walk->layer[walk->count++] = layer;
    *added = layer;
    return EXIT_DONE;
}

static int step(struct walk *walk)
{
    const char *name = walk->next;
    struct layer *layer;
    int status;

    if (visited(walk, name))
        return refuse_cycle(walk);
    if ((status = add_layer(walk, name, &layer)) != EXIT_DONE)
        return status;
    if (!aws_config_profile(walk->config, name, &layer->profile))
        return arrive(walk, name, false);
    if (layer->profile.role_arn)
        return follow_source(walk, layer);
    if (layer->profile.sso_session || layer->profile.sso_start_url)
        return layer_fail(layer, "it signs in by IAM Identity Center (sso_…), which is not "
                                 "awstap's; the AWS CLI serves it by itself");
    if (layer->profile.login_session)
        return layer_fail(layer, "it signs in by `aws login` (login_session), which is not "
                                 "awstap's; the AWS CLI serves it by itself");
    return follow_process(walk, layer);
}

/* The region that this layer, or the next one that has any, names in its profile; or NULL. */
static const char *profile_region(const struct walk *walk, size_t from)
{
    for (size_t i = from; i < walk->count; i++)
        if (walk->layer[i]->profile.region)
            return walk->layer[i]->profile.region;
    return NULL;
}

static const char *environment_region(void)
{
    static const char *const NAMES[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};

    for (size_t i = 0; i < 2; i++) {
        const char *region = getenv(NAMES[i]);

        if (region && !role_check(ROLE_REGION, region))
            return region;
    }
    return NULL;
}

/* From the key's end on, so that what is nearer to the command line comes last and wins. */
static int build_chain(const struct walk *walk, struct chain *chain)
{
    const char *environment = environment_region();
    int status = EXIT_DONE;

    for (size_t i = walk->count; i-- > 0 && status == EXIT_DONE;)
        status =
            chain_take(chain, walk->layer[i], environment ? environment : profile_region(walk, i));
    return status;
}

static void choose_region(const struct walk *walk)
{
    const char *region = NULL;

    for (size_t i = 0; i < walk->count && !region; i++)
        region = walk->layer[i]->arguments.option[OPTION_REGION];
    if (!region)
        region = environment_region();
    if (!region)
        region = profile_region(walk, 0);
    snprintf(walk->resolved->region, RESOLVE_NAME, "%s", region ? region : "");
}

static int walk_to_key(struct walk *walk, const struct arguments *arguments)
{
    struct layer *command_line;
    int status = add_layer(walk, "", &command_line);

    if (status == EXIT_DONE) {
        command_line->arguments = *arguments;
        walk->next = arguments->operand[0];
    }
    while (status == EXIT_DONE && walk->next)
        status = step(walk);
    return status;
}

static int resolve_in(const struct aws_config *config, const struct arguments *arguments,
                      struct resolved *resolved)
{
    struct walk walk = {.config = config, .resolved = resolved};
    struct chain chain = {0};
    int status;

    *resolved = (struct resolved){0};
    buf_init(&resolved->hops);
    if ((status = walk_to_key(&walk, arguments)) == EXIT_DONE &&
        (status = build_chain(&walk, &chain)) == EXIT_DONE &&
        (status = chain_put(&chain, &resolved->hops)) == EXIT_DONE) {
        resolved->duration = chain.duration;
        choose_region(&walk);
    }
    while (walk.count)
        layer_free(walk.layer[--walk.count]);
    return status;
}

int resolve(const struct arguments *arguments, struct resolved *resolved)
{
    struct aws_config config = {0};
    int status;

    *resolved = (struct resolved){0};
    buf_init(&resolved->hops);
    if ((status = read_config(&config)) == EXIT_DONE)
        status = resolve_in(&config, arguments, resolved);
    aws_config_free(&config);
    return status;
}

int resolve_quietly(const struct aws_config *config, const char *name, struct resolved *resolved,
                    char *why, size_t size)
{
    static struct arguments arguments; /* too large for the stack */
    int status;

    arguments.operand[0] = name;
    arguments.operands = 1;
    failure_keep(why, size);
    status = resolve_in(config, &arguments, resolved);
    failure_keep(NULL, 0);
    return status;
}

bool resolve_is_key(const struct aws_config *config, const char *name)
{
    static struct resolved resolved; /* too large for the stack */
    char why[256];
    bool is_key = resolve_quietly(config, name, &resolved, why, sizeof why) == EXIT_DONE &&
                  strcmp(resolved.key, name) == 0 && buf_len(&resolved.hops) == 0;

    resolved_free(&resolved);
    return is_key;
}

void resolved_free(struct resolved *resolved)
{
    buf_free(&resolved->hops);
}
