// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_BUF_H
#define AWSTAP_BUF_H

#include <stddef.h>
#include <stdint.h>

/*
 * A buffer that owns its bytes: bounded, kept in the arena, wiped whenever bytes leave it, and
 * checked at every call (a damaged one ends the process). Bytes are added behind and taken in
 * front.
 */

#define BUF_MAX                                                                                    \
    ((size_t)256 * 1024) /* four of the largest frames: more is a fault of ours or an attack */

struct buf {
    uint32_t check; /* proves that buf_init() was here */
    uint8_t *data;
    size_t start, end, size;
};

void buf_init(struct buf *buf);

/* Wipe and release what it holds; it may be used again after buf_init(). */
void buf_free(struct buf *buf);

/* The bytes not yet taken. */
size_t buf_len(const struct buf *buf);
uint8_t *buf_data(const struct buf *buf);

/* Room for n more bytes, uninitialised in *room, counted as held. 0, -ENOBUFS (over BUF_MAX) or
 * -ENOMEM. */
int buf_extend(struct buf *buf, size_t n, uint8_t **room);

/* Append. 0 or an error of buf_extend(), and then nothing was appended. */
int buf_put(struct buf *buf, const void *data, size_t n);
int buf_put_u8(struct buf *buf, uint8_t value);
int buf_put_u32(struct buf *buf, uint32_t value);    /* big-endian */
int buf_put_u64(struct buf *buf, uint64_t value);    /* big-endian */
int buf_put_text(struct buf *buf, const char *text); /* the characters, without the NUL */
int buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Wipe the first n bytes and take them off; the last n bytes with buf_trim(). n is at most
 * buf_len(). */
void buf_take(struct buf *buf, size_t n);
void buf_trim(struct buf *buf, size_t n);

/* The contents as a C string (a NUL is kept behind them, not counted); NULL when memory is short.
 */
const char *buf_text(struct buf *buf);

#endif
