// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_QR_H
#define AWSTAP_QR_H

#include "buf.h"
#include "error.h"

/*
 * Append text (printable ASCII, a secret) to out as a QR code for a terminal that knows UTF-8 and
 * colours: two modules to a character, dark on light whatever the terminal's own colours. 0 or -1
 * with error.
 */
int qr_print(const char *text, struct buf *out, struct error *error);

#endif
