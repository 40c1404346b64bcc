// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_NOTICE_H
#define AWSTAP_NOTICE_H

#include "message.h"

/*
 * The desktop notification that tells of a touch: shown after a moment, since a key that is touched
 * at once needs no words, replaced when more is asked for, and taken away when it is over. One at a
 * time, as there is one touch at a time.
 */

void notice_open(void);

/* The person is waited for in this way, by the operation `of`. */
void notice_progress(const void *of, const struct msg_progress *progress);

/* It is over. Harmless where nothing of this operation is shown. */
void notice_end(const void *of);

#endif
