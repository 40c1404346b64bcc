// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_REWRITE_H
#define AWSTAP_REWRITE_H

#include "ini.h"

/*
 * Put the pieces, one behind the other, in the place of a file of the person's, whole or not at
 * all: written beside it and renamed over it, with its mode, owner and access control list; through
 * a symbolic link, not over it. old is the file as it was read: one that is not so any more is left
 * alone, as is what is no regular file, and a mount point. Where old has no text and there is no
 * such file, it is made, mode 0600, and its folder. An exit status, and why on stderr.
 */
int rewrite(const char *path, struct span old, const struct span *pieces, size_t count);

#endif
