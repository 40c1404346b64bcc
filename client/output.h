// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_OUTPUT_H
#define AWSTAP_OUTPUT_H

#include "buf.h"
#include "json.h"

/* What goes to stdout. Each returns an exit status, and has then said why on stderr. */

/* All of buf, in one write where the kernel takes it. */
int output_buf(const struct buf *buf);

/* The finished value and a newline. */
int output_json(struct json *json);

/* A text and a newline; nothing at all for an empty text. */
int output_line(const char *text);

#endif
