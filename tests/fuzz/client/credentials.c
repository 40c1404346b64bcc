// SPDX-License-Identifier: BSD-2-Clause
// The AWS credentials file: any bytes, what is found in them, and what is left without it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "aws_config.h"
#include "credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool all(const struct credentials_profile *profile, const void *context)
{
    (void)context;
    return profile->problem == CREDENTIALS_GOOD;
}

static void check_within(const struct credentials *credentials, struct span span)
{
    check(!span.len || (span.at >= credentials->text &&
                        span.at + span.len <= credentials->text + credentials->len));
}

/* The pieces joined, in the arena, and their length. */
static char *join(const struct span *pieces, size_t count, size_t *len)
{
    char *joined = arena_alloc(CREDENTIALS_MAX + AWS_CONFIG_HEADING + 64);

    check(joined);
    *len = 0;
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].len)
            memcpy(joined + *len, pieces[i].at, pieces[i].len);
        *len += pieces[i].len;
    }
    return joined;
}

/* None of what was taken out is found in what is left, and all else is. */
static void take_out(const struct credentials *before)
{
    static struct span pieces[CREDENTIALS_PIECES];
    static struct credentials after;
    size_t count = credentials_without(before, all, NULL, pieces), len, good = 0;
    char *left;

    for (size_t i = 0; i < count; i++)
        check_within(before, pieces[i]);
    for (size_t i = 0; i < before->count; i++)
        good += before->profiles[i].problem == CREDENTIALS_GOOD;
    left = join(pieces, count, &len);
    check(len <= before->len && (good || len == before->len));
    memset(&after, 0, sizeof after);
    check(credentials_parse(&after, left, len) == 0);
    check(before->count == CREDENTIALS_PROFILES || after.count == before->count - good);
    credentials_free(&after);
}

/* Whatever the file is, the profile that was written into it asks for what was written. */
static void set_process(struct span text)
{
    struct span pieces[AWS_CONFIG_PIECES];
    char heading[AWS_CONFIG_HEADING], *joined, *copy;
    struct aws_profile profile;
    struct aws_config config;
    size_t len, count = aws_config_set_process(text, "work", "PROCESS", heading, pieces);

    joined = join(pieces, count, &len);
    check((copy = malloc(len + 1)));
    memcpy(copy, joined, len);
    copy[len] = '\0';
    arena_free(joined);
    aws_config_parse(&config, copy, len);
    check(aws_config_profile(&config, "work", &profile));
    aws_config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct credentials credentials; /* too large for the stack */
    static bool ready;
    char *text;

    if (!ready)
        check(arena_open((size_t)2 * 1024 * 1024, ARENA_LOCK_WANTED) == 0);
    ready = true;
    if (size > CREDENTIALS_MAX)
        return 0;
    check((text = arena_alloc(size + 1)));
    if (size)
        memcpy(text, data, size);
    memset(&credentials, 0, sizeof credentials);
    if (credentials_parse(&credentials, text, size) == 0) {
        for (size_t i = 0; i < credentials.count; i++)
            check_within(&credentials, credentials.profiles[i].section);
        take_out(&credentials);
        set_process((struct span){text, size});
    }
    credentials_free(&credentials);
    return 0;
}
