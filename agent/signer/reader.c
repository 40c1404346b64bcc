// SPDX-License-Identifier: BSD-2-Clause
// The reader of the vault's fields, from bytes that are not believed.
#include "reader.h"

#include <endian.h>
#include <string.h>

#include "printable.h"

void reader_bytes(struct reader *reader, uint8_t *out, size_t n)
{
    if (reader->bad || n > reader->left) {
        reader->bad = true;
        memset(out, 0, n);
        return;
    }
    memcpy(out, reader->at, n);
    reader->at += n;
    reader->left -= n;
}

uint32_t reader_u32(struct reader *reader)
{
    uint32_t big;

    reader_bytes(reader, (uint8_t *)&big, sizeof(big));
    return be32toh(big);
}

uint64_t reader_u64(struct reader *reader)
{
    uint64_t big;

    reader_bytes(reader, (uint8_t *)&big, sizeof(big));
    return be64toh(big);
}

size_t reader_string(struct reader *reader, uint8_t *out, size_t max)
{
    uint32_t len = reader_u32(reader);

    if (len > max)
        reader->bad = true;
    if (reader->bad)
        return 0;
    reader_bytes(reader, out, len);
    return reader->bad ? 0 : len;
}

void reader_text(struct reader *reader, char *out, size_t size)
{
    size_t len = reader_string(reader, (uint8_t *)out, size - 1);

    out[len] = '\0';
    if (!printable_valid(out, len))
        reader->bad = true;
}
