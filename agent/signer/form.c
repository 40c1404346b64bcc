// SPDX-License-Identifier: BSD-2-Clause
// Forms: the bodies of AWS's Query requests.
#include "form.h"

#include <string.h>

#include "ascii.h"

static int put_value(struct buf *form, const char *value)
{
    int r = 0;

    for (; *value && r == 0; value++)
        r = strchr(ASCII_WORD "-._~", *value) ? buf_put_u8(form, (uint8_t)*value)
                                              : buf_printf(form, "%%%02X", (unsigned char)*value);
    return r;
}

int form_put(struct buf *form, const char *name, const char *value)
{
    int r = buf_printf(form, "&%s=", name);

    return r < 0 ? r : put_value(form, value);
}

int form_put_number(struct buf *form, const char *name, uint32_t value)
{
    return buf_printf(form, "&%s=%u", name, value);
}
