// SPDX-License-Identifier: BSD-2-Clause
// What a pinentry says: any bytes as a line, and any text in a command to it.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "assuan.h"
#include "plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy with room for one byte more. */
static char *copy(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (text && size)
        memcpy(text, data, size);
    if (text)
        text[size] = '\0';
    return text;
}

static void hear(char *line, size_t size)
{
    struct assuan_line parsed;

    assuan_parse(line, size, &parsed);
    if (parsed.kind == ASSUAN_COMMENT || parsed.kind == ASSUAN_JUNK)
        return;
    if (parsed.text < line || parsed.text + parsed.len > line + size || parsed.text[parsed.len])
        abort();
    if (parsed.kind != ASSUAN_DATA && strlen(parsed.text) != parsed.len)
        abort();
}

/* Whatever the text is, one line comes of it, and it says the same when it is read. */
static void tell(char *text)
{
    char line[ASSUAN_LINE_SIZE];
    struct assuan_line parsed;
    size_t len;

    plain_lines(text, false);
    len = assuan_command(line, "D", text);
    if (len > ASSUAN_LINE_MAX + 1 || strlen(line) != len || strchr(line, '\n') != line + len - 1)
        abort();
    assuan_parse(line, len - 1, &parsed);
    if (parsed.kind != ASSUAN_DATA)
        abort();
    if (strcmp(parsed.text, text) != 0 &&
        (parsed.len < 3 || strcmp(parsed.text + parsed.len - 3, "...") != 0 ||
         strncmp(parsed.text, text, parsed.len - 3) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = copy(data, size), *text = copy(data, size);

    if (line && text) {
        hear(line, size);
        tell(text);
    }
    free(line);
    free(text);
    return 0;
}
