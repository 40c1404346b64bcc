// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REPLY_XML_H
#define AWSTAP_REPLY_XML_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "message.h"

#define REPLY_XML_DEPTH    16
#define REPLY_XML_ELEMENTS 2048
#define REPLY_XML_PATH     512   /* bytes of one path */
#define REPLY_XML_FIELDS   49152 /* bytes of all paths and values: what one NET_REPLY holds */

/*
 * Read an XML reply of AWS's Query protocol, at most BUF_MAX bytes of UTF-8, its root element named
 * …Response. For each element without children, "path NUL text NUL" is added to fields, an empty
 * buffer of the caller's; the path leaves out the root and all namespace prefixes, as `Error/Code`;
 * members of a list repeat their path, and QRCodePNG, a picture, is left out. Every copy that is
 * made lies in the arena. 0; -EBADMSG: not well-formed, a DOCTYPE (and so no entity of its own),
 * another root; -EMSGSIZE: beyond one of the limits above; -ENOMEM.
 */
int reply_xml_parse(const uint8_t *xml, size_t len, struct buf *fields);

#endif
