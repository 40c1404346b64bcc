// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_PLAIN_H
#define AWSTAP_PLAIN_H

#include "import.h"

/* Access keys that stand in the clear in the files of AWS tools. */

#define PLAIN_SIZE (IMPORT_PATH + 320)

/*
 * Whether a file has this access key at this moment, or may have: the one that is imported, the
 * usual credentials file, the config file. why is what is so, in words, for the first that is
 * found.
 */
bool plain_has(const struct import *import, const char *id, char why[PLAIN_SIZE]);

#endif
