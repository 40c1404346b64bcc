// SPDX-License-Identifier: BSD-2-Clause
// The one error of the signer: an exit status and the line that a person reads.

#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "printable.h"

int error_set(struct error *error, uint32_t exit_status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    if (length < 0)
        error->text[0] = '\0';
    printable_clean(error->text);
    error->status = exit_status;
    return -1;
}
