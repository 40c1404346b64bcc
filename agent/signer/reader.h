// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_READER_H
#define AWSTAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Takes the vault's fields from the front of bytes that are not believed. The first field that is
 * not there, too long or no text makes it bad; from then on every read yields zeros, so that one
 * look at bad behind many reads is enough.
 */
struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);

/* Exactly n bytes into out. */
void reader_bytes(struct reader *reader, uint8_t *out, size_t n);

/* A string of at most max bytes into out; the length is returned. */
size_t reader_string(struct reader *reader, uint8_t *out, size_t max);

/* A string of at most size - 1 bytes that is printable_valid(), into out with a NUL behind. */
void reader_text(struct reader *reader, char *out, size_t size);

#endif
