// SPDX-License-Identifier: BSD-2-Clause
// The AWS config file. Its syntax is that of Python's configparser, since botocore reads it so:
// full-line comments only, `=` or `:`, and a line indented deeper than the key above it belongs to
// that key's value.
#include "aws_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* All of fd, up to one byte more than is allowed. The bytes read, or a negative errno. */
static ssize_t read_all(int fd, char *text)
{
    size_t have = 0;

    while (have <= AWS_CONFIG_MAX) {
        ssize_t n = read(fd, text + have, AWS_CONFIG_MAX + 1 - have);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return have > AWS_CONFIG_MAX ? -EFBIG : (ssize_t)have;
}

int aws_config_read(struct aws_config *config, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    char *text;
    ssize_t n;

    *config = (struct aws_config){0};
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    text = malloc(AWS_CONFIG_MAX + 2);
    if (!text || fstat(fd, &st) < 0)
        n = -ENOMEM;
    else if (!S_ISREG(st.st_mode)) /* a pipe that nobody fills would hold up whoever waits for us */
        n = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    else
        n = read_all(fd, text);
    close(fd);
    if (n < 0) {
        free(text);
        return (int)n;
    }
    text[n] = '\0';
    aws_config_parse(config, text, (size_t)n);
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

    if (!end || words_split(&words, line + 1, (size_t)(end - line - 1)) < 0)
        return false;
    if (words.count == 1)
        return strcmp(words.word[0], "default") == 0 && strcmp(name, "default") == 0;
    return words.count == 2 && strcmp(words.word[0], "profile") == 0 &&
           strcmp(words.word[1], name) == 0;
}

static void take_setting(const char *line, struct aws_profile *profile)
{
    static const struct {
        const char *key;
        size_t offset;
    } KEYS[] = {
        {"role_arn", offsetof(struct aws_profile, role_arn)},
        {"credential_process", offsetof(struct aws_profile, credential_process)},
        {"region", offsetof(struct aws_profile, region)},
    };
    size_t n = strcspn(line, "=:"), key_len = n;
    const char *value;

    if (!line[n])
        return;
    while (key_len && strchr(BLANKS, line[key_len - 1]))
        key_len--;
    value = line + n + 1 + strspn(line + n + 1, BLANKS);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        if (strlen(KEYS[i].key) == key_len && strncasecmp(KEYS[i].key, line, key_len) == 0)
            *(const char **)(void *)((char *)profile + KEYS[i].offset) = *value ? value : NULL;
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
