// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_HARDEN_H
#define AWSTAP_HARDEN_H

/*
 * No core dump, and no reading of this process's memory by other programs of the same user: only
 * what exec resets (PR_SET_DUMPABLE). For awstap itself, which may become another program. 0 or a
 * negative errno.
 */
int harden_until_exec(void);

/*
 * What every program that can hold a secret does first: no core dump, no reading of its memory by
 * other programs of the same user (PR_SET_DUMPABLE, which exec resets), no new privileges. 0 or a
 * negative errno.
 */
int harden_process(void);

/*
 * The same for a helper, which also ends with SIGTERM when its starter dies, and whose stdin and
 * stdout are not its conversation. 0 or a negative errno.
 */
int harden_helper(void);

#endif
