// SPDX-License-Identifier: BSD-2-Clause
// A long-lived access key read from JSON: one small strict reader for the two shapes that people
// have, objects of strings, one object deep. No message says what stands in the input.
#include "access_key.h"

#include <sodium.h>
#include <string.h>

#include "arena.h"
#include "ascii.h"

#define ID_MIN     16u
#define ID_MAX     128u
#define SECRET_MIN 30u
#define SECRET_MAX 128u
#define STRING_MAX 256u /* characters of any string in the input */

bool access_key_id_valid(const char *id)
{
    return ascii_consists_of(id, ASCII_WORD, ID_MIN, ID_MAX) &&
           (strncmp(id, "AKIA", 4) == 0 || strncmp(id, "ASIA", 4) == 0);
}

bool access_key_secret_valid(const char *secret)
{
    return ascii_consists_of(secret, ASCII_WORD "/+=", SECRET_MIN, SECRET_MAX);
}

struct json {
    const uint8_t *at, *end;
    struct buf name, value; /* the member being read */
    struct access_key *key;
    struct error *error;
};

static int malformed(struct json *json)
{
    return error_set(json->error, EXIT_FAILED,
                     "the input is no access key; give JSON as in "
                     "{\"AccessKeyId\":\"AKIA…\",\"SecretAccessKey\":\"…\"}");
}

static int temporary(struct json *json)
{
    return error_set(json->error, EXIT_FAILED,
                     "this access key is temporary, and awstap keeps long-lived keys; create an "
                     "access key of an IAM user (AKIA…) and add that");
}

/* The next character that is no white space, not taken; 0 at the end. */
static uint8_t peek(struct json *json)
{
    while (json->at < json->end && strchr(" \t\r\n", *json->at) && *json->at)
        json->at++;
    return json->at < json->end ? *json->at : 0;
}

static bool take(struct json *json, uint8_t c)
{
    if (!c || peek(json) != c)
        return false;
    json->at++;
    return true;
}

/* What follows a backslash, as one character; 0 for what is none of ASCII. */
static uint8_t take_escape(struct json *json)
{
    uint8_t c, code[2];

    if (json->at == json->end)
        return 0;
    c = *json->at++;
    if (c == '"' || c == '\\' || c == '/')
        return c;
    if (c != 'u' || json->end - json->at < 4 ||
        sodium_hex2bin(code, sizeof code, (const char *)json->at, 4, NULL, NULL, NULL) < 0)
        return 0;
    json->at += 4;
    return code[0] == 0 ? code[1] : 0;
}

static int read_string(struct json *json, struct buf *out)
{
    buf_take(out, buf_len(out));
    if (!take(json, '"'))
        return malformed(json);
    while (json->at < json->end) {
        uint8_t c = *json->at++;

        if (c == '"')
            return buf_text(out) ? 0 : malformed(json);
        if (c == '\\')
            c = take_escape(json);
        if (c < ' ' || c > '~' || buf_len(out) == STRING_MAX || buf_put_u8(out, c) < 0)
            return malformed(json);
    }
    return malformed(json);
}

static int keep(struct json *json, char **place)
{
    if (*place)
        return malformed(json);
    if (!(*place = arena_strdup(buf_text(&json->value))))
        return error_set(json->error, EXIT_FAILED, "out of memory for an access key");
    return 0;
}

/* The member just read; one of no meaning here is let pass in what the AWS CLI printed only. */
static int use_member(struct json *json, bool lenient)
{
    const char *name = buf_text(&json->name);

    if (strcmp(name, "AccessKeyId") == 0)
        return keep(json, &json->key->id);
    if (strcmp(name, "SecretAccessKey") == 0)
        return keep(json, &json->key->secret);
    if (strcmp(name, "SessionToken") == 0)
        return temporary(json);
    return lenient ? 0 : malformed(json);
}

/* The members of an object of strings to its closing brace; the first name was read already. */
static int read_members(struct json *json, bool lenient)
{
    int r;

    for (;;) {
        if (!take(json, ':'))
            return malformed(json);
        if ((r = read_string(json, &json->value)) < 0 || (r = use_member(json, lenient)) < 0)
            return r;
        if (take(json, '}'))
            return 0;
        if (!take(json, ','))
            return malformed(json);
        if ((r = read_string(json, &json->name)) < 0)
            return r;
    }
}

static int read_document(struct json *json)
{
    bool wrapped;
    int r;

    if (!take(json, '{'))
        return malformed(json);
    if ((r = read_string(json, &json->name)) < 0)
        return r;
    wrapped = strcmp(buf_text(&json->name), "AccessKey") == 0;
    if (wrapped) {
        if (!take(json, ':') || !take(json, '{'))
            return malformed(json);
        if ((r = read_string(json, &json->name)) < 0)
            return r;
    }
    if ((r = read_members(json, wrapped)) < 0)
        return r;
    return wrapped && !take(json, '}') ? malformed(json) : 0;
}

static int check_key(struct json *json)
{
    const struct access_key *key = json->key;

    if (!key->id || !key->secret || !access_key_id_valid(key->id))
        return malformed(json);
    if (strncmp(key->id, "ASIA", 4) == 0)
        return temporary(json);
    if (!access_key_secret_valid(key->secret))
        return error_set(json->error, EXIT_FAILED,
                         "the secret access key is cut or mistyped; it has %u letters, digits, / "
                         "and + or more: copy it anew",
                         SECRET_MIN);
    return 0;
}

/* *used is how much of the text the document took. As access_key_next(). */
static int read_one(const struct buf *text, struct access_key *key, size_t *used,
                    struct error *error)
{
    struct json json = {.key = key, .error = error};
    int r;

    *key = (struct access_key){0};
    json.at = buf_data(text);
    json.end = json.at + buf_len(text);
    buf_init(&json.name);
    buf_init(&json.value);
    if ((r = read_document(&json)) == 0) {
        peek(&json);
        r = check_key(&json) < 0 ? 1 : 0;
    }
    *used = (size_t)(json.at - buf_data(text));
    if (r != 0)
        access_key_free(key);
    buf_free(&json.name);
    buf_free(&json.value);
    return r;
}

int access_key_read(const struct buf *text, struct access_key *key, struct error *error)
{
    struct json json = {.error = error};
    size_t len = buf_len(text), used;

    *key = (struct access_key){0};
    if (len == 0 || len > ACCESS_KEY_INPUT_MAX)
        return malformed(&json);
    if (read_one(text, key, &used, error) != 0)
        return -1;
    if (used == len)
        return 0;
    access_key_free(key);
    return malformed(&json);
}

int access_key_next(struct buf *text, struct access_key *key, struct error *error)
{
    size_t used;
    int r;

    if (!buf_len(text)) {
        struct json json = {.error = error};

        *key = (struct access_key){0};
        return malformed(&json);
    }
    r = read_one(text, key, &used, error);
    buf_take(text, used);
    return r;
}

void access_key_free(struct access_key *key)
{
    arena_free(key->id);
    arena_free(key->secret);
    *key = (struct access_key){0};
}
