// SPDX-License-Identifier: BSD-2-Clause
// Writing JSON. Nothing here reads any.
#include "json.h"

#include <string.h>

#include "printable.h"
#include "utc.h"

void json_init(struct json *json)
{
    *json = (struct json){0};
    buf_init(&json->buf);
}

void json_free(struct json *json)
{
    buf_free(&json->buf);
}

static void put(struct json *json, const char *text, size_t n)
{
    if (json->error == 0)
        json->error = buf_put(&json->buf, text, n);
}

/* What must not stand in a string as it is. */
static void put_escaped(struct json *json, char c)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = (unsigned char)c;
    char escape[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};

    if (byte >= 0x80) {
        put(json, "\\ufffd", 6);
    } else if (c == '"' || c == '\\') {
        escape[1] = c;
        put(json, escape, 2);
    } else {
        put(json, escape, sizeof escape);
    }
}

static bool stands_as_it_is(const char *at)
{
    unsigned char byte = (unsigned char)*at;

    return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f &&
           utf8_length(at, UTF8_MAX) > 0;
}

static void put_string(struct json *json, const char *value)
{
    const char *from = value, *at = value;

    put(json, "\"", 1);
    while (*at) {
        if (stands_as_it_is(at)) {
            at += utf8_length(at, UTF8_MAX);
            continue;
        }
        put(json, from, (size_t)(at - from));
        put_escaped(json, *at++);
        from = at;
    }
    put(json, from, (size_t)(at - from));
    put(json, "\"", 1);
}

/* The comma before a member, and its key. */
static void put_key(struct json *json, const char *key)
{
    if (json->comma)
        put(json, ", ", 2);
    if (key) {
        put_string(json, key);
        put(json, ": ", 2);
    }
    json->comma = true;
}

void json_begin(struct json *json, const char *key, char bracket)
{
    put_key(json, key);
    put(json, &bracket, 1);
    json->comma = false;
}

void json_end(struct json *json, char bracket)
{
    put(json, &bracket, 1);
    json->comma = true;
}

void json_text(struct json *json, const char *key, const char *value)
{
    put_key(json, key);
    put_string(json, value);
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    put_key(json, key);
    if (json->error == 0)
        json->error = buf_printf(&json->buf, "%llu", (unsigned long long)value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    put_key(json, key);
    put(json, value ? "true" : "false", value ? 4 : 5);
}

void json_time(struct json *json, const char *key, uint64_t seconds)
{
    char time[UTC_SIZE];

    utc_print(seconds, time);
    json_text(json, key, time);
}

void json_value(struct json *json, const char *key, const struct json *value)
{
    put_key(json, key);
    if (json->error == 0)
        json->error = value->error;
    put(json, (const char *)buf_data(&value->buf), buf_len(&value->buf));
}
