// SPDX-License-Identifier: BSD-2-Clause
// The AWS config file. Its syntax is that of Python's configparser, since botocore reads it so:
// full-line comments only, `=` or `:`, and a line indented deeper than the key above it belongs to
// that key's value.
#include "aws_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "file.h"
#include "words.h"

#define BLANKS " \t\f\v\r"

void aws_config_parse(struct aws_config *config, char *text, size_t len)
{
    *config = (struct aws_config){text, len};
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '\n')
            continue;
        text[i] = '\0';
        for (size_t j = i; j > 0 && text[j - 1] && strchr(BLANKS, text[j - 1]); j--)
            text[j - 1] = '\0';
    }
}

int aws_config_read(struct aws_config *config, const char *path)
{
    char *text;
    size_t len;
    int r = file_read(path, AWS_CONFIG_MAX, &text, &len);

    *config = (struct aws_config){0};
    if (r < 0)
        return r == -ENOENT || r == -ENOTDIR ? 0 : r;
    aws_config_parse(config, text, len);
    return 0;
}

void aws_config_free(struct aws_config *config)
{
    free(config->text);
    *config = (struct aws_config){0};
}

/* Whether the line (its blanks skipped) heads the section of this profile. */
static bool heads_profile(const char *line, const char *name)
{
    const char *end = strrchr(line, ']');
    struct words words;
    bool heads;

    if (!end)
        return false;
    if (words_split(&words, line + 1, (size_t)(end - line - 1)) < 0)
        heads = false;
    else if (words.count == 1)
        heads = strcmp(words.word[0], "default") == 0 && strcmp(name, "default") == 0;
    else
        heads = words.count == 2 && strcmp(words.word[0], "profile") == 0 &&
                strcmp(words.word[1], name) == 0;
    words_free(&words);
    return heads;
}

static const struct {
    const char *key;
    size_t offset;
} SETTINGS[] = {
    {"credential_process", offsetof(struct aws_profile, credential_process)},
    {"credential_source", offsetof(struct aws_profile, credential_source)},
    {"duration_seconds", offsetof(struct aws_profile, duration_seconds)},
    {"external_id", offsetof(struct aws_profile, external_id)},
    {"region", offsetof(struct aws_profile, region)},
    {"role_arn", offsetof(struct aws_profile, role_arn)},
    {"role_session_name", offsetof(struct aws_profile, role_session_name)},
    {"source_profile", offsetof(struct aws_profile, source_profile)},
    {"sso_session", offsetof(struct aws_profile, sso_session)},
    {"sso_start_url", offsetof(struct aws_profile, sso_start_url)},
    {"web_identity_token_file", offsetof(struct aws_profile, web_identity_token_file)},
};

static void take_setting(const char *line, struct aws_profile *profile)
{
    size_t n = strcspn(line, "=:"), key_len = n;
    const char *value;

    if (!line[n])
        return;
    while (key_len && strchr(BLANKS, line[key_len - 1]))
        key_len--;
    value = line + n + 1 + strspn(line + n + 1, BLANKS);
    for (size_t i = 0; i < sizeof SETTINGS / sizeof *SETTINGS; i++)
        if (strlen(SETTINGS[i].key) == key_len && strncasecmp(SETTINGS[i].key, line, key_len) == 0)
            *(const char **)(void *)((char *)profile + SETTINGS[i].offset) = *value ? value : NULL;
}

bool aws_config_profile(const struct aws_config *config, const char *name,
                        struct aws_profile *profile)
{
    const char *line = config->text, *end = config->text + config->len;
    bool found = false, here = false, after_key = false;
    size_t key_indent = 0;

    *profile = (struct aws_profile){0};
    for (; line && line < end; line += strlen(line) + 1) {
        size_t indent = strspn(line, BLANKS);
        const char *at = line + indent;

        if (!*at || *at == '#' || *at == ';' || (after_key && indent > key_indent))
            continue;
        key_indent = indent;
        after_key = *at != '[';
        if (*at == '[') {
            here = heads_profile(at, name);
            found = found || here;
        } else if (here) {
            take_setting(at, profile);
        }
    }
    return found;
}
