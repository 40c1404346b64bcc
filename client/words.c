// SPDX-License-Identifier: BSD-2-Clause
// A line split into words as Python's shlex does it, which is how botocore reads the config file.
#include "words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct splitter {
    struct words *words;
    size_t used; /* of store */
    bool inside; /* a word has begun */
    char quote;  /* the open one, or NUL */
};

static int add(struct splitter *splitter, char c)
{
    if (splitter->used >= WORDS_SIZE - 1)
        return -E2BIG;
    splitter->words->store[splitter->used++] = c;
    return 0;
}

static int begin_word(struct splitter *splitter)
{
    if (splitter->inside)
        return 0;
    if (splitter->words->count == WORDS_MAX)
        return -E2BIG;
    splitter->words->word[splitter->words->count] = splitter->words->store + splitter->used;
    splitter->inside = true;
    return 0;
}

/* add() and this one leave room for the next NUL. */
static int end_word(struct splitter *splitter)
{
    if (!splitter->inside)
        return 0;
    splitter->words->store[splitter->used] = '\0';
    splitter->words->word[++splitter->words->count] = NULL;
    splitter->inside = false;
    if (splitter->used == WORDS_SIZE - 1)
        return -E2BIG;
    splitter->used++;
    return 0;
}

/* Whether the backslash before next takes its meaning away; inside double quotes it does so for two
 * characters only. */
static bool escapes(char quote, char next)
{
    return quote == '\0' || (quote == '"' && (next == '"' || next == '\\'));
}

static int take(struct splitter *splitter, char c)
{
    int r;

    if (!splitter->quote && strchr(" \t\r\n", c))
        return end_word(splitter);
    if ((r = begin_word(splitter)) < 0)
        return r;
    if (c == splitter->quote) {
        splitter->quote = '\0';
        return 0;
    }
    if (!splitter->quote && (c == '"' || c == '\'')) {
        splitter->quote = c;
        return 0;
    }
    return add(splitter, c);
}

int words_split(struct words *words, const char *line, size_t n)
{
    struct splitter splitter = {.words = words};
    int r = 0;

    words->count = 0;
    words->word[0] = NULL;
    for (size_t i = 0; i < n && line[i] && r == 0; i++) {
        if (line[i] != '\\' || splitter.quote == '\'') {
            r = take(&splitter, line[i]);
        } else if (i + 1 == n || !line[i + 1]) {
            return -EINVAL;
        } else if ((r = begin_word(&splitter)) == 0) {
            if (escapes(splitter.quote, line[i + 1]))
                i++;
            r = add(&splitter, line[i]);
        }
    }
    if (r == 0)
        r = splitter.quote ? -EINVAL : end_word(&splitter);
    return r;
}
