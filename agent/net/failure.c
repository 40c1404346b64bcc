// SPDX-License-Identifier: BSD-2-Clause
// What a person is told: failures as one line of printable ASCII, whatever the server sent.
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "printable.h"

void line_copy(char *to, size_t size, const char *text)
{
    size_t n = 0;
    bool blank = false;

    for (; *text && n + 2 < size; text++) {
        unsigned char c = (unsigned char)*text;

        if (c <= ' ' || c == 0x7f) {
            blank = n > 0;
            continue;
        }
        if (blank)
            to[n++] = ' ';
        blank = false;
        to[n++] = (char)c;
    }
    to[n] = '\0';
    printable_ascii(to);
}

int failure_set(struct failure *failure, enum net_failure kind, const char *format, ...)
{
    char text[FAILURE_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    failure->kind = kind;
    line_copy(failure->text, sizeof failure->text, text);
    return -EIO;
}
