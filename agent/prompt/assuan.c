// SPDX-License-Identifier: BSD-2-Clause
// Lines of the Assuan protocol.
#include "assuan.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "printable.h"

#define ESCAPED 3 /* "%0A" */
#define CUT     "..."

/* The value of a hexadecimal digit, or -1. */
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo percent-encoding in place. 0 and the new *len, or -1: it is malformed. */
static int decode(char *text, size_t *len)
{
    size_t to = 0;

    for (size_t from = 0; from < *len; from++) {
        int high, low;

        text[to++] = text[from];
        if (text[from] != '%')
            continue;
        if (*len - from < ESCAPED || (high = digit(text[from + 1])) < 0 ||
            (low = digit(text[from + 2])) < 0)
            return -1;
        text[to - 1] = (char)(high << 4 | low);
        from += ESCAPED - 1;
    }
    *len = to;
    return 0;
}

/* What follows the keyword that the line begins with, or NULL where it does not. */
static char *after(char *line, const char *keyword)
{
    size_t len = strlen(keyword);

    if (strncmp(line, keyword, len) != 0 || (line[len] && line[len] != ' '))
        return NULL;
    return line[len] ? line + len + 1 : line + len;
}

/* "ERR 83886179 Operation cancelled": at most ten digits, that fit 32 bits. */
static enum assuan_kind parse_error(struct assuan_line *parsed)
{
    uint64_t code = 0;
    size_t digits = strspn(parsed->text, "0123456789");

    if (digits == 0 || digits > 10 || (parsed->text[digits] && parsed->text[digits] != ' '))
        return ASSUAN_JUNK;
    for (size_t i = 0; i < digits; i++)
        code = code * 10 + (uint64_t)(parsed->text[i] - '0');
    parsed->code = (uint32_t)code;
    parsed->text += parsed->text[digits] ? digits + 1 : digits;
    return code > UINT32_MAX ? ASSUAN_JUNK : ASSUAN_ERR;
}

/* A data line may hold a NUL only as %00. */
static enum assuan_kind parse_data(struct assuan_line *parsed, const char *end)
{
    parsed->len = (size_t)(end - parsed->text);
    if (decode(parsed->text, &parsed->len) < 0)
        return ASSUAN_JUNK;
    parsed->text[parsed->len] = '\0';
    return ASSUAN_DATA;
}

void assuan_parse(char *line, size_t len, struct assuan_line *parsed)
{
    if (len && line[len - 1] == '\r')
        len--;
    line[len] = '\0';
    *parsed = (struct assuan_line){.kind = ASSUAN_JUNK};
    if (memchr(line, '\0', len))
        parsed->kind = ASSUAN_JUNK;
    else if (len == 0 || line[0] == '#')
        parsed->kind = ASSUAN_COMMENT;
    else if ((parsed->text = after(line, "OK")))
        parsed->kind = ASSUAN_OK;
    else if ((parsed->text = after(line, "ERR")))
        parsed->kind = parse_error(parsed);
    else if ((parsed->text = after(line, "D")))
        parsed->kind = parse_data(parsed, line + len);
    else if ((parsed->text = after(line, "S")))
        parsed->kind = ASSUAN_STATUS;
    else if ((parsed->text = after(line, "INQUIRE")))
        parsed->kind = ASSUAN_INQUIRE;
    if (parsed->text && parsed->kind != ASSUAN_DATA)
        parsed->len = strlen(parsed->text);
}

static bool is_escaped(char c)
{
    return c == '%' || (c >= 0 && c < ' ');
}

/* How many bytes n bytes of text become. */
static size_t encoded_length(const char *text, size_t n)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        len += is_escaped(text[i]) ? ESCAPED : 1;
    return len;
}

/* Append n bytes of text, for which there is room. Returns the new end. */
static char *encode(char *end, const char *text, size_t n)
{
    static const char DIGITS[] = "0123456789ABCDEF";

    for (size_t i = 0; i < n; i++) {
        if (!is_escaped(text[i])) {
            *end++ = text[i];
            continue;
        }
        *end++ = '%';
        *end++ = DIGITS[text[i] >> 4];
        *end++ = DIGITS[text[i] & 0xf];
    }
    return end;
}

size_t assuan_command(char line[ASSUAN_LINE_SIZE], const char *command, const char *text)
{
    char *end = line + snprintf(line, ASSUAN_LINE_SIZE, "%.32s%s", command, text[0] ? " " : "");
    const char *limit = line + ASSUAN_LINE_MAX;
    bool fits = encoded_length(text, strlen(text)) <= (size_t)(limit - end);

    if (!fits)
        limit -= strlen(CUT);
    while (*text) {
        size_t n = utf8_length(text, UTF8_MAX);

        n = n ? n : 1;
        if (encoded_length(text, n) > (size_t)(limit - end))
            break;
        end = encode(end, text, n);
        text += n;
    }
    if (!fits)
        end = encode(end, CUT, strlen(CUT));
    *end++ = '\n';
    *end = '\0';
    return (size_t)(end - line);
}
