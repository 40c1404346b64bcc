// SPDX-License-Identifier: BSD-2-Clause
// Amazon Resource Names of IAM and STS.
#include "arn.h"

#include <string.h>

#include "ascii.h"
#include "endpoint.h"

/* Copy what stands before the next colon; the text after it, or NULL when it does not fit. */
static const char *split(const char *at, char *part, size_t size)
{
    size_t n = strcspn(at, ":");

    if (at[n] != ':' || n >= size)
        return NULL;
    memcpy(part, at, n);
    part[n] = '\0';
    return at + n + 1;
}

static bool is_graphic(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

bool arn_read(const char *text, struct arn *arn)
{
    char prefix[4], region[1];
    const char *at = text;

    if (strnlen(text, ARN_MAX + 1) > ARN_MAX || !(at = split(at, prefix, sizeof prefix)) ||
        !(at = split(at, arn->partition, sizeof arn->partition)) ||
        !(at = split(at, arn->service, sizeof arn->service)) ||
        !(at = split(at, region, sizeof region)) ||
        !(at = split(at, arn->account, sizeof arn->account)))
        return false;
    arn->resource = at;
    return strcmp(prefix, "arn") == 0 && endpoint_default_region(arn->partition) &&
           (ascii_consists_of(arn->account, ASCII_DIGITS, 12, 12) ||
            strcmp(arn->account, "aws") == 0) &&
           *at && is_graphic(at);
}
