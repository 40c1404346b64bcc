// SPDX-License-Identifier: BSD-2-Clause
#ifndef AWSTAP_HELPER_H
#define AWSTAP_HELPER_H

#include <stdint.h>

#include "message.h"

/* The agent's side of its starter: helpers are asked for and come later, in the order asked. */

/* Who asked. It must stay until called, or be withdrawn. */
struct helper_request {
    /* It runs: its conversation and its pidfd, both the callee's to close. Or both are -1, and
     * error is for a person. */
    void (*started)(struct helper_request *request, int conversation, int pidfd, const char *error);
};

/* Who wants to know who is at the other end of a connection. It must stay until told, or be
 * withdrawn. */
struct helper_question {
    void (*told)(struct helper_question *question, const char *who);
};

/* Talk to the starter at this descriptor; dead is called when it has died: nothing can be started
 * any more. */
int helper_open(int fd, void (*dead)(void));
void helper_close(void);

/* Start a program. request->started() is called in a later round, or at once when nothing can be
 * started. */
void helper_start(enum program program, struct helper_request *request);

/* Ask who the process is, whose pidfd (taken over) this is. question->told() is called in a later
 * round, with "" where the system does not tell. */
void helper_who(uint32_t pid, int pidfd, struct helper_question *question);
void helper_forget(const struct helper_question *question);

/* Forget every request of this one; what starts for it nonetheless is ended. */
void helper_withdraw(const struct helper_request *request);

/* End the process behind the pidfd, taken over: SIGTERM, and SIGKILL for one that does not heed it.
 */
void helper_end(int pidfd);

/* Call ended once nothing runs any more that was told to end: also at once. One call awaited at a
 * time. */
void helper_when_ended(void (*ended)(void));

#endif
