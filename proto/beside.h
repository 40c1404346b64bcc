// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_BESIDE_H
#define AWSTAP_BESIDE_H

#include <stddef.h>

#define BESIDE_MAX 2048

/*
 * The path of the file called name in the folder of the running binary (/proc/self/exe, never the
 * environment). 0, or a negative errno; -ENAMETOOLONG when path, of size bytes, is too small. After
 * an upgrade the link no longer leads to a file: call this once, early.
 */
int beside_path(const char *name, char *path, size_t size);

#endif
