// SPDX-License-Identifier: BSD-2-Clause
// Text that every pinentry shows as it stands.
#include "plain.h"

#include <string.h>

#include "printable.h"

static void replace(char *text, const char *what, const char *with)
{
    for (; *text; text++) {
        const char *found = strchr(what, *text);

        if (found)
            *text = with[found - what];
    }
}

static void plain(char *text, bool ascii)
{
    printable_clean(text);
    if (ascii)
        printable_ascii(text);
    replace(text, "<>&", "()+");
}

void plain_lines(char *text, bool ascii)
{
    for (;;) {
        char *end = strchrnul(text, '\n'), kept = *end;

        *end = '\0';
        plain(text, ascii);
        *end = kept;
        if (!kept)
            return;
        text = end + 1;
    }
}

void plain_label(char *text, bool ascii)
{
    plain(text, ascii);
    replace(text, "_", "-");
}
