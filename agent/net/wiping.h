// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_WIPING_H
#define AWSTAP_WIPING_H

/*
 * Start libcurl on a heap that wipes what is freed: session tokens and new keys pass through its
 * buffers. What OpenSSL keeps of a record stays out of reach until the process ends, which is soon.
 * 0 or a negative errno.
 */
int wiping_start_curl(void);

#endif
