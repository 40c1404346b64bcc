// SPDX-License-Identifier: BSD-2-Clause
// From a NAME to a key, along profiles of the AWS config file that run `awstap get …`.
#include "resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws_config.h"
#include "command.h"
#include "failure.h"
#include "key_name.h"
#include "message.h"
#include "words.h"

#define HOPS_MAX     16
#define PROFILE_SIZE 257

/* On the way from the NAME to its key. */
struct walk {
    struct aws_config config;
    struct resolved *resolved;
    char name[PROFILE_SIZE]; /* where we are */
    char profile_region[RESOLVE_NAME];
    bool arrived;
};

/* AWS_CONFIG_FILE, or .aws/config at home. An exit status. */
static int read_config(struct aws_config *config)
{
    const char *file = getenv("AWS_CONFIG_FILE"), *home = getenv("HOME");
    char path[1024];
    int n, r;

    if (file && *file && strncmp(file, "~/", 2) != 0)
        n = snprintf(path, sizeof path, "%s", file);
    else if (!home || !*home)
        return fail(EXIT_FAILED,
                    "the AWS config file cannot be found: set HOME or AWS_CONFIG_FILE");
    else
        n = snprintf(path, sizeof path, "%s/%s", home, file && *file ? file + 2 : ".aws/config");
    r = n < 0 || (size_t)n >= sizeof path ? -ENAMETOOLONG : aws_config_read(config, path);
    return r < 0 ? fail(EXIT_FAILED, "the AWS config file %.256s cannot be read: %s", path,
                        strerror(-r))
                 : EXIT_DONE;
}

/* Digits only, in AWS's bounds. 0, or -EINVAL. */
static int parse_duration(const char *text, uint32_t *duration)
{
    size_t n = strspn(text, "0123456789");
    unsigned long value = n <= 9 && !text[n] ? strtoul(text, NULL, 10) : 0;

    if (value < SESSION_SECONDS_MIN || value > SESSION_SECONDS_MAX)
        return -EINVAL;
    *duration = (uint32_t)value;
    return 0;
}

static int bad_option(const char *profile, const char *option, const char *value, const char *why)
{
    if (!profile)
        return fail(EXIT_USAGE, "--%s %.64s %s", option, value, why);
    return fail(EXIT_FAILED, "profile %.64s: --%s %.64s %s", profile, option, value, why);
}

/* Take what is not given nearer to the command line. profile is where it stands, or NULL. */
static int take_options(struct resolved *resolved, const struct arguments *arguments,
                        const char *profile)
{
    const char *duration = arguments->option[OPTION_DURATION_SECONDS],
               *region = arguments->option[OPTION_REGION];
    uint32_t seconds = 0;

    if (duration && parse_duration(duration, &seconds) < 0)
        return bad_option(profile, "duration-seconds", duration, "is not between 900 and 129600");
    if (region && strlen(region) >= sizeof resolved->region)
        return bad_option(profile, "region", region, "is no region's name");
    if (!resolved->duration)
        resolved->duration = seconds;
    if (region && !*resolved->region)
        snprintf(resolved->region, sizeof resolved->region, "%s", region);
    return EXIT_DONE;
}

static int go_to(struct walk *walk, const char *name)
{
    if (snprintf(walk->name, sizeof walk->name, "%s", name) >= (int)sizeof walk->name)
        return fail(EXIT_FAILED, "no profile and no key has a name that long: %.64s", name);
    return EXIT_DONE;
}

/* The name stands for the key of that name. */
static int arrive(struct walk *walk, bool is_profile)
{
    if (!key_name_allowed(walk->name) && is_profile)
        return fail(EXIT_FAILED, "profile %.64s is none of awstap's, and no key can be called so",
                    walk->name);
    if (!key_name_allowed(walk->name))
        return fail(EXIT_FAILED, "no profile is called %.64s, and no key can be", walk->name);
    snprintf(walk->resolved->key, sizeof walk->resolved->key, "%.64s", walk->name);
    walk->arrived = true;
    return EXIT_DONE;
}

/* Whether the words are `awstap get …`, by whatever path. */
static bool is_ours(const struct words *words)
{
    const char *slash;

    if (words->count < 2 || strcmp(words->word[1], "get") != 0)
        return false;
    slash = strrchr(words->word[0], '/');
    return strcmp(slash ? slash + 1 : words->word[0], "awstap") == 0;
}

/* Go where the profile's credential_process leads. */
static int follow(struct walk *walk, const char *credential_process)
{
    struct words words;
    struct arguments arguments;
    char why[ARGUMENTS_WHY];
    int status, r = words_split(&words, credential_process, strlen(credential_process));

    if (!is_ours(&words))
        return arrive(walk, true);
    if (r < 0)
        return fail(EXIT_FAILED, "profile %.64s: its credential_process %s", walk->name,
                    r == -EINVAL ? "has a quote that is not closed" : "is too long");
    if (arguments_parse(&cmd_get.grammar, words.word + 2, &arguments, why) < 0)
        return fail(EXIT_FAILED, "profile %.64s: its credential_process is not right: %s",
                    walk->name, why);
    if (arguments.option[OPTION_HELP])
        return arrive(walk, true);
    if ((status = take_options(walk->resolved, &arguments, walk->name)) != EXIT_DONE)
        return status;
    if (strcmp(arguments.operand[0], walk->name) == 0)
        return arrive(walk, true);
    return go_to(walk, arguments.operand[0]);
}

static int step(struct walk *walk)
{
    struct aws_profile profile;

    if (!aws_config_profile(&walk->config, walk->name, &profile))
        return arrive(walk, false);
    if (profile.role_arn)
        return fail(EXIT_FAILED,
                    "profile %.64s has a role_arn, and this version cannot assume roles yet; "
                    "use the profile that it names as its source",
                    walk->name);
    if (profile.region && !*walk->profile_region)
        snprintf(walk->profile_region, sizeof walk->profile_region, "%s", profile.region);
    return profile.credential_process ? follow(walk, profile.credential_process)
                                      : arrive(walk, true);
}

static void choose_region(struct walk *walk)
{
    const char *choices[] = {getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"),
                             walk->profile_region};
    char *region = walk->resolved->region;

    for (size_t i = 0; i < sizeof choices / sizeof *choices && !*region; i++)
        if (choices[i])
            snprintf(region, RESOLVE_NAME, "%s", choices[i]);
}

int resolve(const struct arguments *arguments, struct resolved *resolved)
{
    struct walk walk = {.resolved = resolved};
    int status;

    *resolved = (struct resolved){0};
    if ((status = go_to(&walk, arguments->operand[0])) != EXIT_DONE ||
        (status = take_options(resolved, arguments, NULL)) != EXIT_DONE ||
        (status = read_config(&walk.config)) != EXIT_DONE)
        return status;
    for (int hops = 0; status == EXIT_DONE && !walk.arrived; hops++)
        status = hops < HOPS_MAX
                     ? step(&walk)
                     : fail(EXIT_FAILED, "the profiles lead to each other and to no key: "
                                         "mend their credential_process in the AWS config file");
    aws_config_free(&walk.config);
    if (status == EXIT_DONE)
        choose_region(&walk);
    return status;
}
