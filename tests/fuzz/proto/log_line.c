// SPDX-License-Identifier: BSD-2-Clause
// Fuzz target: any bytes as a line of the log. What is read must be written with the same bytes.
#include "log_line.h"

#include <stdlib.h>
#include <string.h>

#include "printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct log_line line;
    char again[LOG_LINE_MAX];
    size_t len;

    if (log_line_parse((const char *)data, size, &line) < 0)
        return 0;
    len = line.is_begin ? log_line_begin(again, line.time, &line.begin, line.count)
                        : log_line_event(again, line.time, &line.event, line.tag, line.count);
    if (len != line.covered)
        abort();
    len = log_line_end(again, len, line.mac);
    if (len != size + 1 || memcmp(again, data, size) != 0)
        abort();
    if (!line.is_begin && !printable_valid(line.event.who, strlen(line.event.who)))
        abort();
    return 0;
}
