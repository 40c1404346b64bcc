// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: any bytes as an XML reply of AWS's.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "reply_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found has paths and values in pairs, each path findable, none beyond the limits. */
static void check_fields(const struct buf *buf)
{
    const struct list fields = {(const char *)buf_data(buf), buf_len(buf)};
    const char *value;

    if (fields.len > REPLY_XML_FIELDS || (fields.len && fields.data[fields.len - 1]))
        abort();
    for (const char *path = list_next(&fields, NULL); path; path = list_next(&fields, value)) {
        value = list_next(&fields, path);
        if (!value || !*path || strlen(path) >= REPLY_XML_PATH || !list_find(&fields, path, NULL))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf fields;

    if (arena_open((size_t)1024 * 1024, ARENA_LOCK_WANTED) < 0)
        abort();
    buf_init(&fields);
    if (reply_xml_parse(data, size, &fields) == 0)
        check_fields(&fields);
    buf_free(&fields);
    arena_close();
    return 0;
}
