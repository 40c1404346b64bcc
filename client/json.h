// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_JSON_H
#define AWSTAP_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/*
 * Writing JSON into a buffer of the arena, member by member. key is NULL inside an array and for
 * the outermost value. The first error is kept in error (a negative errno) and makes the calls
 * after it do nothing.
 */
struct json {
    struct buf buf;
    bool comma; /* a value stands before this place */
    int error;
};

void json_init(struct json *json);

/* Wipe and release. */
void json_free(struct json *json);

/* bracket is '{' or '[', and its counterpart to end. */
void json_begin(struct json *json, const char *key, char bracket);
void json_end(struct json *json, char bracket);

/* Bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);

/* A finished value. */
void json_value(struct json *json, const char *key, const struct json *value);

/* seconds since 1970 as YYYY-MM-DDTHH:MM:SSZ. */
void json_time(struct json *json, const char *key, uint64_t seconds);

#endif
