// SPDX-License-Identifier: BSD-2-Clause
// Profiles handed over from static keys to awstap.
#include "handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "file.h"
#include "output.h"
#include "process.h"
#include "resolve.h"
#include "rewrite.h"
#include "secret.h"
#include "shadow.h"

/* By what the credentials file that AWS tools read is to say: a section that goes as a whole
 * inherits nothing. */
static bool stands_before(const struct import *import, const struct import_item *item,
                          const struct credentials *usual, const char *path, char *why)
{
    const char *name = item->profile->name;
    bool goes = item->profile->bare && strcmp(path, import->file) == 0;

    return shadow_setting(usual, name, path, why) ||
           (!goes && shadow_default(usual, name, path, why));
}

/* What AWS tools would take from the credentials file that they read, where that is another one
 * than the config file. */
static bool is_shadowed(const struct import *import, const struct import_item *item, char *why)
{
    static struct credentials usual; /* too large for the stack */
    char path[IMPORT_PATH];
    bool shadowed;

    shadowed = credentials_path(path, sizeof path) == 0 && strcmp(path, import->config_file) != 0 &&
               credentials_read(&usual, path) == 0 &&
               stands_before(import, item, &usual, path, why);
    credentials_free(&usual);
    return shadowed;
}

bool handover_possible(const struct import *import, const struct import_item *item,
                       char why[SHADOW_SIZE])
{
    const char *setting = NULL;
    struct aws_profile profile;

    aws_config_profile(&import->config, item->profile->name, &profile);
    if (profile.role_arn)
        setting = "role_arn";
    else if (profile.sso_session || profile.sso_start_url)
        setting = "sso_…";
    else if (profile.web_identity_token_file)
        setting = "web_identity_token_file";
    else if (profile.login_session)
        setting = "login_session";
    if (setting)
        snprintf(why, SHADOW_SIZE,
                 "profile %.256s has %s in %.512s, which AWS tools take before they ask awstap: "
                 "give its access key a profile of its own, and run this again",
                 item->profile->name, setting, import->config_file);
    return !setting && !is_shadowed(import, item, why);
}

/* Whether the profile asks for this key already, with options of its own perhaps: so that AWS tools
 * read it, and by an awstap that is there still. */
static bool asks_already(const struct aws_config *config, const struct import_item *item)
{
    char name[KEY_NAME_MAX + 1], program[PROCESS_SIZE];
    struct aws_profile profile;

    return aws_config_profile(config, item->profile->name, &profile) &&
           profile.credential_process &&
           process_name(profile.credential_process, name, sizeof name) &&
           strcmp(name, item->key) == 0 && process_is_there(profile.credential_process, program) &&
           !aws_config_check_process((struct span){config->text, config->len}, config,
                                     item->profile->name, profile.credential_process);
}

/*
 * `awstap get NAME` takes a profile of that name before the key: none of those that were handed
 * over may come to another key, or to a role, by what the config file says from now on.
 */
static int check_names(const struct import *import, const struct import_item *item,
                       const struct aws_config *config)
{
    for (size_t i = 0; i < import->count; i++) {
        const struct import_item *one = &import->items[i];

        if ((one != item && !one->settled) || resolve_is_key(config, one->key))
            continue;
        return fail(EXIT_FAILED,
                    "profile %.256s is left as it is: a profile in %.512s is called %s as the key, "
                    "and `awstap get` takes that; rename it, or import the key under another name "
                    "(awstap key remove %s first)",
                    item->profile->name, import->config_file, one->key, one->key);
    }
    return EXIT_DONE;
}

/* The pieces as a config. 0 or -ENOMEM. */
static int join(const struct span *pieces, size_t count, struct aws_config *config)
{
    size_t len = 0, at = 0;
    char *text;

    for (size_t i = 0; i < count; i++)
        len += pieces[i].len;
    if (!(text = malloc(len + 1)))
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len)
            memcpy(text + at, pieces[i].at, pieces[i].len);
        at += pieces[i].len;
    }
    text[len] = '\0';
    aws_config_parse(config, text, len);
    return 0;
}

/* The text as it is to be must be read as it is meant, by us and by AWS tools. */
static int check_config(const struct import *import, const struct import_item *item,
                        struct span before, const struct aws_config *now, const char *process)
{
    const char *why = aws_config_check_process(before, now, item->profile->name, process);

    if (why)
        return fail(EXIT_FAILED,
                    "profile %.256s in %.512s is left as it is: %s, and run this again",
                    item->profile->name, import->config_file, why);
    return check_names(import, item, now);
}

static int set_process(const struct import *import, const struct import_item *item,
                       struct span text)
{
    struct aws_config config = {0};
    char process[PROCESS_SIZE], heading[AWS_CONFIG_HEADING];
    struct span pieces[AWS_CONFIG_PIECES];
    size_t count;
    int r = process_write(item->key, process), status;

    if (r < 0)
        return fail(EXIT_FAILED, "the path of awstap cannot stand in %.512s: %s",
                    import->config_file, r == -EINVAL ? "it has a quote in it" : strerror(-r));
    count = aws_config_set_process(text, item->profile->name, process, heading, pieces);
    if (!count)
        return fail(EXIT_FAILED,
                    "the profile's name %.256s cannot stand in %.512s: rename it in %.512s, and "
                    "run this again",
                    item->profile->name, import->config_file, import->file);
    if (join(pieces, count, &config) < 0)
        return fail(EXIT_FAILED, "memory is short");
    status = check_config(import, item, text, &config, process);
    aws_config_free(&config);
    return status == EXIT_DONE ? rewrite(import->config_file, text, pieces, count) : status;
}

/* The config file may have been changed by the profile before this one: it is read anew. */
static int hand_profile(const struct import *import, const struct import_item *item)
{
    struct aws_config config = {0};
    struct span text = {"", 0};
    char *read = NULL;
    int r = file_read(import->config_file, AWS_CONFIG_MAX, &read, &text.len), status;

    if (r < 0 && r != -ENOENT && r != -ENOTDIR)
        return fail(EXIT_FAILED, "%.512s cannot be read: %s", import->config_file, strerror(-r));
    text.at = read ? read : "";
    if (join(&text, 1, &config) < 0)
        status = fail(EXIT_FAILED, "memory is short");
    else if (asks_already(&config, item))
        status = check_names(import, item, &config);
    else
        status = set_process(import, item, text);
    aws_config_free(&config);
    if (read)
        explicit_bzero(read, text.len);
    free(read);
    return status;
}

/* What is to be taken out of the credentials file: what was read there, proven, and handed over. */
static const struct import_item *item_of(const struct import *import,
                                         const struct credentials_profile *profile)
{
    for (size_t i = 0; i < import->count; i++) {
        const struct import_item *item = &import->items[i];

        if (item->settled && strcmp(item->profile->name, profile->name) == 0 &&
            strcmp(item->profile->id, profile->id) == 0 &&
            secret_same(item->profile->secret, profile->secret))
            return item;
    }
    return NULL;
}

static bool leaves_out(const struct credentials_profile *profile, const void *context)
{
    return item_of(context, profile) != NULL;
}

/* Whether each item that is to be taken out is still there as it was read. */
static bool all_there(const struct import *import, const struct credentials *now)
{
    size_t wanted = 0, found = 0;

    for (size_t i = 0; i < import->count; i++)
        wanted += import->items[i].settled;
    for (size_t i = 0; i < now->count; i++)
        found += now->profiles[i].problem == CREDENTIALS_GOOD &&
                 item_of(import, &now->profiles[i]) != NULL;
    return found == wanted;
}

/* The credentials file may be the config file, which has just been changed: it is read anew. */
static int take_out(const struct import *import)
{
    static struct credentials now; /* too large for the stack */
    static struct span pieces[CREDENTIALS_PIECES];
    int r = credentials_read(&now, import->file), status;

    if (r < 0)
        status = fail(EXIT_FAILED, "%.512s cannot be read: %s", import->file, strerror(-r));
    else if (!all_there(import, &now))
        status = fail(EXIT_FAILED,
                      "%.512s was changed by another program meanwhile and is left as it is; run "
                      "this again",
                      import->file);
    else
        status = rewrite(import->file, (struct span){now.text, now.len}, pieces,
                         credentials_without(&now, leaves_out, import, pieces));
    credentials_free(&now);
    return status;
}

static int hand_over(const struct import *import, const struct import_item *item)
{
    char why[SHADOW_SIZE];

    if (!handover_possible(import, item, why))
        return fail(EXIT_FAILED, "%s", why);
    return hand_profile(import, item);
}

int handover(struct import *import)
{
    int status = EXIT_DONE, r;
    size_t settled = 0;

    for (size_t i = 0; i < import->count; i++) {
        struct import_item *item = &import->items[i];

        if (!item->proven)
            continue;
        r = hand_over(import, item);
        item->settled = r == EXIT_DONE;
        settled += item->settled;
        status = status == EXIT_DONE ? r : status;
    }
    if (!settled || import->credentials.stream || (r = take_out(import)) == EXIT_DONE)
        return status;
    for (size_t i = 0; i < import->count; i++)
        import->items[i].settled = false;
    return r;
}

/* The files as they are now, and what is said of them. */
struct aftermath {
    struct aws_config config;
    struct credentials credentials;
    char path[IMPORT_PATH], line[SHADOW_SIZE]; /* of the credentials file; what was said last */
};

static int name_shadows(const struct import *import, const struct import_item *item,
                        struct aftermath *now)
{
    const char *name = item->profile->name;
    struct aws_profile profile;
    int status = EXIT_DONE;

    aws_config_profile(&now->config, name, &profile);
    if (strcmp(import->file, import->config_file) != 0 &&
        shadow_config(&profile, name, import->config_file, now->line))
        status = output_line(now->line);
    if (status == EXIT_DONE && shadow_credentials(&now->credentials, name, now->path, now->line))
        status = output_line(now->line);
    if (status == EXIT_DONE && shadow_default(&now->credentials, name, now->path, now->line))
        status = output_line(now->line);
    return status;
}

int handover_shadows(const struct import *import)
{
    static struct aftermath now; /* too large for the stack */
    int status = EXIT_DONE;

    memset(&now, 0, sizeof now);
    if (aws_config_read(&now.config, import->config_file) == 0 &&
        credentials_path(now.path, sizeof now.path) == 0)
        (void)credentials_read(&now.credentials, now.path);
    for (size_t i = 0; i < import->count && status == EXIT_DONE; i++)
        if (import->items[i].settled)
            status = name_shadows(import, &import->items[i], &now);
    if (status == EXIT_DONE && shadow_environment(now.line))
        status = output_line(now.line);
    credentials_free(&now.credentials);
    aws_config_free(&now.config);
    return status;
}
