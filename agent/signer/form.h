// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FORM_H
#define AWSTAP_FORM_H

#include "buf.h"

/*
 * Append &name=value to a form, the value percent-encoded and the name as it stands. 0 or a
 * negative errno of buf.h.
 */
int form_put(struct buf *form, const char *name, const char *value);
int form_put_number(struct buf *form, const char *name, uint32_t value);

#endif
