// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_USAGE_H
#define AWSTAP_USAGE_H

#include <stdint.h>

#include "session.h"

/*
 * A cached session was handed to this process, whose pidfd (taken over; -1: unknown) is given: the
 * log gets a line the first time that the same program, in the same folder, is handed it, and not
 * for each of its thousand calls.
 */
void usage_note(const struct session *session, uint32_t pid, int pidfd);

#endif
