// SPDX-License-Identifier: BSD-2-Clause
// A role to be assumed: read from a list of hops, and held against AWS's rules before it is sent.
#include "role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ascii.h"
#include "endpoint.h"
#include "printable.h"

#define NAME_CHARACTERS     ASCII_WORD "_+=,.@-"
#define EXTERNAL_CHARACTERS NAME_CHARACTERS ":/"
#define TAG_CHARACTERS      ASCII_WORD " _.:/=+@-"

#define ROLE_ARN_MIN     20u
#define ROLE_SECONDS_MIN SESSION_SECONDS_MIN
#define NAME_MIN         2u
#define EXTERNAL_MAX     1224u
#define POLICY_MAX       2048u
#define TAG_KEY_MAX      128u
#define TAG_VALUE_MAX    256u

#define NAME_WANTS "2 to 64 of A-Z a-z 0-9 _ + = , . @ -"

/* How a value has to be, in the words that a person is told. */
static int refuse(const struct role *role, const char *what, const char *wants, struct error *error)
{
    char arn[161];

    return error_set(error, EXIT_USAGE, "the %s of role %s can't be used: AWS wants %s", what,
                     ascii_printable(arn, sizeof arn, role->arn_text), wants);
}

static int not_hops(struct error *error)
{
    return error_set(
        error, EXIT_USAGE,
        "the request does not say which role is meant; are awstap and its agent of one "
        "version?");
}

/* The characters of UTF-8; more than max when there are more, or when it is none. */
static size_t count_characters(const char *text, size_t max)
{
    size_t count = 0, n;

    for (; *text && count <= max; count++, text += n)
        if (!(n = utf8_length(text, UTF8_MAX)))
            return max + 1;
    return count;
}

/* Letters and digits of any script are allowed in tags, which is for AWS to judge beyond ASCII. */
static bool tag_text_valid(const char *text, size_t min, size_t max)
{
    size_t count = count_characters(text, max);

    if (count < min || count > max || !printable_valid(text, strlen(text)))
        return false;
    for (; *text; text++)
        if ((unsigned char)*text < 0x80 && !strchr(TAG_CHARACTERS, *text))
            return false;
    return true;
}

/* Tab, line feed, carriage return, and U+0020 to U+00FF. */
static bool policy_valid(const char *text)
{
    if (count_characters(text, POLICY_MAX) > POLICY_MAX)
        return false;
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && !strchr("\t\n\r", *text)) || (unsigned char)*text > 0xc3)
            return false;
    return true;
}

static int set_arn(struct role *role, const char *text, const char *partition, struct error *error)
{
    size_t len = strnlen(text, ARN_MAX + 1);
    char shown[161];

    role->arn_text = text;
    if (len < ROLE_ARN_MIN || !arn_read(text, &role->arn) ||
        strcmp(role->arn.service, "iam") != 0 || strcmp(role->arn.account, "aws") == 0 ||
        strncmp(role->arn.resource, "role/", 5) != 0 ||
        !ascii_consists_of(role_name(role), NAME_CHARACTERS, 1, ROLE_NAME_MAX))
        return error_set(error, EXIT_USAGE,
                         "%s is no role; give its ARN, like arn:%s:iam::123456789012:role/NAME",
                         ascii_printable(shown, sizeof shown, text), partition);
    if (strcmp(role->arn.partition, partition) != 0)
        return error_set(error, EXIT_USAGE,
                         "the role %s is in the partition %s and the key in %s; a role is assumed "
                         "from a key of its own partition",
                         ascii_printable(shown, sizeof shown, text), role->arn.partition,
                         partition);
    return 0;
}

static int set_duration(struct role *role, const char *value, struct error *error)
{
    unsigned long seconds;

    if (!ascii_consists_of(value, ASCII_DIGITS, 1, 6) ||
        (seconds = strtoul(value, NULL, 10)) < ROLE_SECONDS_MIN || seconds > ROLE_SECONDS_MAX)
        return refuse(role, "duration", "900 to 43200 seconds", error);
    role->duration = (uint32_t)seconds;
    return 0;
}

static int set_session_name(struct role *role, const char *value, struct error *error)
{
    if (!ascii_consists_of(value, NAME_CHARACTERS, NAME_MIN, ROLE_NAME_MAX))
        return refuse(role, "session name", NAME_WANTS, error);
    strcpy(role->session_name, value);
    return 0;
}

static int set_policy(struct role *role, const char *value, struct error *error)
{
    role->policy = value;
    return policy_valid(value)
               ? 0
               : refuse(role, "session policy", "JSON of at most 2048 characters", error);
}

static int set_external_id(struct role *role, const char *value, struct error *error)
{
    role->external_id = value;
    return ascii_consists_of(value, EXTERNAL_CHARACTERS, NAME_MIN, EXTERNAL_MAX)
               ? 0
               : refuse(role, "external ID", "2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -", error);
}

static int set_source_identity(struct role *role, const char *value, struct error *error)
{
    role->source_identity = value;
    return ascii_consists_of(value, NAME_CHARACTERS, NAME_MIN, ROLE_NAME_MAX)
               ? 0
               : refuse(role, "source identity", NAME_WANTS, error);
}

static int set_region(struct role *role, const char *value, struct error *error)
{
    const char *partition = endpoint_partition(value);
    char shown[65];

    role->region = value;
    if (!partition || strcmp(partition, role->arn.partition) != 0)
        return error_set(error, EXIT_USAGE,
                         "the region %s is not in the role's partition, %s; give a region of that, "
                         "such as %s",
                         ascii_printable(shown, sizeof shown, value), role->arn.partition,
                         endpoint_default_region(role->arn.partition));
    return 0;
}

static int add_policy_arn(struct role *role, const char *value, struct error *error)
{
    struct arn arn;

    if (role->policy_arn_count == ROLE_POLICY_ARNS_MAX)
        return refuse(role, "list of policy ARNs", "at most 10", error);
    if (strlen(value) < ROLE_ARN_MIN || !arn_read(value, &arn) || strcmp(arn.service, "iam") != 0 ||
        strncmp(arn.resource, "policy/", 7) != 0)
        return refuse(role, "policy ARN", "one like arn:aws:iam::aws:policy/NAME", error);
    role->policy_arns[role->policy_arn_count++] = value;
    return 0;
}

static int add_tag_key(struct role *role, const char *value, struct error *error)
{
    if (role->tag_count == ROLE_TAGS_MAX)
        return refuse(role, "list of tags", "at most 50", error);
    if (!tag_text_valid(value, 1, TAG_KEY_MAX))
        return refuse(role, "tag key", "1 to 128 letters, digits, spaces and _ . : / = + @ -",
                      error);
    role->tags[role->tag_count++].key = value;
    return 0;
}

static int set_tag_value(struct role *role, const char *value, struct error *error)
{
    if (!role->tag_count || role->tags[role->tag_count - 1].value)
        return not_hops(error);
    if (!tag_text_valid(value, 0, TAG_VALUE_MAX))
        return refuse(role, "tag value", "at most 256 letters, digits, spaces and _ . : / = + @ -",
                      error);
    role->tags[role->tag_count - 1].value = value;
    return 0;
}

static int add_transitive(struct role *role, const char *value, struct error *error)
{
    if (role->transitive_count == ROLE_TAGS_MAX)
        return refuse(role, "list of transitive tags", "at most 50", error);
    if (!tag_text_valid(value, 1, TAG_KEY_MAX))
        return refuse(role, "transitive tag", "the key of a tag", error);
    role->transitive[role->transitive_count++] = value;
    return 0;
}

/* What may stand in a hop, and whether it may stand there more than once. */
static const struct option {
    const char *name;
    int (*set)(struct role *role, const char *value, struct error *error);
    bool many;
} OPTIONS[] = {
    {"duration_seconds", set_duration, false},
    {"external_id", set_external_id, false},
    {"role_session_name", set_session_name, false},
    {"source_identity", set_source_identity, false},
    {"policy", set_policy, false},
    {"policy_arn", add_policy_arn, true},
    {"tag_key", add_tag_key, true},
    {"tag_value", set_tag_value, true},
    {"transitive_tag", add_transitive, true},
    {"region", set_region, false},
};

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++)
        if (strcmp(OPTIONS[i].name, name) == 0)
            return &OPTIONS[i];
    return NULL;
}

/* One option of the role. A tag's value follows its key at once. */
static int set_option(const struct list *hops, struct role *role, const char *name,
                      const char *value, struct error *error)
{
    const struct option *option = find_option(name);
    bool half = role->tag_count && !role->tags[role->tag_count - 1].value;

    if (!option || half != (strcmp(name, "tag_value") == 0))
        return not_hops(error);
    if (!option->many && list_find(hops, name, value))
        return refuse(role, name, "it once", error);
    return option->set(role, value, error);
}

/* AWS shows it in CloudTrail: it tells who asked. A key's name may be one character long, or too
 * long. */
static void default_session_name(struct role *role, const char *key_name)
{
    snprintf(role->session_name, sizeof role->session_name, "awstap-%s", key_name);
    for (char *c = role->session_name; *c; c++)
        if (!strchr(NAME_CHARACTERS, *c))
            *c = '-';
}

const char *role_name(const struct role *role)
{
    return strrchr(role->arn.resource, '/') + 1;
}

int role_read(const struct list *hops, const char *key_name, const char *partition,
              struct role *role, struct error *error)
{
    const char *name = list_next(hops, NULL), *value = name ? list_next(hops, name) : NULL;

    *role = (struct role){.external_id = "",
                          .source_identity = "",
                          .policy = "",
                          .region = "",
                          .duration = ROLE_SECONDS_DEFAULT};
    if (!value || strcmp(name, "role_arn") != 0)
        return not_hops(error);
    if (set_arn(role, value, partition, error) < 0)
        return -1;
    while ((name = list_next(hops, value))) {
        if (!(value = list_next(hops, name)))
            return not_hops(error);
        if (set_option(hops, role, name, value, error) < 0)
            return -1;
    }
    if (role->tag_count && !role->tags[role->tag_count - 1].value)
        return not_hops(error);
    if (!role->session_name[0])
        default_session_name(role, key_name);
    return 0;
}
