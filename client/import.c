// SPDX-License-Identifier: BSD-2-Clause
// What of a credentials file may go into the vault.
#include "import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chain.h"
#include "failure.h"
#include "file.h"
#include "json.h"
#include "key.h"
#include "process.h"
#include "resolve.h"
#include "secret.h"

/* Why a profile can't be imported, by enum credentials_problem. */
static const char *const PROBLEMS[] = {
    [CREDENTIALS_GOOD] = NULL,
    [CREDENTIALS_TEMPORARY] = "temporary (it has a session token): awstap keeps long-lived keys",
    [CREDENTIALS_NO_ID] = "its aws_access_key_id is missing",
    [CREDENTIALS_NO_SECRET] = "its aws_secret_access_key is missing",
    [CREDENTIALS_TWICE] = "stands there twice, which the AWS CLI refuses: mend the file first",
    [CREDENTIALS_LONG] = "a value in it is too long, or has several lines: mend the file first",
    [CREDENTIALS_DEFAULT] = "a part of every profile: rename it [default] first",
};

static int take_known(void *context, const struct msg_key *key)
{
    struct import *import = context;
    struct import_known *known = &import->known[import->known_count];

    if (import->known_count == CREDENTIALS_PROFILES)
        return EXIT_DONE;
    snprintf(known->name, sizeof known->name, "%s", key->name);
    snprintf(known->id, sizeof known->id, "%s", key->access_key_id);
    snprintf(known->older_id, sizeof known->older_id, "%s", key->older_id);
    known->exposed = key->exposed;
    import->known_count++;
    return EXIT_DONE;
}

const struct import_known *import_known(const struct import *import, const char *name)
{
    for (size_t i = 0; i < import->known_count; i++)
        if (strcmp(import->known[i].name, name) == 0)
            return &import->known[i];
    return NULL;
}

/* The profile's name with `-` for what no key's name has, and `_` for one at its beginning; empty
 * where that does not do either. */
static void name_key(const char *profile, char key[KEY_NAME_MAX + 1])
{
    char one[2] = "";

    *key = '\0';
    if (strlen(profile) > KEY_NAME_MAX)
        return;
    strcpy(key, profile);
    for (char *c = key; *c; c++) {
        one[0] = *c;
        if (!key_name_allowed(one))
            *c = '-';
    }
    if (*key == '-')
        *key = '_';
}

/* Whether a profile is called as the key is to be, and leads elsewhere. It may be the one that the
 * access key is from. */
static bool is_hidden(const struct import *import, const struct import_item *item)
{
    struct aws_profile profile;

    return aws_config_profile(&import->config, item->key, &profile) &&
           !resolve_is_key(&import->config, item->key);
}

/* What the vault has: this access key under whatever name, or another one of this name. */
static void find_state(const struct import *import, struct import_item *item)
{
    item->state = import_known(import, item->key) ? IMPORT_TAKEN : IMPORT_NEW;
    for (size_t i = 0; i < import->known_count && *item->profile->id; i++) {
        const struct import_known *known = &import->known[i];

        if (strcmp(known->id, item->profile->id) != 0 &&
            strcmp(known->older_id, item->profile->id) != 0)
            continue;
        strcpy(item->key, known->name);
        item->state = strcmp(known->id, item->profile->id) == 0 ? IMPORT_SEALED : IMPORT_OLD;
    }
    for (const struct import_item *before = import->items; before < item; before++)
        if (item->state == IMPORT_NEW && strcmp(before->key, item->key) == 0)
            item->state = IMPORT_TAKEN;
    if (item->state == IMPORT_NEW && is_hidden(import, item))
        item->state = IMPORT_HIDDEN;
}

static void fill_items(struct import *import)
{
    import->count = import->credentials.count;
    for (size_t i = 0; i < import->count; i++) {
        struct import_item *item = &import->items[i];

        item->profile = &import->credentials.profiles[i];
        name_key(item->profile->name, item->key);
        find_state(import, item);
    }
}

static int read_credentials(struct import *import, const char *file)
{
    int r = file ? file_path(file, import->file, sizeof import->file)
                 : credentials_path(import->file, sizeof import->file);

    if (r == 0)
        r = credentials_read(&import->credentials, import->file);
    import->missing = r == -ENOENT && !file;
    if (import->missing)
        return EXIT_DONE;
    if (r == -ENOENT)
        return fail(EXIT_FAILED, "there is no %.512s; --credentials names another file",
                    import->file);
    if (r == -EINVAL || r == -EISDIR)
        return fail(EXIT_FAILED, "%.512s is no credentials file", import->file);
    if (r < 0)
        return fail(EXIT_FAILED, "%.512s cannot be read: %s", import->file, strerror(-r));
    return EXIT_DONE;
}

static int read_config(struct import *import)
{
    int r = aws_config_path(import->config_file, sizeof import->config_file);

    if (r == 0)
        r = aws_config_read(&import->config, import->config_file);
    return r < 0 ? fail(EXIT_FAILED, "the AWS config file %.512s cannot be read: %s",
                        import->config_file, strerror(-r))
                 : EXIT_DONE;
}

int import_open(struct import *import, const char *file)
{
    int status;

    memset(import, 0, sizeof *import);
    if ((status = read_credentials(import, file)) == EXIT_DONE &&
        (status = read_config(import)) == EXIT_DONE &&
        (status = key_each(take_known, import)) == EXIT_DONE)
        fill_items(import);
    if (status == EXIT_DONE && import->missing && !import_exposed(import))
        status =
            fail(EXIT_FAILED, "there is no %.512s; --credentials names another file", import->file);
    return status;
}

void import_close(struct import *import)
{
    credentials_free(&import->credentials);
    aws_config_free(&import->config);
}

/* Where the key's AWS is, as the config file has it for the service; NULL: at AWS. */
static const char *endpoint_of(const struct import *import, const struct aws_profile *profile,
                               const char *service)
{
    const char *url = profile->services
                          ? aws_config_service_url(&import->config, profile->services, service)
                          : NULL;

    return url ? url : profile->endpoint_url;
}

/* What is in the way; NULL: nothing. */
static const char *problem_of(const struct import_item *item)
{
    if (item->profile->problem != CREDENTIALS_GOOD)
        return PROBLEMS[item->profile->problem];
    if (item->state == IMPORT_HIDDEN)
        return "a profile of the AWS config file is called as the key would be and leads "
               "elsewhere, and awstap get takes that: give the key another name, as PROFILE=NAME";
    return *item->key ? NULL : "no key can be called so: give it a name, as PROFILE=NAME";
}

static void say_state(const struct import *import, const struct import_item *item, char *out,
                      size_t size)
{
    const char *problem = problem_of(item);
    struct aws_profile profile;
    const char *url;

    aws_config_profile(&import->config, item->profile->name, &profile);
    url = endpoint_of(import, &profile, "sts");
    if (problem)
        snprintf(out, size, "%s", problem);
    else if (item->state == IMPORT_TAKEN)
        snprintf(out, size, "another key is called so: give it a name, as PROFILE=NAME");
    else if (item->state == IMPORT_SEALED)
        snprintf(out, size, "sealed already");
    else if (item->state == IMPORT_OLD)
        snprintf(out, size, "was replaced already: the key uses %s",
                 import_known(import, item->key)->id);
    else
        snprintf(out, size, "to be sealed%s%.256s", url ? ", for " : "", url ? url : "");
}

void import_rows(const struct import *import, struct table *table)
{
    static const char *const HEADS[] = {"PROFILE", "ACCESS KEY ID", "KEY", "STATE"};

    for (size_t i = 0; i < sizeof HEADS / sizeof *HEADS; i++)
        table_cell(table, HEADS[i]);
    for (size_t i = 0; i < import->count; i++) {
        const struct import_item *item = &import->items[i];
        char state[320];

        say_state(import, item, state, sizeof state);
        table_cell(table, item->profile->name);
        table_cell(table, item->profile->id);
        table_cell(table, problem_of(item) ? "" : item->key);
        table_cell(table, state);
    }
}

/* The item whose profile is called by the first len characters of word. */
static struct import_item *find_item(struct import *import, const char *word, size_t len)
{
    for (size_t i = 0; i < import->count; i++)
        if (span_is((struct span){word, len}, import->items[i].profile->name))
            return &import->items[i];
    return NULL;
}

/* The key that the profile asks for, by the config file; or NULL. */
static const struct import_known *asked_by(const struct import *import, const char *profile)
{
    struct aws_profile found;
    char name[PROFILE_SIZE];

    return aws_config_profile(&import->config, profile, &found) && found.credential_process &&
                   process_name(found.credential_process, name, sizeof name)
               ? import_known(import, name)
               : NULL;
}

const struct import_known *import_over(struct import *import, const char *word)
{
    const struct import_known *known = import_known(import, word);
    const char *equals = strrchr(word, '=');

    if (find_item(import, word, strlen(word)) ||
        (equals && find_item(import, word, (size_t)(equals - word))))
        return NULL;
    if (!known && equals)
        known = import_known(import, equals + 1);
    return known ? known : asked_by(import, word);
}

bool import_exposed(const struct import *import)
{
    for (size_t i = 0; i < import->known_count; i++)
        if (import->known[i].exposed)
            return true;
    return false;
}

bool import_same(const struct import_item *a, const struct import_item *b)
{
    const struct credentials_profile *one = a->profile, *other = b->profile;

    return one->problem == CREDENTIALS_GOOD && other->problem == CREDENTIALS_GOOD &&
           strcmp(one->id, other->id) == 0 && secret_same(one->secret, other->secret);
}

int import_choose(struct import *import, const char *word)
{
    struct import_item *item = find_item(import, word, strlen(word));
    const char *equals = item ? NULL : strrchr(word, '='), *problem;

    if (equals)
        item = find_item(import, word, (size_t)(equals - word));
    if (!item)
        return fail(EXIT_FAILED, "%.512s has no access key in a profile %.256s%s", import->file,
                    word,
                    import->credentials.left_out ? ", as far as it was read: take others of it "
                                                   "over first"
                                                 : "");
    if (equals && !key_name_allowed(equals + 1))
        return fail(EXIT_USAGE, KEY_NAME_RULE);
    if (equals && item->state != IMPORT_SEALED && item->state != IMPORT_OLD) {
        strcpy(item->key, equals + 1);
        find_state(import, item);
    }
    if ((problem = problem_of(item)))
        return fail(EXIT_FAILED, "%.256s: %s", item->profile->name, problem);
    item->chosen = true;
    return EXIT_DONE;
}

size_t import_choose_all(struct import *import)
{
    size_t count = 0;

    for (size_t i = 0; i < import->count; i++) {
        struct import_item *item = &import->items[i];

        item->chosen = !problem_of(item) && item->state != IMPORT_TAKEN;
        count += item->chosen;
    }
    return count;
}

static int put_member(struct buf *list, const char *name, const char *value)
{
    int r;

    if (!value || !*value)
        return 0;
    if ((r = buf_put(list, name, strlen(name) + 1)) < 0)
        return r;
    return buf_put(list, value, strlen(value) + 1);
}

static int put_secret(const struct credentials_profile *profile, struct buf *secrets)
{
    struct json json;
    int r;

    json_init(&json);
    json_begin(&json, NULL, '{');
    json_text(&json, "AccessKeyId", profile->id);
    json_text(&json, "SecretAccessKey", profile->secret);
    json_end(&json, '}');
    r = json.error < 0 ? json.error : buf_put(secrets, buf_data(&json.buf), buf_len(&json.buf));
    json_free(&json);
    return r;
}

int import_put(const struct import *import, const struct import_item *item, struct buf *list,
               struct buf *secrets)
{
    const struct credentials_profile *profile = item->profile;
    struct aws_profile config;
    int r;

    aws_config_profile(&import->config, profile->name, &config);
    if ((r = put_member(list, "name", item->key)) < 0 ||
        (r = put_member(list, "region", *profile->region ? profile->region : config.region)) < 0 ||
        (r = put_member(list, "mfa_serial",
                        *profile->mfa_serial ? profile->mfa_serial : config.mfa_serial)) < 0 ||
        (r = put_member(list, "sts_url", endpoint_of(import, &config, "sts"))) < 0 ||
        (r = put_member(list, "iam_url", endpoint_of(import, &config, "iam"))) < 0 ||
        (r = put_member(list, "ca_bundle", config.ca_bundle)) < 0)
        return r;
    return put_secret(profile, secrets);
}
