// SPDX-License-Identifier: BSD-2-Clause
// The way to the FIDO devices of this machine. A program links one of two of these: the real one,
// or the software key of the tests.
#ifndef AWSTAP_FIDO_DEVICE_H
#define AWSTAP_FIDO_DEVICE_H

#include <fido.h>
#include <stddef.h>

#define DEVICE_MAX 16 /* devices looked at in one listing */

/*
 * Every FIDO device plugged in, into list (made by fido_dev_info_new(DEVICE_MAX), owned by the
 * caller); *found tells how many entries were filled. FIDO_OK, also for none, or a FIDO_ERR_:
 * UNAUTHORIZED_PERM where some are plugged in and we may use none of them.
 */
int device_manifest(fido_dev_info_t *list, size_t *found);

/*
 * Open the device at path: a path of device_manifest, or one that a person named. timeout_ms as for
 * fido_dev_set_timeout (-1 waits forever) and covers the opening too. *dev is owned by the caller
 * (fido_dev_close, fido_dev_free) and set on success only. FIDO_OK or a FIDO_ERR_.
 */
int device_open(const char *path, int timeout_ms, fido_dev_t **dev);

/*
 * Files and folders that the functions above need after the process has narrowed itself: a
 * NULL-terminated list of absolute paths, each for reading and writing, in folders for making,
 * renaming and removing files too. A path may not exist. Static memory, never NULL.
 */
const char *const *device_paths(void);

#endif
