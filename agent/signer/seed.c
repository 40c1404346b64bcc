// SPDX-License-Identifier: BSD-2-Clause
// A TOTP seed read from base32 or an otpauth:// URI. Neither branches nor table look-ups depend on
// the seed's characters, but on where blanks and padding stand. No message says what stands in the
// input.
#include "seed.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "arena.h"

#define CHARS_MAX ((SEED_MAX * 8 + 4) / 5)

/* All ones where low <= c <= high, else zero. */
static uint32_t in_range(uint32_t c, uint32_t low, uint32_t high)
{
    return 0u - (((low - 1 - c) & (c - high - 1)) >> 31);
}

/* The value of a base32 character; above 31 for any other. */
static uint32_t base32_value(uint8_t c)
{
    uint32_t letter = in_range(c | 0x20u, 'a', 'z'), digit = in_range(c, '2', '7');

    return (letter & ((c | 0x20u) - 'a')) | (digit & (c - (uint32_t)'2' + 26)) |
           (~(letter | digit) & 32);
}

struct decoder {
    uint8_t *out; /* SEED_MAX bytes */
    size_t chars, pads, len;
    uint32_t bits, count; /* bits not yet in out, and how many */
    uint32_t wrong;       /* not zero once there was a character that is no base32 */
};

/* One character that is no blank; false where it can't stand. */
static bool decode_one(struct decoder *d, uint8_t c)
{
    uint32_t value;

    if (c == '=')
        return ++d->pads <= 6;
    if (d->pads || ++d->chars > CHARS_MAX)
        return false;
    value = base32_value(c);
    d->wrong |= value >> 5;
    d->bits = d->bits << 5 | (value & 31);
    d->count += 5;
    if (d->count >= 8 && d->len < SEED_MAX) {
        d->count -= 8;
        d->out[d->len++] = (uint8_t)(d->bits >> d->count);
        d->bits &= (1u << d->count) - 1;
    }
    return true;
}

/*
 * A length that no whole number of bytes has, or bits left over, tell of a seed that was cut or
 * mistyped.
 */
static bool decoded_whole(const struct decoder *d)
{
    size_t rest = d->chars % 8;

    return !d->wrong && !d->bits && rest != 1 && rest != 3 && rest != 6 &&
           (!d->pads || (d->chars + d->pads) % 8 == 0);
}

static bool base32_decode(const uint8_t *text, size_t n, uint8_t out[SEED_MAX], size_t *len)
{
    struct decoder d = {.out = out};
    bool ok = true;

    for (size_t i = 0; i < n && ok; i++)
        if (text[i] != ' ' && text[i] != '-')
            ok = decode_one(&d, text[i]);
    ok = ok && decoded_whole(&d);
    *len = d.len;
    explicit_bzero(&d, sizeof d);
    return ok;
}

static int read_base32(const uint8_t *text, size_t n, struct seed *seed, struct error *error)
{
    if (!(seed->data = arena_alloc(SEED_MAX)))
        return error_set(error, EXIT_FAILED, "out of memory for a seed");
    if (!base32_decode(text, n, seed->data, &seed->len))
        return error_set(error, EXIT_FAILED,
                         "the seed is not base32 (letters and 2 to 7), or is cut; copy all of the "
                         "secret that AWS shows");
    if (seed->len < SEED_MIN)
        return error_set(error, EXIT_FAILED,
                         "the seed is too short (%zu bytes of at least %d); copy all of the secret "
                         "that AWS shows",
                         seed->len, SEED_MIN);
    return 0;
}

/* Append text with its %XX decoded to out. */
static int put_decoded(struct buf *out, const uint8_t *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = text[i];

        if (c == '%') {
            if (n - i < 3 ||
                sodium_hex2bin(&c, 1, (const char *)text + i + 1, 2, NULL, NULL, NULL) < 0)
                return -1;
            i += 2;
        }
        if (c < ' ' || c > '~' || buf_put_u8(out, c) < 0)
            return -1;
    }
    return 0;
}

enum parameter { SECRET, ALGORITHM, DIGITS, PERIOD, PARAMETERS };

/* The parameters of a URI that matter; each empty until it has come. */
struct parameters {
    struct buf values[PARAMETERS];
};

/* One NAME=VALUE; a name unknown here (issuer, image) changes no code and is let pass. */
static int put_parameter(struct parameters *parameters, const uint8_t *text, size_t n)
{
    static const char *const names[PARAMETERS] = {"secret", "algorithm", "digits", "period"};
    const uint8_t *equals = memchr(text, '=', n);
    size_t len = equals ? (size_t)(equals - text) : n;

    for (size_t i = 0; i < PARAMETERS; i++) {
        if (len != strlen(names[i]) || strncasecmp((const char *)text, names[i], len) != 0)
            continue;
        if (!equals || buf_len(&parameters->values[i]) || len + 1 == n)
            return -1;
        return put_decoded(&parameters->values[i], equals + 1, n - len - 1);
    }
    return 0;
}

static int split_parameters(struct parameters *parameters, const uint8_t *text, size_t n)
{
    while (n) {
        const uint8_t *and = memchr(text, '&', n);
        size_t len = and? (size_t)(and-text) : n;

        if (put_parameter(parameters, text, len) < 0)
            return -1;
        len += and? 1 : 0;
        text += len;
        n -= len;
    }
    return 0;
}

static bool value_is(const struct buf *value, const char *expected)
{
    size_t n = buf_len(value);

    return n == 0 ||
           (n == strlen(expected) && strncasecmp((const char *)buf_data(value), expected, n) == 0);
}

static int read_parameters(struct parameters *parameters, const uint8_t *text, size_t n,
                           struct seed *seed, struct error *error)
{
    struct buf *values = parameters->values;

    if (memchr(text, '#', n) || split_parameters(parameters, text, n) < 0 ||
        !buf_len(&values[SECRET]))
        return error_set(error, EXIT_FAILED,
                         "the otpauth:// URI is damaged or has no secret; copy all of it");
    if (!value_is(&values[ALGORITHM], "SHA1") || !value_is(&values[DIGITS], "6") ||
        !value_is(&values[PERIOD], "30"))
        return error_set(
            error, EXIT_FAILED,
            "this seed makes codes that AWS does not take (AWS: SHA1, 6 digits, 30 s); "
            "import the seed of the AWS device");
    return read_base32(buf_data(&values[SECRET]), buf_len(&values[SECRET]), seed, error);
}

static int read_uri(const uint8_t *text, size_t n, struct seed *seed, struct error *error)
{
    static const char scheme[] = "otpauth://totp/";
    const uint8_t *query = memchr(text, '?', n);
    struct parameters parameters;
    int r;

    if (n < strlen(scheme) || strncasecmp((const char *)text, scheme, strlen(scheme)) != 0 ||
        !query)
        return error_set(error, EXIT_FAILED,
                         "that is no otpauth://totp/ URI; AWS takes time-based codes only: give "
                         "the URI or the secret of a virtual MFA device");
    query++;
    for (size_t i = 0; i < PARAMETERS; i++)
        buf_init(&parameters.values[i]);
    r = read_parameters(&parameters, query, n - (size_t)(query - text), seed, error);
    for (size_t i = 0; i < PARAMETERS; i++)
        buf_free(&parameters.values[i]);
    return r;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int seed_read(const struct buf *text, struct seed *seed, struct error *error)
{
    static const char scheme[] = "otpauth:";
    const uint8_t *at = buf_data(text);
    size_t n = buf_len(text);
    int r;

    *seed = (struct seed){0};
    while (n && is_space(*at)) {
        at++;
        n--;
    }
    while (n && is_space(at[n - 1]))
        n--;
    if (n == 0 || n > SEED_INPUT_MAX)
        return error_set(error, EXIT_FAILED,
                         "there is no seed in the input; give its base32 text or otpauth:// URI");
    if (n >= strlen(scheme) && strncasecmp((const char *)at, scheme, strlen(scheme)) == 0)
        r = read_uri(at, n, seed, error);
    else
        r = read_base32(at, n, seed, error);
    if (r < 0)
        seed_free(seed);
    return r;
}

/* The base32 character of a value below 32. */
static uint8_t base32_character(uint32_t value)
{
    uint32_t letter = in_range(value, 0, 25);

    return (uint8_t)((letter & (value + 'A')) | (~letter & (value - 26 + '2')));
}

/* Append the seed in base32, a blank behind each group of so many characters (0: none). n * 8 is a
 * multiple of 5 or bits of 0 are added. */
static int put_base32(struct buf *out, const uint8_t *seed, size_t n, size_t group)
{
    size_t chars = (n * 8 + 4) / 5;
    int r = 0;

    for (size_t i = 0; r == 0 && i < chars; i++) {
        size_t bit = i * 5, byte = bit / 8;
        uint32_t two = (uint32_t)seed[byte] << 8 | (byte + 1 < n ? seed[byte + 1] : 0u);

        if (group && i && i % group == 0)
            r = buf_put_u8(out, ' ');
        if (r == 0)
            r = buf_put_u8(out, base32_character(two >> (11 - bit % 8) & 31));
    }
    return r;
}

int seed_put_groups(struct buf *out, const uint8_t *seed, size_t n)
{
    return put_base32(out, seed, n, 4);
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

int seed_put_uri(struct buf *out, const uint8_t *seed, size_t n, const char *label)
{
    int r = buf_put_text(out, "otpauth://totp/awstap:");

    for (; r == 0 && *label; label++)
        r = is_unreserved((uint8_t)*label) ? buf_put_u8(out, (uint8_t)*label)
                                           : buf_printf(out, "%%%02X", (uint8_t)*label);
    if (r == 0 && (r = buf_put_text(out, "?secret=")) == 0 &&
        (r = put_base32(out, seed, n, 0)) == 0)
        r = buf_put_text(out, "&issuer=awstap");
    return r;
}

void seed_free(struct seed *seed)
{
    arena_free(seed->data);
    *seed = (struct seed){0};
}
