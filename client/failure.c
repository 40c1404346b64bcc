// SPDX-License-Identifier: BSD-2-Clause
// The line on stderr that ends a command which failed.
#include "failure.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "printable.h"

#define LINE_SIZE 1400 /* the longest text of a FAILED, and what stands before it */

static const char *about_command = "", *about_operand = NULL;

void failure_about(const char *command, const char *operand)
{
    about_command = command;
    about_operand = operand;
}

int fail(int status, const char *format, ...)
{
    bool about = *about_command, operand = about && about_operand;
    char line[LINE_SIZE];
    va_list args;
    size_t at;

    at = (size_t)snprintf(line, sizeof line, "awstap: %.32s%s%.64s%s", about_command,
                          operand ? " " : "", operand ? about_operand : "", about ? ": " : "");
    va_start(args, format);
    vsnprintf(line + at, sizeof line - at - 1, format, args);
    va_end(args);
    printable_clean(line);
    at = strlen(line);
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0)
        return status; /* nobody is left to tell */
    return status;
}
