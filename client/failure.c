// SPDX-License-Identifier: BSD-2-Clause
// The line on stderr that ends a command which failed.
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define LINE_SIZE 1400 /* the longest text of a FAILED, and what stands before it */

static const char *about_command = "", *about_operand;

void failure_about(const char *command, const char *operand)
{
    about_command = command;
    about_operand = operand;
}

int fail(int status, const char *format, ...)
{
    char line[LINE_SIZE];
    size_t at = 0;
    va_list args;

    if (*about_command)
        at = (size_t)snprintf(line, sizeof line, "awstap: %.32s%s%.64s: ", about_command,
                              about_operand ? " " : "", about_operand ? about_operand : "");
    else
        at = (size_t)snprintf(line, sizeof line, "awstap: ");
    va_start(args, format);
    vsnprintf(line + at, sizeof line - at - 1, format, args);
    va_end(args);
    text_clean(line);
    at = strlen(line);
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0)
        return status; /* nobody is left to tell */
    return status;
}
