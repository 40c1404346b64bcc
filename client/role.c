// SPDX-License-Identifier: BSD-2-Clause
// A role that a session is wanted of: its values held against AWS's bounds, and put into a request.
#include "role.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "printable.h"

#define DIGITS     "0123456789"
#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NAME       LETTERS DIGITS "_+=,.@-"
#define TAG        LETTERS DIGITS " _.:/=+-@"
#define ARN_MIN    20
#define ARN_MAX    2048
#define POLICY_MAX 2048 /* characters */
#define TAGS_MAX   50
#define ARNS_MAX   10

#define NAME_RULE "is not 2 to 64 of A-Z a-z 0-9 _ + = , . @ -"

static const char *const VALUE_NAMES[ROLE_VALUES] = {
    [ROLE_ARN] = "role_arn",
    [ROLE_DURATION] = "duration_seconds",
    [ROLE_EXTERNAL_ID] = "external_id",
    [ROLE_SESSION_NAME] = "role_session_name",
    [ROLE_SOURCE_IDENTITY] = "source_identity",
    [ROLE_POLICY] = "policy",
    [ROLE_REGION] = "region",
};

static const struct {
    enum option option;
    size_t max;
} LISTS[ROLE_LISTS] = {
    [ROLE_POLICY_ARNS] = {OPTION_POLICY_ARN, ARNS_MAX},
    [ROLE_TAGS] = {OPTION_TAG, TAGS_MAX},
    [ROLE_TRANSITIVE_TAGS] = {OPTION_TRANSITIVE_TAG, TAGS_MAX},
};

const char *role_value_name(enum role_value which)
{
    return VALUE_NAMES[which];
}

enum option role_list_option(enum role_list which)
{
    return LISTS[which].option;
}

static bool consists_of(const char *text, const char *characters, size_t min, size_t max)
{
    size_t n = strspn(text, characters);

    return !text[n] && n >= min && n <= max;
}

/* Whether text is arn:PARTITION:iam::ACCOUNT:KIND/… with a name behind the last slash. */
static bool is_iam_arn(const char *text, const char *kind, bool of_aws)
{
    size_t len = strlen(text), partition, account, n = strlen(kind);
    const char *at = text + 4;

    if (len < ARN_MIN || len > ARN_MAX || strncmp(text, "arn:aws", 7) != 0)
        return false;
    partition = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
    if (strncmp(at + partition, ":iam::", 6) != 0)
        return false;
    at += partition + 6;
    account = strspn(at, DIGITS);
    if (of_aws && strncmp(at, "aws:", 4) == 0)
        account = 3;
    else if (account != 12)
        return false;
    at += account;
    if (*at != ':' || strncmp(at + 1, kind, n) != 0 || at[n + 1] != '/')
        return false;
    return consists_of(strrchr(at, '/') + 1, NAME, 1, 128) && printable_valid(at, strlen(at));
}

/* The characters of well-formed UTF-8; max + 1 when there are more, or when it is none. */
static size_t count_characters(const char *text, size_t max)
{
    size_t count = 0;

    while (*text && count <= max) {
        size_t n = utf8_length(text, UTF8_MAX);

        if (!n)
            return max + 1;
        text += n;
        count++;
    }
    return count;
}

static const char *check_policy(const char *text)
{
    if (text[strspn(text, " \t\r\n")] != '{')
        return "is no policy in JSON; to read it from a file write file://PATH";
    return count_characters(text, POLICY_MAX) > POLICY_MAX ? "is longer than AWS's 2048 characters"
                                                           : NULL;
}

static bool is_duration(const char *text)
{
    unsigned long seconds = consists_of(text, DIGITS, 1, 9) ? strtoul(text, NULL, 10) : 0;

    return seconds >= SESSION_SECONDS_MIN && seconds <= ROLE_SECONDS_MAX;
}

const char *role_check(enum role_value which, const char *value)
{
    switch (which) {
    case ROLE_ARN:
        return is_iam_arn(value, "role", false)
                   ? NULL
                   : "is no role's ARN, as arn:aws:iam::123456789012:role/NAME";
    case ROLE_DURATION:
        return is_duration(value) ? NULL : "is not 900 to 43200 seconds, as a role may last";
    case ROLE_EXTERNAL_ID:
        return consists_of(value, NAME ":/", 2, 1224)
                   ? NULL
                   : "is not 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -";
    case ROLE_SESSION_NAME:
    case ROLE_SOURCE_IDENTITY:
        return consists_of(value, NAME, 2, 64) ? NULL : NAME_RULE;
    case ROLE_POLICY:
        return check_policy(value);
    case ROLE_REGION:
    case ROLE_VALUES:
        break;
    }
    return consists_of(value, LETTERS DIGITS "-", 1, 64) ? NULL : "is no region's name";
}

/* Letters of all scripts may stand in tags: beyond ASCII it is for AWS to say. */
static bool is_tag_text(const char *text, size_t len, size_t max)
{
    char copy[1025];

    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (count_characters(copy, max) > max || !printable_valid(copy, len))
        return false;
    for (const char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x80 && !strchr(TAG, *c))
            return false;
    return true;
}

static const char *check_tag(const char *value)
{
    size_t len = strcspn(value, "=");

    if (!len || !value[len])
        return "is not KEY=VALUE";
    if (!is_tag_text(value, len, 128) ||
        !is_tag_text(value + len + 1, strlen(value + len + 1), 256))
        return "is no tag: up to 128 and 256 letters, digits, blanks and _ . : / = + - @";
    return NULL;
}

static const char *check_item(enum role_list which, const char *value)
{
    if (which == ROLE_POLICY_ARNS)
        return is_iam_arn(value, "policy", true) ? NULL
                                                 : "is no policy's ARN, as "
                                                   "arn:aws:iam::aws:policy/ReadOnlyAccess";
    if (which == ROLE_TAGS)
        return check_tag(value);
    return is_tag_text(value, strlen(value), 128) ? NULL : "is no tag's key";
}

const char *role_check_list(enum role_list which, const struct arguments *arguments,
                            const char **value)
{
    const char *why = NULL;
    size_t at = 0, count = 0;

    while (!why && (*value = arguments_next(arguments, LISTS[which].option, &at)))
        why = ++count > LISTS[which].max ? "is one more than AWS takes" : check_item(which, *value);
    return why;
}

static int put(struct buf *hops, const char *name, const char *value, size_t len)
{
    int r = buf_put(hops, name, strlen(name) + 1);

    if (r == 0)
        r = buf_put(hops, value, len);
    return r < 0 ? r : buf_put_u8(hops, 0);
}

static int put_item(struct buf *hops, enum role_list which, const char *value)
{
    size_t key_len = strcspn(value, "=");
    int r;

    if (which == ROLE_POLICY_ARNS)
        return put(hops, "policy_arn", value, strlen(value));
    if (which == ROLE_TRANSITIVE_TAGS)
        return put(hops, "transitive_tag", value, strlen(value));
    r = put(hops, "tag_key", value, key_len);
    value += key_len + 1;
    return r < 0 ? r : put(hops, "tag_value", value, strlen(value));
}

int role_put(const struct role *role, struct buf *hops)
{
    const char *value;
    int r = 0;

    for (int i = 0; i < ROLE_VALUES && r == 0; i++)
        if ((value = role->value[i]))
            r = put(hops, VALUE_NAMES[i], value, strlen(value));
    for (int i = 0; i < ROLE_LISTS && r == 0; i++) {
        size_t at = 0;

        while (role->list[i] && r == 0 &&
               (value = arguments_next(role->list[i], LISTS[i].option, &at)))
            r = put_item(hops, (enum role_list)i, value);
    }
    return r;
}
