// SPDX-License-Identifier: BSD-2-Clause
// AWS Signature Version 4. Whatever is derived from the secret lives on the stack and is wiped
// before its function returns; the canonical request, which may hold a session token, is built in
// the arena.
#include "sigv4.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TERMINAL  "aws4_request"
#define DATE_SIZE 17 /* 20150830T123600Z and a NUL; the first eight characters are the day */
#define TIME_MAX  253402300799u /* the end of the year 9999 */
#define DAY       86400u
#define LATE_MAX  300u
#define HASH_SIZE crypto_hash_sha256_BYTES
#define HEX_SIZE  (2 * HASH_SIZE + 1)

static int format_date(uint64_t time, char date[DATE_SIZE])
{
    time_t seconds = (time_t)time;
    struct tm tm;

    if (time > TIME_MAX || !gmtime_r(&seconds, &tm))
        return -EINVAL;
    return strftime(date, DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm) == DATE_SIZE - 1 ? 0 : -EINVAL;
}

static void hash_hex(const uint8_t *data, size_t len, char hex[HEX_SIZE])
{
    uint8_t hash[HASH_SIZE];

    crypto_hash_sha256(hash, data, len);
    sodium_bin2hex(hex, HEX_SIZE, hash, sizeof hash);
}

/* mac may be key: the key has been taken in before the result is written. */
static void hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
                 uint8_t mac[HASH_SIZE])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, data, len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_memzero(&state, sizeof state);
}

static void hmac_text(uint8_t key[HASH_SIZE], const char *text)
{
    hmac(key, HASH_SIZE, (const uint8_t *)text, strlen(text), key);
}

/* The key that signs for one day, region and service; the caller wipes it. */
static int derive_key(const char *secret, const struct sigv4_scope *scope,
                      const char date[DATE_SIZE], uint8_t derived[HASH_SIZE])
{
    uint8_t seed[4 + SIGV4_SECRET_MAX] = "AWS4";
    size_t len = strlen(secret);

    if (len > SIGV4_SECRET_MAX)
        return -EINVAL;
    memcpy(seed + 4, secret, len);
    hmac(seed, 4 + len, (const uint8_t *)date, 8, derived);
    sodium_memzero(seed, sizeof seed);
    hmac_text(derived, scope->region);
    hmac_text(derived, scope->service);
    hmac_text(derived, TERMINAL);
    return 0;
}

int sigv4_day_make(const char *secret, const struct sigv4_scope *scope, struct sigv4_day *day)
{
    char date[DATE_SIZE];
    int r;

    if (strlen(scope->region) >= sizeof day->region ||
        strlen(scope->service) >= sizeof day->service)
        return -EINVAL;
    if ((r = format_date(scope->time, date)) < 0 ||
        (r = derive_key(secret, scope, date, day->key)) < 0)
        return r;
    memcpy(day->date, date, sizeof day->date - 1);
    day->date[sizeof day->date - 1] = '\0';
    strcpy(day->region, scope->region);
    strcpy(day->service, scope->service);
    return 0;
}

static bool is_on(const struct sigv4_day *day, uint64_t time)
{
    char date[DATE_SIZE];

    return format_date(time, date) == 0 && strncmp(day->date, date, 8) == 0;
}

/* Whether the day was over at the last midnight, a short while ago. */
static bool is_just_over(const struct sigv4_day *day, uint64_t now)
{
    return now % DAY <= LATE_MAX && now > DAY && is_on(day, now - DAY);
}

bool sigv4_day_signs(const struct sigv4_day *day, uint64_t now)
{
    return is_on(day, now) || is_just_over(day, now);
}

uint64_t sigv4_time(const struct sigv4_key *key, uint64_t now)
{
    return key->day && is_just_over(key->day, now) ? now - now % DAY - 1 : now;
}

/* Likewise, from what there is to derive it from. */
static int signing_key(const struct sigv4_key *key, const struct sigv4_scope *scope,
                       const char date[DATE_SIZE], uint8_t derived[HASH_SIZE])
{
    const struct sigv4_day *day = key->day;

    if (!day)
        return derive_key(key->secret, scope, date, derived);
    if (strncmp(day->date, date, 8) != 0 || strcmp(day->region, scope->region) != 0 ||
        strcmp(day->service, scope->service) != 0)
        return -EKEYEXPIRED;
    memcpy(derived, day->key, HASH_SIZE);
    return 0;
}

static int put_signed_names(struct buf *out, const struct sigv4_request *request)
{
    int r = 0;

    for (size_t i = 0; i < request->header_count && r == 0; i++)
        r = buf_printf(out, "%s%s", i ? ";" : "", request->headers[i].name);
    return r;
}

static int put_canonical(struct buf *out, const struct sigv4_request *request)
{
    char hex[HEX_SIZE];
    int r;

    if ((r = buf_printf(out, "%s\n%s\n%s\n", request->method, request->path, request->query)) < 0)
        return r;
    for (size_t i = 0; i < request->header_count; i++)
        if ((r = buf_printf(out, "%s:%s\n", request->headers[i].name, request->headers[i].value)) <
            0)
            return r;
    if ((r = buf_put_u8(out, '\n')) < 0 || (r = put_signed_names(out, request)) < 0)
        return r;
    hash_hex(request->body.data, request->body.len, hex);
    return buf_printf(out, "\n%s", hex);
}

static int put_string_to_sign(struct buf *out, const struct sigv4_scope *scope,
                              const char date[DATE_SIZE], const struct sigv4_request *request)
{
    char hex[HEX_SIZE];
    struct buf canonical;
    int r;

    buf_init(&canonical);
    if ((r = put_canonical(&canonical, request)) < 0)
        goto out;
    hash_hex(buf_data(&canonical), buf_len(&canonical), hex);
    r = buf_printf(out, ALGORITHM "\n%s\n%.8s/%s/%s/" TERMINAL "\n%s", date, date, scope->region,
                   scope->service, hex);
out:
    buf_free(&canonical);
    return r;
}

int sigv4_authorization(const struct sigv4_key *key, const struct sigv4_scope *scope,
                        const struct sigv4_request *request, struct buf *out)
{
    char date[DATE_SIZE], hex[HEX_SIZE];
    uint8_t derived[HASH_SIZE], signature[HASH_SIZE];
    struct buf text;
    int r;

    buf_init(&text);
    if ((r = format_date(scope->time, date)) < 0 ||
        (r = put_string_to_sign(&text, scope, date, request)) < 0 ||
        (r = signing_key(key, scope, date, derived)) < 0)
        goto out;
    hmac(derived, sizeof derived, buf_data(&text), buf_len(&text), signature);
    sodium_memzero(derived, sizeof derived);
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    if ((r = buf_printf(out, ALGORITHM " Credential=%s/%.8s/%s/%s/" TERMINAL ", SignedHeaders=",
                        key->access_key_id, date, scope->region, scope->service)) < 0 ||
        (r = put_signed_names(out, request)) < 0)
        goto out;
    r = buf_printf(out, ", Signature=%s", hex);
out:
    buf_free(&text);
    return r;
}

int sigv4_post(const struct sigv4_key *key, const struct sigv4_scope *scope, const char *host,
               struct bytes body, struct buf *headers)
{
    static const char type[] = "application/x-www-form-urlencoded; charset=utf-8";
    const char *token = key->session_token && *key->session_token ? key->session_token : NULL;
    char date[DATE_SIZE];
    const struct sigv4_header list[] = {{"content-type", type},
                                        {"host", host},
                                        {"x-amz-date", date},
                                        {"x-amz-security-token", token}};
    const struct sigv4_request request = {.method = "POST",
                                          .path = "/",
                                          .query = "",
                                          .headers = list,
                                          .header_count = token ? 4 : 3,
                                          .body = body};
    int r;

    if ((r = format_date(scope->time, date)) < 0 ||
        (r = buf_printf(headers, "Host: %s%cContent-Type: %s%cX-Amz-Date: %s%c", host, 0, type, 0,
                        date, 0)) < 0)
        return r;
    if (token && (r = buf_printf(headers, "X-Amz-Security-Token: %s%c", token, 0)) < 0)
        return r;
    if ((r = buf_put_text(headers, "Authorization: ")) < 0 ||
        (r = sigv4_authorization(key, scope, &request, headers)) < 0)
        return r;
    return buf_put_u8(headers, 0);
}
