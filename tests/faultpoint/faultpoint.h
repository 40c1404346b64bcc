// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_FAULTPOINT_H
#define AWSTAP_FAULTPOINT_H

/*
 * Fault points: the moments at which a program of the test build can be stopped, or its system call
 * be made to fail; see README.md. They are seams of the linker (--wrap): the programs know nothing
 * of them, and the installed ones have none.
 */

/*
 * The process is at a fault point: note it in the file `faultpoints`, and do what the file
 * `faultplan` says of it. name is what the point is about, for the reader. The errno that the call
 * is to fail with, or 0: it is to go on. Without those files beside the binary: 0 at once.
 */
int faultpoint(const char *kind, const char *name);

#endif
