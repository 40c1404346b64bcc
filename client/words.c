// SPDX-License-Identifier: BSD-2-Clause
// A line split into words as Python's shlex does it, which is how botocore reads the config file.
#include "words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct splitter {
    struct words *words;
    char *at;    /* in the store: where the next character goes */
    bool inside; /* a word has begun */
    char quote;  /* the open one, or NUL */
};

/* Room for all that n characters can hold: each word but the first stands behind a blank, which
 * leaves room for its NUL. */
static int make_room(struct words *words, size_t n)
{
    *words = (struct words){.word = calloc(n / 2 + 2, sizeof(char *)), .store = malloc(n + 1)};
    if (words->word && words->store)
        return 0;
    words_free(words);
    return -ENOMEM;
}

void words_free(struct words *words)
{
    free(words->word);
    free(words->store);
    *words = (struct words){0};
}

static void begin_word(struct splitter *splitter)
{
    if (!splitter->inside)
        splitter->words->word[splitter->words->count] = splitter->at;
    splitter->inside = true;
}

static void end_word(struct splitter *splitter)
{
    if (!splitter->inside)
        return;
    *splitter->at++ = '\0';
    splitter->words->word[++splitter->words->count] = NULL;
    splitter->inside = false;
}

/* Whether the backslash before next takes its meaning away; inside double quotes it does so for two
 * characters only. */
static bool escapes(char quote, char next)
{
    return quote == '\0' || (quote == '"' && (next == '"' || next == '\\'));
}

static void take(struct splitter *splitter, char c)
{
    if (!splitter->quote && strchr(" \t\r\n", c)) {
        end_word(splitter);
        return;
    }
    begin_word(splitter);
    if (c == splitter->quote)
        splitter->quote = '\0';
    else if (!splitter->quote && (c == '"' || c == '\''))
        splitter->quote = c;
    else
        *splitter->at++ = c;
}

int words_split(struct words *words, const char *line, size_t n)
{
    size_t len = strnlen(line, n), end = len < WORDS_LINE_MAX ? len : WORDS_LINE_MAX;
    struct splitter splitter = {.words = words};
    int r = make_room(words, end);

    splitter.at = words->store;
    for (size_t i = 0; i < end && r == 0; i++) {
        if (line[i] != '\\' || splitter.quote == '\'') {
            take(&splitter, line[i]);
        } else if (i + 1 == end) {
            r = end < len ? -E2BIG : -EINVAL;
        } else {
            begin_word(&splitter);
            if (escapes(splitter.quote, line[i + 1]))
                i++;
            *splitter.at++ = line[i];
        }
    }
    if (r == 0 && end < len)
        r = -E2BIG;
    if (r == 0 && splitter.quote)
        r = -EINVAL;
    if (r == 0)
        end_word(&splitter);
    else if (words->word)
        words->word[words->count] = NULL; /* the one that has begun is none */
    return r;
}
