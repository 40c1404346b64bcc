// SPDX-License-Identifier: BSD-2-Clause
// The lines of the log, written in one way only and read in no other.
#include "log_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "printable.h"

#define BEGIN        "begin"
#define EVENT_FIELDS 13
#define BEGIN_FIELDS 9

/* The most bytes of each text; all of them and the rest fit LOG_LINE_MAX. */
enum { WHAT_MAX = 32, KEY_MAX = 64, ROLE_MAX = 640, WHO_MAX = 256, HOW_MAX = 200 };
enum { ACCESS_KEY_ID_MAX = 128, WHY_MAX = 300 };

static void put(char *out, size_t *len, const char *text)
{
    size_t n = strlen(text);

    if (n >= LOG_LINE_MAX - *len)
        n = LOG_LINE_MAX - 1 - *len;
    memcpy(out + *len, text, n);
    *len += n;
    out[*len] = '\0';
}

static void put_text(char *out, size_t *len, const char *text, int max)
{
    char cut[ROLE_MAX + 1];

    snprintf(cut, sizeof cut, "%.*s", max, text ? text : "");
    printable_clean(cut);
    put(out, len, cut);
    put(out, len, "\t");
}

static void put_number(char *out, size_t *len, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64 "\t", number);
    put(out, len, text);
}

static void put_time(char *out, size_t *len, uint64_t time)
{
    char text[UTC_SIZE];

    utc_print(time, text);
    put(out, len, text);
    put(out, len, "\t");
}

static void put_hex(char *out, size_t *len, const uint8_t *bytes, size_t count)
{
    char text[2 * LOG_SEALED_BYTES + 1];

    for (size_t i = 0; i < count; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    put(out, len, text);
}

static void put_hex_field(char *out, size_t *len, const uint8_t *bytes, size_t count)
{
    put_hex(out, len, bytes, count);
    put(out, len, "\t");
}

size_t log_line_event(char out[LOG_LINE_MAX], uint64_t time, const struct log_event *event,
                      const uint8_t tag[LOG_TAG_BYTES], uint64_t count)
{
    size_t len = 0;

    put_time(out, &len, time);
    put_text(out, &len, event->what, WHAT_MAX);
    put_text(out, &len, event->key, KEY_MAX);
    put_text(out, &len, event->role, ROLE_MAX);
    if (event->duration)
        put_number(out, &len, event->duration);
    else
        put(out, &len, "\t");
    put_text(out, &len, event->who, WHO_MAX);
    put_text(out, &len, event->how, HOW_MAX);
    put_text(out, &len, event->access_key_id, ACCESS_KEY_ID_MAX);
    if (event->expiration)
        put_time(out, &len, event->expiration);
    else
        put(out, &len, "\t");
    put_text(out, &len, event->why, WHY_MAX);
    put_hex_field(out, &len, tag, LOG_TAG_BYTES);
    put_number(out, &len, count);
    return len;
}

size_t log_line_begin(char out[LOG_LINE_MAX], uint64_t time, const struct log_begin *begin,
                      uint64_t count)
{
    size_t len = 0;

    put_time(out, &len, time);
    put(out, &len, BEGIN "\t");
    put_hex_field(out, &len, begin->id, sizeof begin->id);
    put_hex_field(out, &len, begin->public_key, sizeof begin->public_key);
    put_hex_field(out, &len, begin->sealed, sizeof begin->sealed);
    put_hex_field(out, &len, begin->before, sizeof begin->before);
    put_hex_field(out, &len, begin->id, LOG_TAG_BYTES);
    put_number(out, &len, count);
    return len;
}

size_t log_line_end(char out[LOG_LINE_MAX], size_t len, const uint8_t mac[LOG_MAC_BYTES])
{
    put_hex(out, &len, mac, LOG_MAC_BYTES);
    put(out, &len, "\n");
    return len;
}

/* Cut text at its tabs. How many fields it has, or -EPROTO: more than max. */
static int split(char *text, const char **fields, int max)
{
    int n = 0;

    for (char *field = text, *tab; field; field = tab) {
        if (n == max)
            return -EPROTO;
        fields[n++] = field;
        if ((tab = strchr(field, '\t')))
            *tab++ = '\0';
    }
    return n;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int get_hex(const char *text, uint8_t *bytes, size_t count)
{
    if (strlen(text) != 2 * count)
        return -EPROTO;
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return -EPROTO;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

/* The last three fields are the same in both kinds. */
static int get_tail(const char *const *tail, struct log_line *line)
{
    line->count = strtoull(tail[1], NULL, 10);
    if (get_hex(tail[0], line->tag, LOG_TAG_BYTES) < 0)
        return -EPROTO;
    return get_hex(tail[2], line->mac, LOG_MAC_BYTES);
}

static int get_event(const char *const *fields, struct log_line *line)
{
    line->event = (struct log_event){
        .what = fields[1],
        .key = fields[2],
        .role = fields[3],
        .duration = (uint32_t)strtoul(fields[4], NULL, 10),
        .who = fields[5],
        .how = fields[6],
        .access_key_id = fields[7],
        .why = fields[9],
    };
    if (*fields[8] && utc_parse(fields[8], &line->event.expiration) < 0)
        return -EPROTO;
    return get_tail(fields + 10, line);
}

static int get_begin(const char *const *fields, struct log_line *line)
{
    struct log_begin *begin = &line->begin;

    line->is_begin = 1;
    if (get_hex(fields[2], begin->id, sizeof begin->id) < 0 ||
        get_hex(fields[3], begin->public_key, sizeof begin->public_key) < 0 ||
        get_hex(fields[4], begin->sealed, sizeof begin->sealed) < 0 ||
        get_hex(fields[5], begin->before, sizeof begin->before) < 0)
        return -EPROTO;
    return get_tail(fields + 6, line);
}

/* Whether the line is written with these very bytes. */
static int check_written(const char *data, size_t len, const struct log_line *line)
{
    char again[LOG_LINE_MAX];
    size_t n = line->is_begin
                   ? log_line_begin(again, line->time, &line->begin, line->count)
                   : log_line_event(again, line->time, &line->event, line->tag, line->count);

    n = log_line_end(again, n, line->mac);
    return n == len + 1 && memcmp(again, data, len) == 0 ? 0 : -EPROTO;
}

int log_line_parse(const char *data, size_t len, struct log_line *line)
{
    const char *fields[EVENT_FIELDS];
    int count, r;

    if (len >= LOG_LINE_MAX || memchr(data, '\0', len))
        return -EPROTO;
    *line = (struct log_line){0};
    memcpy(line->text, data, len);
    if ((count = split(line->text, fields, EVENT_FIELDS)) != EVENT_FIELDS && count != BEGIN_FIELDS)
        return -EPROTO;
    if (utc_parse(fields[0], &line->time) < 0)
        return -EPROTO;
    r = count == BEGIN_FIELDS ? get_begin(fields, line) : get_event(fields, line);
    if (r < 0)
        return r;
    line->covered = len - (size_t)2 * LOG_MAC_BYTES;
    return check_written(data, len, line);
}
