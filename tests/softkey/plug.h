// SPDX-License-Identifier: BSD-2-Clause
// A key in a socket: HID reports of one host in and out. What every front end (libfido2's I/O
// functions, a pseudo-terminal, a kernel HID device) is built on. int results: 0 or a negative
// errno.
#ifndef SOFTKEY_PLUG_H
#define SOFTKEY_PLUG_H

#include "ctaphid.h"

struct plug;

/* Plug into the key called name in folder. -ENODEV: there is none. *plug on success only. */
int plug_open(const char *folder, const char *name, struct plug **plug);

/* Unplug; a command that waits ends without a reply. */
void plug_close(struct plug *plug);

/* Give the key a report. -EIO: unplugged. May be called while another thread is in plug_read. */
int plug_write(struct plug *plug, const uint8_t report[REPORT_SIZE]);

/*
 * Take a report of the key, and let the key go on with what it is doing. -ETIMEDOUT after
 * timeout_ms (-1: never; 0: at once), -EIO as soon as it is unplugged.
 */
int plug_read(struct plug *plug, uint8_t report[REPORT_SIZE], int timeout_ms);

#endif
