// SPDX-License-Identifier: BSD-2-Clause
// The credential_process by which AWS tools ask awstap.
#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "beside.h"
#include "command.h"

bool process_is_ours(const struct words *words)
{
    const char *slash;

    if (words->count < 2 || strcmp(words->word[1], "get") != 0)
        return false;
    slash = strrchr(words->word[0], '/');
    return strcmp(slash ? slash + 1 : words->word[0], "awstap") == 0;
}

bool process_name(const char *line, char *name, size_t size)
{
    struct arguments arguments;
    char why[ARGUMENTS_WHY];
    struct words words;
    bool ours;

    ours = words_split(&words, line, strlen(line)) == 0 && process_is_ours(&words) &&
           arguments_parse(&cmd_get.grammar, words.word + 2, &arguments, why) == 0 &&
           !arguments.option[OPTION_HELP] && strlen(arguments.operand[0]) < size;
    if (ours)
        strcpy(name, arguments.operand[0]);
    words_free(&words);
    return ours;
}

bool process_is_there(const char *line, char program[PROCESS_SIZE])
{
    struct words words;
    bool there = true;

    if (words_split(&words, line, strlen(line)) == 0 && words.count && *words.word[0] == '/') {
        there = access(words.word[0], X_OK) == 0;
        snprintf(program, PROCESS_SIZE, "%s", words.word[0]);
    }
    words_free(&words);
    return there;
}

/* botocore splits the line as a shell would, others hand it to one, some split at blanks: quotes
 * only where there is no other way. */
int process_write(const char *key, char process[PROCESS_SIZE])
{
    char path[BESIDE_MAX];
    const char *quote;
    int n, r = beside_path("awstap", path, sizeof path);

    if (r < 0)
        return r;
    if (strpbrk(path, "'\n\r"))
        return -EINVAL;
    quote = strpbrk(path, " \t\"\\$`&|;<>()*?[]#~!{}") ? "'" : "";
    n = snprintf(process, PROCESS_SIZE, "%s%s%s get %s", quote, path, quote, key);
    return n < 0 || n >= PROCESS_SIZE ? -ENAMETOOLONG : 0;
}
