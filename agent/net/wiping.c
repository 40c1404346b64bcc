// SPDX-License-Identifier: BSD-2-Clause
// libcurl's heap: malloc, but for what it leaves behind.
#include "wiping.h"

#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void wiping_free(void *block)
{
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

/* realloc() may leave the old bytes behind: move by hand. */
static void *wiping_realloc(void *block, size_t size)
{
    size_t held = block ? malloc_usable_size(block) : 0;
    void *moved = malloc(size);

    if (!moved)
        return NULL;
    if (held)
        memcpy(moved, block, held < size ? held : size);
    wiping_free(block);
    return moved;
}

int wiping_start_curl(void)
{
    CURLcode code =
        curl_global_init_mem(CURL_GLOBAL_SSL, malloc, wiping_free, wiping_realloc, strdup, calloc);

    return code == CURLE_OK ? 0 : -ENOMEM;
}
