// SPDX-License-Identifier: BSD-2-Clause
// The lines of the AWS config and credentials files.
#include "ini.h"

#include <string.h>
#include <strings.h>

#define MARK "\xef\xbb\xbf" /* of the byte order, as Windows writes it */

bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.len && memcmp(span.at, text, span.len) == 0;
}

bool span_is_key(struct span span, const char *key)
{
    return strlen(key) == span.len && strncasecmp(span.at, key, span.len) == 0;
}

bool span_copy(struct span span, char *out, size_t size)
{
    if (span.len >= size)
        return false;
    if (span.len)
        memcpy(out, span.at, span.len);
    out[span.len] = '\0';
    return true;
}

static bool is_blank(char c)
{
    return c && strchr(" \t\f\v\r", c);
}

/* Without blanks around it. */
static struct span trim(struct span span)
{
    while (span.len && is_blank(*span.at)) {
        span.at++;
        span.len--;
    }
    while (span.len && is_blank(span.at[span.len - 1]))
        span.len--;
    return span;
}

void ini_begin(struct ini *ini, const char *text, size_t len)
{
    *ini = (struct ini){.at = text, .end = text + len};
    if (len >= strlen(MARK) && memcmp(text, MARK, strlen(MARK)) == 0)
        ini->at += strlen(MARK);
}

/* What is between the first bracket and the last one. */
static struct span heading(struct span text)
{
    const char *close = memrchr(text.at, ']', text.len);

    return close ? (struct span){text.at + 1, (size_t)(close - text.at - 1)} : (struct span){0};
}

static void split_setting(struct ini_line *line, struct span text)
{
    const char *end = text.at + text.len, *at = text.at;

    while (at < end && *at != '=' && *at != ':')
        at++;
    line->kind = at < end ? INI_SETTING : INI_OTHER;
    if (line->kind == INI_OTHER)
        return;
    line->name = trim((struct span){text.at, (size_t)(at - text.at)});
    line->value = trim((struct span){at + 1, (size_t)(end - at - 1)});
}

static void classify(struct ini *ini, struct ini_line *line, struct span text)
{
    if (!text.len) {
        line->kind = INI_BLANK;
    } else if (*text.at == '#' || *text.at == ';') {
        line->kind = INI_COMMENT;
    } else if (ini->after_key && line->indent > ini->indent) {
        line->kind = INI_MORE;
        line->value = text;
    } else {
        ini->indent = line->indent;
        ini->after_key = *text.at != '[';
        if (ini->after_key) {
            split_setting(line, text);
        } else {
            line->kind = INI_SECTION;
            line->name = heading(text);
        }
    }
}

bool ini_next(struct ini *ini, struct ini_line *line)
{
    const char *start = ini->at, *end = start;
    struct span text;

    if (start == ini->end)
        return false;
    while (end < ini->end && *end != '\n' && *end)
        end++;
    ini->at = end < ini->end ? end + 1 : end;
    text = trim((struct span){start, (size_t)(end - start)});
    *line = (struct ini_line){.whole = {start, (size_t)(ini->at - start)},
                              .indent = (size_t)(text.at - start)};
    classify(ini, line, text);
    return true;
}
