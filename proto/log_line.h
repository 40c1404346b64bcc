// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_LOG_LINE_H
#define AWSTAP_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "utc.h"

/*
 * The lines of the log: the agent writes them, the signer checks them, awstap prints them. Fields
 * are separated by tabs, an empty one was not given, numbers are decimal, bytes are hex in lower
 * case. An event has 13 fields:
 *
 *   time what key role duration who how access_key_id expiration why segment count MAC
 *
 * and the beginning of a segment, or of its part in a file, has 9:
 *
 *   time "begin" id public_key sealed before segment count MAC
 *
 * A segment is what one agent has logged with one chain of keys (log_chain.h); segment is the
 * beginning of its id, count the number of the line in it. public_key is the vault's, to which the
 * segment's first key is sealed; before is the hash of all that the file held before this line, or
 * of the file that it follows where this is its first.
 */

#define LOG_FILE       "log"                 /* in the state folder */
#define LOG_OLDER_FILE "log.1"               /* what was LOG_FILE until it was full */
#define LOG_FILE_MAX   ((size_t)1024 * 1024) /* a file that is as large takes no further line */

#define LOG_SLACK ((size_t)4096) /* that its last lines may go beyond that */

#define LOG_ID_BYTES     16
#define LOG_TAG_BYTES    4 /* of the id, in each line */
#define LOG_KEY_BYTES    32
#define LOG_SEALED_BYTES (LOG_KEY_BYTES + 48) /* crypto_box_seal */
#define LOG_HASH_BYTES   16
#define LOG_MAC_BYTES    16

#define LOG_LINE_MAX 2048 /* a line with its newline; the writer cuts what is longer */

/* What happened. A text may be NULL where there is nothing to say. No secret may be among them. */
struct log_event {
    const char *what; /* issued, served, refused, locked, … */
    const char *who;  /* who asked, as far as the system tells */
    const char *key;  /* in the vault */
    const char *role; /* ARN */
    uint32_t duration;
    const char *how; /* it was confirmed: the factor, or "cached" */
    const char *access_key_id;
    uint64_t expiration; /* seconds since 1970; 0: none */
    const char *why;     /* it was refused */
};

struct log_begin {
    uint8_t id[LOG_ID_BYTES];
    uint8_t public_key[LOG_KEY_BYTES];
    uint8_t sealed[LOG_SEALED_BYTES];
    uint8_t before[LOG_HASH_BYTES];
};

struct log_line {
    uint64_t time;          /* seconds since 1970 */
    int is_begin;           /* begin counts, not event */
    struct log_event event; /* its texts lead into text, and none is NULL */
    struct log_begin begin;
    uint8_t tag[LOG_TAG_BYTES];
    uint64_t count;
    uint8_t mac[LOG_MAC_BYTES];
    size_t covered; /* the bytes of the line that the MAC is of: all before it */
    char text[LOG_LINE_MAX];
};

/*
 * Write all of a line but its MAC, into out. Texts are cut to their limits and made printable, so
 * nothing from outside can end a field or a line. The length.
 */
size_t log_line_event(char out[LOG_LINE_MAX], uint64_t time, const struct log_event *event,
                      const uint8_t tag[LOG_TAG_BYTES], uint64_t count);
size_t log_line_begin(char out[LOG_LINE_MAX], uint64_t time, const struct log_begin *begin,
                      uint64_t count);

/* Add the MAC and the newline to a line of len bytes. The new length. */
size_t log_line_end(char out[LOG_LINE_MAX], size_t len, const uint8_t mac[LOG_MAC_BYTES]);

/* Read a line of len bytes, its newline not among them. 0, or -EPROTO: it is none that the
 * functions above write. */
int log_line_parse(const char *data, size_t len, struct log_line *line);

#endif
