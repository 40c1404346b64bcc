// SPDX-License-Identifier: BSD-2-Clause
// AWS's XML, read by expat and flattened to paths and values.
#include "reply_xml.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <string.h>

#include "arena.h"

#define ROOT_SUFFIX "Response"

struct reading {
    XML_Parser parser;
    struct buf text; /* of the element that is open and may be a leaf */
    struct buf *fields;
    char path[REPLY_XML_PATH];
    size_t path_len;
    unsigned depth, elements;
    bool leaf; /* nothing but text since the last start tag */
    int error; /* the first one; what expat still reports after it is ignored */
};

static void *move_block(void *block, size_t size)
{
    void *moved;

    if (block && size <= arena_capacity(block))
        return block;
    if (!(moved = arena_alloc(size)))
        return NULL;
    if (block)
        memcpy(moved, block, arena_capacity(block));
    arena_free(block);
    return moved;
}

static void stop(struct reading *reading, int error)
{
    if (reading->error)
        return;
    reading->error = error;
    XML_StopParser(reading->parser, XML_FALSE);
}

static const char *without_prefix(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

static bool is_reply_root(const char *name)
{
    size_t len = strlen(name), suffix = strlen(ROOT_SUFFIX);

    return len >= suffix && strcmp(name + len - suffix, ROOT_SUFFIX) == 0;
}

/* Append "/name" (the first one without the slash), kept NUL-terminated. */
static int enter(struct reading *reading, const char *name)
{
    size_t len = strlen(name), slash = reading->path_len ? 1 : 0;

    if (reading->path_len + slash + len >= sizeof reading->path)
        return -EMSGSIZE;
    if (slash)
        reading->path[reading->path_len++] = '/';
    memcpy(reading->path + reading->path_len, name, len + 1);
    reading->path_len += len;
    return 0;
}

static void leave(struct reading *reading)
{
    char *slash = strrchr(reading->path, '/');

    reading->path_len = slash ? (size_t)(slash - reading->path) : 0;
    reading->path[reading->path_len] = '\0';
}

/* The seed of a new MFA device once more, as a picture: larger than all else together, and of no
 * use to anyone here. */
static bool is_picture(const struct reading *reading)
{
    const char *slash = strrchr(reading->path, '/');

    return slash && strcmp(slash + 1, "QRCodePNG") == 0;
}

static void on_start(void *data, const XML_Char *full_name, const XML_Char **attributes)
{
    struct reading *reading = data;
    const char *name = without_prefix(full_name);

    (void)attributes;
    if (reading->error)
        return;
    if (++reading->depth > REPLY_XML_DEPTH || ++reading->elements > REPLY_XML_ELEMENTS)
        return stop(reading, -EMSGSIZE);
    if (!*name || (reading->depth == 1 && !is_reply_root(name))) /* expat takes "p:" for a name */
        return stop(reading, -EBADMSG);
    if (reading->depth > 1 && enter(reading, name) < 0)
        return stop(reading, -EMSGSIZE);
    buf_trim(&reading->text, buf_len(&reading->text));
    reading->leaf = !is_picture(reading);
}

static void on_text(void *data, const XML_Char *text, int len)
{
    struct reading *reading = data;

    if (reading->error || !reading->leaf)
        return;
    if (buf_len(&reading->text) + (size_t)len > REPLY_XML_FIELDS)
        return stop(reading, -EMSGSIZE);
    if (buf_put(&reading->text, text, (size_t)len) < 0)
        stop(reading, -ENOMEM);
}

static int add_field(struct reading *reading)
{
    struct buf *fields = reading->fields;
    size_t text_len = buf_len(&reading->text);
    int r;

    if (buf_len(fields) + reading->path_len + text_len + 2 > REPLY_XML_FIELDS)
        return -EMSGSIZE;
    if ((r = buf_put(fields, reading->path, reading->path_len + 1)) < 0 ||
        (r = buf_put(fields, buf_data(&reading->text), text_len)) < 0)
        return r;
    return buf_put_u8(fields, 0);
}

static void on_end(void *data, const XML_Char *name)
{
    struct reading *reading = data;
    int r = 0;

    (void)name;
    if (reading->error)
        return;
    if (reading->leaf && reading->depth > 1)
        r = add_field(reading);
    reading->leaf = false;
    reading->depth--;
    leave(reading);
    if (r < 0)
        stop(reading, r);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    stop(data, -EBADMSG);
}

static int read_all(struct reading *reading, const uint8_t *xml, size_t len)
{
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reading->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
    if (XML_Parse(reading->parser, (const char *)xml, (int)len, XML_TRUE) == XML_STATUS_OK)
        return 0;
    if (reading->error)
        return reading->error;
    return XML_GetErrorCode(reading->parser) == XML_ERROR_NO_MEMORY ? -ENOMEM : -EBADMSG;
}

int reply_xml_parse(const uint8_t *xml, size_t len, struct buf *fields)
{
    static const XML_Memory_Handling_Suite in_arena = {arena_alloc, move_block, arena_free};
    struct reading reading = {.fields = fields};
    int r;

    if (len > BUF_MAX)
        return -EMSGSIZE;
    if (!len)
        return -EBADMSG;
    reading.parser = XML_ParserCreate_MM("UTF-8", &in_arena, NULL);
    if (!reading.parser)
        return -ENOMEM;
    buf_init(&reading.text);
    r = read_all(&reading, xml, len);
    buf_free(&reading.text);
    XML_ParserFree(reading.parser);
    return r;
}
