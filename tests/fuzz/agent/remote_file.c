// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: any bytes as the file of the remote hosts, and the first of its names asked for.
#include "remote_file.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ask(const struct grant *grant)
{
    struct msg_get asked = {.duration = SESSION_SECONDS_MIN}, get;
    char why[GRANT_WHY], stake[1000];
    struct grant_entry entry;
    const char *at = NULL;
    struct buf hops;

    if (!grant_next(&grant->allow, &at, &entry))
        abort();
    asked.key = entry.name;
    buf_init(&hops);
    if (grant_get(grant, &asked, &hops, &get, why) < 0)
        abort();
    grant_stake(grant, entry.name, &get, stake, sizeof stake);
    asked.duration = grant->max_duration + 1;
    if (grant_get(grant, &asked, &hops, &get, why) == 0)
        abort();
    buf_free(&hops);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct buf content;

    if (!ready && (sodium_init() < 0 || arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED) < 0))
        abort();
    ready = true;
    buf_init(&content);
    if (buf_put(&content, data, size) == 0)
        remote_file_parse(&content, ask);
    buf_free(&content);
    return 0;
}
