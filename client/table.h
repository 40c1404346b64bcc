// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_TABLE_H
#define AWSTAP_TABLE_H

#include <stddef.h>

#include "buf.h"

#define TABLE_COLUMNS 8

/* A table for people: cells row by row, aligned when it is printed. The first error is kept. */
struct table {
    struct buf cells; /* texts, each with its NUL */
    size_t columns, width[TABLE_COLUMNS], count;
    int error;
};

/* columns is at most TABLE_COLUMNS. */
void table_init(struct table *table, size_t columns);
void table_free(struct table *table);

/* The next cell, from left to right; control characters in it are replaced, and an empty one shows
 * as `-`. */
void table_cell(struct table *table, const char *text);

/* All rows to stdout. An exit status, and why on stderr. */
int table_print(const struct table *table);

#endif
