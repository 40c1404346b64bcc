// SPDX-License-Identifier: BSD-2-Clause
// The one owned buffer: bounded, in the arena, wiping, self-checking.
#include "buf.h"

#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define CHECK      0x62756621u
#define FIRST_SIZE 512

static void check(const struct buf *buf)
{
    if (buf->check != CHECK || buf->start > buf->end || buf->end > buf->size ||
        buf->size > BUF_MAX || (buf->size && !buf->data))
        abort();
}

void buf_init(struct buf *buf)
{
    *buf = (struct buf){.check = CHECK};
}

void buf_free(struct buf *buf)
{
    check(buf);
    arena_free(buf->data);
    buf_init(buf);
}

size_t buf_len(const struct buf *buf)
{
    check(buf);
    return buf->end - buf->start;
}

uint8_t *buf_data(const struct buf *buf)
{
    check(buf);
    return buf->data ? buf->data + buf->start : NULL;
}

static int grow(struct buf *buf, size_t need)
{
    size_t size = buf->size ? buf->size : FIRST_SIZE, held = buf->end - buf->start;
    uint8_t *data;

    while (size < need)
        size *= 2;
    if (!(data = arena_alloc(size)))
        return -ENOMEM;
    if (held)
        memcpy(data, buf->data + buf->start, held);
    arena_free(buf->data);
    *buf = (struct buf){.check = CHECK, .data = data, .end = held, .size = size};
    return 0;
}

int buf_extend(struct buf *buf, size_t n, uint8_t **room)
{
    size_t held = buf_len(buf);
    int r;

    if (n > BUF_MAX || held > BUF_MAX - n)
        return -ENOBUFS;
    if (buf->size - buf->end < n && (r = grow(buf, held + n)) < 0)
        return r;
    *room = buf->data + buf->end;
    buf->end += n;
    return 0;
}

int buf_put(struct buf *buf, const void *data, size_t n)
{
    uint8_t *room;
    int r;

    if (!n)
        return 0;
    if ((r = buf_extend(buf, n, &room)) < 0)
        return r;
    memcpy(room, data, n);
    return 0;
}

int buf_put_u8(struct buf *buf, uint8_t value)
{
    return buf_put(buf, &value, sizeof value);
}

int buf_put_u32(struct buf *buf, uint32_t value)
{
    uint32_t big = htobe32(value);

    return buf_put(buf, &big, sizeof big);
}

int buf_put_u64(struct buf *buf, uint64_t value)
{
    uint64_t big = htobe64(value);

    return buf_put(buf, &big, sizeof big);
}

int buf_put_text(struct buf *buf, const char *text)
{
    return buf_put(buf, text, strlen(text));
}

int buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    uint8_t *room;
    int n, r;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return -EINVAL;
    if ((r = buf_extend(buf, (size_t)n + 1, &room)) < 0)
        return r;
    va_start(args, format);
    vsnprintf((char *)room, (size_t)n + 1, format, args);
    va_end(args);
    buf_trim(buf, 1);
    return 0;
}

void buf_take(struct buf *buf, size_t n)
{
    if (n > buf_len(buf))
        abort();
    if (!n)
        return;
    explicit_bzero(buf->data + buf->start, n);
    buf->start += n;
    if (buf->start == buf->end)
        buf->start = buf->end = 0;
}

void buf_trim(struct buf *buf, size_t n)
{
    if (n > buf_len(buf))
        abort();
    if (!n)
        return;
    buf->end -= n;
    explicit_bzero(buf->data + buf->end, n);
}

const char *buf_text(struct buf *buf)
{
    if (buf_put_u8(buf, 0) < 0)
        return NULL;
    buf_trim(buf, 1);
    return (const char *)buf_data(buf);
}
