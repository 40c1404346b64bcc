// SPDX-License-Identifier: BSD-2-Clause
// A table for people.
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "message.h"
#include "output.h"
#include "printable.h"

void table_init(struct table *table, size_t columns)
{
    if (columns == 0 || columns > TABLE_COLUMNS)
        abort();
    *table = (struct table){.columns = columns};
    buf_init(&table->cells);
}

void table_free(struct table *table)
{
    buf_free(&table->cells);
}

/* Columns on the screen, as far as counting characters tells. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void table_cell(struct table *table, const char *text)
{
    size_t *widest = &table->width[table->count % table->columns];
    const char *shown = *text ? text : "-";
    char *cell;

    if (table->error < 0 || (table->error = buf_put(&table->cells, shown, strlen(shown) + 1)) < 0)
        return;
    cell = (char *)buf_data(&table->cells) + buf_len(&table->cells) - strlen(shown) - 1;
    printable_clean(cell);
    if (width_of(cell) > *widest)
        *widest = width_of(cell);
    table->count++;
}

static int lay_out(const struct table *table, struct buf *out)
{
    const char *cell = (const char *)buf_data(&table->cells);
    int r = 0;

    for (size_t i = 0; i < table->count && r == 0; i++, cell += strlen(cell) + 1) {
        size_t column = i % table->columns, pad = table->width[column] - width_of(cell) + 2;

        if (column == table->columns - 1)
            r = buf_printf(out, "%s\n", cell);
        else
            r = buf_printf(out, "%s%*s", cell, (int)pad, "");
    }
    return r;
}

int table_print(const struct table *table)
{
    struct buf out;
    int r, status;

    buf_init(&out);
    r = table->error < 0 ? table->error : lay_out(table, &out);
    status = r < 0 ? fail(EXIT_FAILED, "the table could not be put together: %s", strerror(-r))
                   : output_buf(&out);
    buf_free(&out);
    return status;
}
