// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REMOTE_FILE_H
#define AWSTAP_REMOTE_FILE_H

#include "buf.h"
#include "grant.h"

/* The file `sockets` of the state folder: a line that names its format, then a SOCKET_ADD frame
 * (PROTOCOL.md) for each host. It is read as strictly as what comes from outside. */

#define REMOTE_HOSTS_MAX 16 /* sockets: more people than that have no hands for */

/* What a host becomes: 0 or a negative errno, which ends the reading. The texts are the file's. */
typedef int remote_file_host(const struct grant *grant);

/* Call host for each host in the file; none is there where there is no file. 0; -EPROTO: it is not
 * as it was written; another negative errno, that of host included. */
int remote_file_read(const char *state, remote_file_host *host);

/* The same for the bytes of such a file, which are used up. */
int remote_file_parse(struct buf *content, remote_file_host *host);

/* Put together a file: begin it, and add each host. 0 or a negative errno. */
int remote_file_begin(struct buf *content);
int remote_file_add(struct buf *content, const struct grant *grant);

/* Put content in the place of the file. 0 or a negative errno: then it is as it was. */
int remote_file_write(const char *state, const struct buf *content);

#endif
