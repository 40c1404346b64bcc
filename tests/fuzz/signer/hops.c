// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: a role as a client's list of hops says it. What is accepted must make a body, and be
// as AWS wants it.
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "sts.h"

#define BODY_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_body(const struct role *role)
{
    struct buf body;

    buf_init(&body);
    if (sts_role_body(&body, role, "GAHT12345678", "012345") < 0 || buf_len(&body) > BODY_MAX)
        abort();
    for (const char *c = buf_text(&body); *c; c++)
        if (*c <= ' ' || *c > '~')
            abort();
    if (strlen(buf_text(&body)) != buf_len(&body))
        abort();
    buf_free(&body);
}

static void check_role(const struct role *role)
{
    size_t name = strlen(role->session_name);

    if (strcmp(role->arn.partition, "aws") != 0 || name < 2 || name > ROLE_NAME_MAX ||
        role->duration < 900 || role->duration > ROLE_SECONDS_MAX)
        abort();
    for (size_t i = 0; i < role->tag_count; i++)
        if (!role->tags[i].key || !role->tags[i].value)
            abort();
    check_body(role);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct list hops = {.len = size};
    struct role role;
    struct error error;
    char *copy;

    if (!ready && arena_open((size_t)1 << 20, ARENA_LOCK_WANTED) < 0)
        abort();
    ready = true;
    /* The codec lets no list through that does not end in a NUL, or that is longer. */
    if (!size || data[size - 1] || size > HOPS_BYTES_MAX)
        return 0;
    if (!(copy = malloc(size)))
        abort();
    memcpy(copy, data, size);
    hops.data = copy;
    if (role_read(&hops, "work", "aws", &role, &error) == 0)
        check_role(&role);
    else if (error.status != EXIT_USAGE)
        abort();
    free(copy);
    return 0;
}
