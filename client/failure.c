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
static char *kept; /* where texts go instead, and its size; or NULL */
static size_t kept_size;

void failure_about(const char *command, const char *operand)
{
    about_command = command;
    about_operand = operand;
}

void failure_keep(char *text, size_t size)
{
    kept = text;
    kept_size = size;
}

/* The beginning of the line. */
static size_t put_about(char line[LINE_SIZE])
{
    bool about = *about_command, operand = about && about_operand;

    return (size_t)snprintf(line, LINE_SIZE, "awstap: %.32s%s%.64s%s", about_command,
                            operand ? " " : "", operand ? about_operand : "", about ? ": " : "");
}

int fail(int status, const char *format, ...)
{
    char line[LINE_SIZE];
    size_t at = kept ? 0 : put_about(line);
    va_list args;

    va_start(args, format);
    vsnprintf(line + at, sizeof line - at - 1, format, args);
    va_end(args);
    printable_clean(line);
    if (kept) {
        snprintf(kept, kept_size, "%s", line);
        return status;
    }
    at = strlen(line);
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0)
        return status; /* nobody is left to tell */
    return status;
}
